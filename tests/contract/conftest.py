"""A simulator that runs, as any client finds it: on a free port, with a receiver for its callbacks."""

import asyncio
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
import requests

from gateway.simulator import Options, Simulator

JSON_API = "application/vnd.api+json"


@pytest.fixture
def received() -> list[tuple[dict[str, str], bytes]]:
    """The callbacks that came: headers with names in lower case, and body."""
    return []


@pytest.fixture
def receiver(received: list[tuple[dict[str, str], bytes]]) -> Iterator[str]:
    """The URL of a server that takes callbacks, and answers 200 and "thanks"; 500 to a path that ends in /broken."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            headers = {name.lower(): value for name, value in self.headers.items()}
            received.append((headers, self.rfile.read(int(headers["content-length"]))))
            self.send_response(500 if self.path.endswith("/broken") else 200)
            self.end_headers()
            self.wfile.write(b"thanks")

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name is http.server's
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/callbacks/demo"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture(scope="session")
def loop() -> Iterator[asyncio.AbstractEventLoop]:
    """A loop in a thread of its own; what still runs in it at the end is waited for."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    yield loop

    async def rest() -> None:
        await asyncio.gather(*(asyncio.all_tasks() - {asyncio.current_task()}))

    asyncio.run_coroutine_threadsafe(rest(), loop).result(timeout=30)
    loop.call_soon_threadsafe(loop.stop)
    thread.join()
    loop.close()


@pytest.fixture
def simulate(loop: asyncio.AbstractEventLoop) -> Iterator[Callable[..., Simulator]]:
    """Starts simulators, each call one with the options given; their stop, at the test's end, holds nobody up."""
    running: list[Simulator] = []

    def start(**options: Any) -> Simulator:
        simulator = Simulator(Options(**options))
        asyncio.run_coroutine_threadsafe(simulator.start(), loop).result(timeout=10)
        running.append(simulator)
        return simulator

    yield start
    for simulator in running:
        asyncio.run_coroutine_threadsafe(simulator.stop(), loop)


@pytest.fixture
def cention(simulate: Callable[..., Simulator], receiver: str) -> Simulator:
    """A simulator with its defaults, whose callbacks go to the receiver."""
    return simulate(callback=receiver)


class Party:
    """A simulator, and what its client and its agent do."""

    def __init__(self, simulator: Simulator) -> None:
        self.simulator = simulator

    def sim(self, path: str, body: Any = None, *, method: str = "", status: int = 200) -> Any:
        """Ask the simulator's own side: GET, or POST what is given."""
        asked = requests.request(
            method or ("GET" if body is None else "POST"), f"{self.simulator.origin}/_sim/{path}", json=body, timeout=30
        )
        assert asked.status_code == status, asked.text
        return asked.json()

    def api(self, kind: str, document: Any = None, *, token: str = "", workspace: str = "") -> requests.Response:
        """Call the API with the token that fits: POST a document, or GET."""
        own = self.simulator.attachment_token if document is None else self.simulator.create_token
        headers = {"Authorization": f"Bearer {token or own}", "Content-Type": JSON_API}
        base = f"{self.simulator.origin}/s/{workspace}" if workspace else self.simulator.url
        address = f"{base}/capi/json/{kind}"
        return requests.request("POST" if document else "GET", address, json=document, headers=headers, timeout=30)

    def create(self, *, attributes: Any = None, token: str = "", workspace: str = "", **message: Any) -> str:
        """Create an errand from a small message with these fields, and return its id."""
        said = {"message_id": "<1@example.com>", "from": "ann@example.com", "subject": "Help"} | message
        document = {"data": {"type": "c3_new_errands", "attributes": {"msg": said} | (attributes or {})}}
        response = self.api("c3_new_errands", document, token=token, workspace=workspace)
        assert response.status_code == 201, response.text
        return str(response.json()["data"]["id"])

    def answer(self, errand: str, query: str = "", *, status: int = 200, **written: Any) -> Any:
        """Answer an errand as an agent."""
        return self.sim(f"errands/{errand}/answer{query}", written, status=status)

    def deliveries(self, errand: str) -> list[list[dict[str, Any]]]:
        """Each callback's deliveries."""
        return [callback["deliveries"] for callback in self.sim(f"errands/{errand}")["callbacks"]]


@pytest.fixture
def party(simulate: Callable[..., Simulator], receiver: str) -> Callable[..., Party]:
    """Starts a simulator with these options, whose callbacks go to the receiver, for a Party."""
    return lambda **options: Party(simulate(**{"callback": receiver} | options))


@pytest.fixture
def post(cention: Simulator) -> Callable[..., requests.Response]:
    """POSTs a document to a resource type, as a client with the create token does; `headers` go over its own."""

    def send(kind: str, document: Any, **headers: str) -> requests.Response:
        own = {"Authorization": f"Bearer {cention.create_token}", "Content-Type": JSON_API}
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        body = {"data": document} if isinstance(document, bytes) else {"json": document}
        return requests.post(f"{cention.url}/capi/json/{kind}", headers=own | named, timeout=30, **body)

    return send


@pytest.fixture
def create(post: Callable[..., requests.Response]) -> Callable[..., str]:
    """Creates an errand from a small message, with the fields given, and returns its id."""

    def send(**fields: Any) -> str:
        message = {"message_id": "<1@example.com>", "name": "Ann Lee", "from": "ann@example.com", "subject": "Help"}
        document = {"type": "c3_new_errands", "attributes": {"msg": message | {"body": "It broke."} | fields}}
        response = post("c3_new_errands", {"data": document})
        assert response.status_code == 201, response.text
        return str(response.json()["data"]["id"])

    return send
