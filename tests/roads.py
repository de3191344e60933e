"""Both roads in one process: the gateway's own parts, the simulator, and a smarthost that answers as it is told."""

import asyncio
import contextlib
import email
import io
import json
import smtplib
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from typing import Any, Self, cast

import uvloop
from aiosmtpd.smtp import SMTP, Envelope, Session

from gateway import operate
from gateway.app import Gateway
from gateway.cli.telling import tell
from gateway.config.settings import Settings
from gateway.plan import plan
from gateway.simulator import Options, Simulator
from gateway.spool import query
from gateway.spool.spool import Spool
from gateway.status.steps import ways

SECRET = "callback-secret"  # the tests' own


class Smarthost:
    """Takes mails; `replies` maps a recipient to the reply that RCPT gets, until it is taken out.

    `kept` is the reply at the end of a mail, "" for a cut line; `senders` are the envelopes'.
    """

    def __init__(self) -> None:
        self.mails: list[tuple[list[str], bytes]] = []
        self.senders: list[str] = []
        self.replies: dict[str, str] = {}
        self.kept = "250 2.0.0 kept"

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's name
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        reply = self.replies.get(address, "250 2.1.5 ok")
        if reply.startswith("250"):
            envelope.rcpt_tos.append(address)
        return reply

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802 - the same
        self.mails.append((envelope.rcpt_tos, cast("bytes", envelope.original_content)))
        self.senders.append(envelope.mail_from or "")
        if not self.kept:
            cast("Any", _server).transport.abort()
        return self.kept

    def parsed(self, number: int = -1) -> EmailMessage:
        return email.message_from_bytes(self.mails[number][1], policy=default)


