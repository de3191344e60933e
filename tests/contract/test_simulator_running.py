"""The simulator as a thing that runs: its options, its record of calls, its start and its stop."""

import asyncio
import signal
import socket
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest
import requests

from gateway.simulator import Options, Simulator, calls

Simulate = Callable[..., Simulator]


def recorded(cention: Simulator) -> list[dict[str, Any]]:
    return list(requests.get(f"{cention.origin}/_sim/calls", timeout=30).json())


def until_called(cention: Simulator) -> None:
    while not recorded(cention):
        time.sleep(0.01)


def test_calls_are_listed_as_they_were_made(cention: Simulator, create: Callable[..., str]) -> None:
    began = time.time()
    errand_id = create()
    requests.get(f"{cention.origin}/ng/api/json/c3_areaarchive/12?a=%20b", timeout=30)
    first, second = recorded(cention)
    assert began <= first.pop("at") <= second.pop("at") <= time.time()
    headers = first.pop("headers")
    assert headers["authorization"] == f"Bearer {cention.create_token}"
    assert int(headers["content-length"]) == first.pop("size")
    path = "/s/demo/capi/json/c3_new_errands"
    assert first == {"method": "POST", "path": path, "status": 201, "target": "create", "errand_id": errand_id}
    assert second.pop("headers")["host"] == cention.origin.removeprefix("http://")
    path = "/ng/api/json/c3_areaarchive/12?a=%20b"
    assert second == {"method": "GET", "path": path, "status": 404, "size": 0, "target": ""}


def test_calls_can_be_forgotten(cention: Simulator, create: Callable[..., str]) -> None:
    create()
    assert requests.delete(f"{cention.origin}/_sim/calls", timeout=30).json() == []
    assert recorded(cention) == []
    create()
    assert len(recorded(cention)) == 1


def test_only_the_last_ten_thousand_calls_are_kept() -> None:
    kept = calls.Calls()
    for number in range(10_001):
        kept.append(calls.Call("GET", f"/{number}", {}, ""))
    assert (len(kept), kept[0].path) == (10_000, "/1")


def test_a_client_that_leaves_in_the_middle_of_its_request_is_on_record(cention: Simulator) -> None:
    host, port = cention.origin.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port))) as client:
        client.sendall(b"POST /s/demo/capi/json/c3_new_errands HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n12345")
        until_called(cention)
    [call] = recorded(cention)
    assert (call["status"], call["target"]) == (None, "create")


def test_tokens_and_workspace_given_are_taken_as_they_are(simulate: Simulate) -> None:
    cention = simulate(workspace="min.yta", create_token="ja tack", attachment_token="x", callback_secret="")
    assert (cention.create_token, cention.attachment_token, cention.callback_secret) == ("ja tack", "x", "")
    assert cention.url == f"{cention.origin}/s/min.yta"
    headers = {"Authorization": "Bearer ja tack", "Content-Type": "application/vnd.api+json"}
    assert requests.post(f"{cention.url}/capi/json/c3_new_errands", headers=headers, timeout=30).status_code == 400


def test_it_tells_what_one_needs_to_use_it(simulate: Simulate) -> None:
    cention = simulate(callback="http://127.0.0.1:9/callbacks/demo")
    said = " ".join(value for _, value in cention.describe())
    for needed in (cention.url, cention.create_token, cention.attachment_token, cention.callback_secret):
        assert needed in said
    assert f"{cention.origin}/_sim/errands" in said
    assert cention.callback in said


def test_its_front_page_names_the_addresses(cention: Simulator) -> None:
    page = requests.get(cention.origin, timeout=30)
    assert page.headers["Content-Type"] == "text/html; charset=utf-8"
    assert "/_sim/faults" in page.text


@pytest.mark.parametrize(
    ("listen", "host"),
    [("127.0.0.1:0", "127.0.0.1"), ("localhost:0", "127.0.0.1"), ("0.0.0.0:0", "127.0.0.1"), ("[::1]:0", "[::1]")],
)
def test_it_listens_where_it_is_told(simulate: Simulate, listen: str, host: str) -> None:
    cention = simulate(listen=listen)
    assert cention.origin.startswith(f"http://{host}:")
    assert requests.get(cention.origin, timeout=30).status_code == 200


@pytest.mark.parametrize(
    "wrong",
    [
        {"listen": "8080"},
        {"listen": "127.0.0.1:70000"},
        {"listen": "127.0.0.1"},
        {"listen": "::1:80"},
        {"workspace": ""},
        {"workspace": "a/b"},
        {"callback": "ftp://example.com/"},
        {"callback": "example.com"},
        {"callback": "http:///callbacks"},
        {"callback": "http://example.com:x/"},
        {"links": "none"},
    ],
)
def test_options_that_cannot_be_used_are_refused_by_name(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=next(iter(wrong))):
        Options(**wrong)


def test_options_do_not_show_their_secrets() -> None:
    shown = repr(Options(create_token="abc123", attachment_token="def456", callback_secret="ghi789"))
    assert not any(secret in shown for secret in ("abc123", "def456", "ghi789"))


# Without TCP_NODELAY each answer on a connection that is used again takes 40 ms.
def test_answers_do_not_wait_for_acknowledgements(cention: Simulator) -> None:
    with requests.Session() as client:
        client.get(cention.origin, timeout=30)
        began = time.monotonic()
        for _ in range(50):
            client.get(f"{cention.origin}/_sim/faults", timeout=30)
    assert time.monotonic() - began < 1


# As the demo does: in a loop that somebody else runs, whose signals stay with their owner.
def test_in_anothers_loop_it_leaves_signals_alone_and_stops_clean() -> None:
    async def live() -> None:
        before = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
        simulator = Simulator(Options())
        await simulator.stop()
        await simulator.start()
        assert [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)] == before
        response = await asyncio.to_thread(requests.get, simulator.origin, timeout=30)
        assert response.status_code == 200
        await simulator.stop()
        with pytest.raises(requests.ConnectionError):
            await asyncio.to_thread(requests.get, simulator.origin, timeout=30)
        assert asyncio.all_tasks() == {asyncio.current_task()}

    asyncio.run(live())


def test_an_address_that_is_taken_is_an_oserror() -> None:
    async def live() -> None:
        with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(OSError, match="in use"):
            await Simulator(Options(listen=f"127.0.0.1:{taken.getsockname()[1]}")).start()

    asyncio.run(live())


def test_a_stop_does_not_wait_for_what_is_delayed() -> None:
    async def live() -> float:
        simulator = Simulator(Options())
        await simulator.start()
        await asyncio.to_thread(requests.put, f"{simulator.origin}/_sim/faults", json={"delay": 60}, timeout=30)
        url = f"{simulator.url}/capi/json/c3_new_errands"
        waiting = asyncio.create_task(asyncio.to_thread(requests.post, url, timeout=30))
        await asyncio.to_thread(until_called, simulator)
        began = time.monotonic()
        await simulator.stop()
        took = time.monotonic() - began
        assert (await waiting).status_code == 401
        return took

    assert asyncio.run(live()) < 3


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_as_a_process_it_runs_until_it_is_told_to_end(number: signal.Signals) -> None:
    async def live() -> None:
        simulator = Simulator(Options())
        await simulator.start()
        main = threading.main_thread().ident
        assert main is not None
        asyncio.get_running_loop().call_later(0.2, signal.pthread_kill, main, number)
        await asyncio.wait_for(simulator.serve_forever(), timeout=10)
        with pytest.raises(requests.ConnectionError):
            await asyncio.to_thread(requests.get, simulator.origin, timeout=30)

    asyncio.run(live())