class Road:
    """Everything, running in a thread with the program's own loop."""

    def __init__(self, folder: Path, **sections: Any) -> None:
        self.folder = folder
        self.loop = uvloop.new_event_loop()
        self._thread = threading.Thread(target=self.loop.run_forever)
        self._thread.start()
        self.smarthost = Smarthost()
        self.simulator = Simulator(Options(callback_secret=SECRET, **sections.pop("simulator", {})))
        self.run(self.simulator.start())
        self._sink: Any = self.run(self._listen())
        for name, value in (
            ("create", self.simulator.create_token),
            ("get", self.simulator.attachment_token),
            ("secret", SECRET),
        ):
            (folder / name).write_text(value)
        self.sections = sections
        self.gateway = self.run(self._started())
        self.simulator.callback = f"http://{self.gateway.http}/callbacks/demo"

    async def _listen(self) -> asyncio.AbstractServer:
        return await self.loop.create_server(lambda: SMTP(self.smarthost, loop=self.loop), "127.0.0.1", 0)

    async def _started(self) -> Gateway:
        gateway = Gateway(plan(self.settings(), "test"))
        await gateway.start()
        return gateway

    def settings(self) -> Settings:
        port = self._sink.sockets[0].getsockname()[1]
        sections: dict[str, Any] = {
            "gateway": {
                "hostname": "gw.example.com",
                "spool": f"sqlite:///{self.folder / 'spool.db'}",
                "stop_timeout": "5 s",
            },
            "smtp": {"listen": ["127.0.0.1:0"], "processes": 0},
            "http": {"listen": "127.0.0.1:0"},
            "cention": {
                "demo": {
                    "url": self.simulator.url,
                    "attachment_token": f"file:{self.folder / 'get'}",
                    "callback_secrets": [f"file:{self.folder / 'secret'}"],
                    "timeout": "2 s",
                }
            },
            "route": [
                {
                    "name": name,
                    "recipients": [f"{name}@example.com"],
                    "workspace": "demo",
                    "token": f"file:{self.folder / 'create'}",
                    "reply_from": f"{name.title()} <{name}@example.com>",
                }
                for name in ("support", "sales")
            ],
            "outgoing": {"smarthosts": [f"smtp://127.0.0.1:{port}"], "timeout": "5 s"},
            "worker": {"retry_min": "100 ms", "retry_max": "200 ms", "probe": "30 s", "readers": 1, "threads": 4},
        }
        for name, values in self.sections.items():
            if name == "rules":  # for every mail, and by route
                sections["rule"] = values.get("every", [])
                for route in sections["route"]:
                    route["rule"] = values.get(route["name"], [])
                continue
            if name == "routes":  # by route
                for route in sections["route"]:
                    route.update(values.get(route["name"], {}))
                continue
            if isinstance(values, list):
                sections[name] = values
                continue
            target = sections["cention"]["demo"] if name == "workspace" else sections.setdefault(name, {})
            target |= values
        return Settings.model_validate(sections)

    def run(self, work: Any) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(timeout=30)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.run(self.gateway.stop())
        self._sink.close()
        self.run(self.simulator.stop())
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join()
        self.loop.close()

    def reload(self) -> list[str]:
        """Put the settings, as `sections` change them now, in force; return what needs a restart."""
        needs: list[str] = self.run(self._reload())
        return needs

    async def _reload(self) -> list[str]:
        needs: list[str] = self.gateway.reload(plan(self.settings(), "test"))
        return needs

    # -- what a test does

    def sends(self, mail: bytes | str, *recipients: str) -> str:
        """Send a mail and return its id."""
        raw = mail if isinstance(mail, bytes) else mail.replace("\n", "\r\n").encode()
        listen = self.gateway.smtp[0]
        with smtplib.SMTP(listen.host, listen.port, timeout=10) as client:
            client.ehlo("client.example")
            client.mail("asa@client.example")
            for recipient in recipients or ("support@example.com",):
                client.rcpt(recipient)
            code, text = client.data(raw)
        if code != 250:
            raise smtplib.SMTPDataError(code, text)
        return text.decode().split()[-1]

    def job(self, name: str) -> dict[str, Any]:
        """The first job of a mail or callback."""
        jobs: list[dict[str, Any]] = self.gateway.spool.read(lambda connection: query.jobs_of(connection, name))
        return jobs[0]

    def steps(self, name: str) -> list[str]:
        trace = self.gateway.spool.read(lambda connection: query.trace(connection, name))
        assert trace is not None
        return [event["step"] for event in trace["events"]]

    def reaches(self, name: str, state: str, seconds: float = 15) -> dict[str, Any]:
        """Wait until the job of a mail or callback is in a state."""

        def there() -> dict[str, Any] | None:
            job = self.job(name)
            return job if job["state"] == state else None

        found: dict[str, Any] = until(there, f"{name} to be {state}", seconds, lambda: self.job(name))
        return found

    def get(self, path: str) -> Any:
        with urllib.request.urlopen(f"{self.simulator.origin}{path}", timeout=10) as answer:
            return json.load(answer)

    def put(self, path: str, document: Any, method: str = "PUT") -> Any:
        request = urllib.request.Request(
            f"{self.simulator.origin}{path}",
            json.dumps(document).encode(),
            {"Content-Type": "application/json"},
            method=method,
        )
        with urllib.request.urlopen(request, timeout=10) as answer:
            return json.loads(answer.read() or b"null")

    def faults(self, *faults: dict[str, Any]) -> None:
        self.put("/_sim/faults", list(faults))

    def create(self, document: dict[str, Any]) -> str:
        """Create an errand beside the gateway, and return its id."""
        headers = {"Content-Type": "application/vnd.api+json", "Authorization": f"Bearer {self.simulator.create_token}"}
        url = f"{self.simulator.url}/capi/json/c3_new_errands"
        request = urllib.request.Request(url, json.dumps(document).encode(), headers)
        with urllib.request.urlopen(request, timeout=10) as answer:
            return cast("str", json.load(answer)["data"]["id"])

    def errands(self) -> list[dict[str, Any]]:
        return cast("list[dict[str, Any]]", self.get("/_sim/errands"))

    def answers(self, errand: str, **answer: Any) -> str:
        """Answer an errand as an agent does, and return the callback's id."""
        said = self.put(f"/_sim/errands/{errand}/answer", {"text": "hello", "html": "<p>hello</p>"} | answer, "POST")
        assert said["callback"]["status"] == 200, said
        return cast("str", json.loads(said["callback"]["body"])["meta"]["id"])

    def post(self, body: bytes, path: str = "/callbacks/demo", method: str = "POST", **headers: str) -> tuple[int, Any]:
        """Call the gateway's HTTP side."""
        sent = {"Content-Type": "application/vnd.api+json"} | {
            name.replace("_", "-"): value for name, value in headers.items()
        }
        request = urllib.request.Request(f"http://{self.gateway.http}{path}", body or None, sent, method=method)
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:
                return answer.status, answer.read()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read()


def until(check: Callable[[], Any], what: str, seconds: float = 15, shown: Callable[[], Any] = lambda: "") -> Any:
    """Wait until something is so."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if found := check():
            return found
        time.sleep(0.02)
    raise AssertionError(f"waited {seconds} s for {what}; it is {shown()}")


@contextmanager
def road(folder: Path, **sections: Any) -> Iterator[Road]:
    with Road(folder, **sections) as running:
        yield running


def trace_of(spool: Spool, name: str) -> str:
    """What `cention-gateway trace` prints of a mail or an answer."""
    with contextlib.redirect_stdout(io.StringIO()) as printed:
        tell(ways(operate.traces(spool, name)))
    return printed.getvalue()
