"""A black-box SMTP client that reads like a conversation, and the receiving half of the gateway to talk to."""

import asyncio
import socket
import ssl
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import uvloop

from gateway.config.listening import SmtpSection
from gateway.config.lmtp import LmtpSection
from gateway.route.recipient import Recipients
from gateway.sources.admission import Admission
from gateway.sources.conversation import Context
from gateway.sources.listener import Listener, tls_context
from gateway.sources.openings import Openings
from gateway.spool.spool import Spool

HOSTNAME = "gw.example.com"
ROUTES = [("support", ["support@example.com", "*@sub.example.com"]), ("sales", ["sales@example.com"])]


class Talk:
    """A connection: `says` sends a line, `hears` reads a reply and checks its beginning. A `Path` is a Unix socket."""

    hello = "EHLO"

    def __init__(self, place: int | Path, *, greeted: bool = True) -> None:
        self.socket = _connected(place)
        self._lines = self.socket.makefile("rb")
        if greeted:
            self.hears("220 ")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self._lines.close()
        self.socket.close()

    def says(self, text: str | bytes) -> Self:
        self.socket.sendall(text if isinstance(text, bytes) else text.encode() + b"\r\n")
        return self

    def reply(self) -> str:
        """Read a whole reply; "" where the other side has closed."""
        text = ""
        while True:
            line = self._lines.readline().decode()
            text += line
            if line[3:4] != "-":
                return text

    def hears(self, start: str) -> str:
        reply = self.reply()
        assert reply.startswith(start), f"expected {start!r}, heard {reply!r}"
        return reply

    def closed(self) -> bool:
        """Whether the other side has closed; waits for it."""
        try:
            return self._lines.read(1) == b""
        except ConnectionResetError:
            return True

    def greets(self) -> Self:
        self.says(f"{self.hello} client.example").hears("250-")
        return self

    def begins(self, *recipients: str, sender: str = "asa@client.example") -> Self:
        """Get as far as the 354 that asks for data."""
        self.says(f"MAIL FROM:<{sender}>").hears("250 2.1.0")
        for recipient in recipients or ("support@example.com",):
            self.says(f"RCPT TO:<{recipient}>").hears("250 2.1.5")
        self.says("DATA").hears("354 ")
        return self

    def secures(self) -> Self:
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        self._lines.close()
        self.socket = context.wrap_socket(self.socket)
        self._lines = self.socket.makefile("rb")
        return self


class LmtpTalk(Talk):
    """A connection that speaks LMTP."""

    hello = "LHLO"


def _connected(place: int | Path) -> socket.socket:
    if isinstance(place, int):
        return socket.create_connection(("127.0.0.1", place), timeout=10)
    connection = socket.socket(socket.AF_UNIX)
    connection.settimeout(10)
    connection.connect(str(place))
    return connection


class Receiver:
    """The receiving half of the gateway, in a thread of its own with the program's own event loop."""

    def __init__(self, folder: Path, store: Any = None, lmtp: Sequence[str] = (), **settings: Any) -> None:
        self.spool = Spool(f"sqlite:///{folder / 'spool.db'}")
        usual: dict[str, Any] = {"listen": ["127.0.0.1:0"], "processes": 0}
        section = SmtpSection(**(usual | settings))
        admission = Admission(section.max_connections, section.max_connections_per_address)
        route_of = Recipients.of(ROUTES).match
        self._listener = Listener(
            Context(HOSTNAME, section, store or self.spool, route_of, admission, tls_context(section))
        )
        self._loop = uvloop.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever)
        self._thread.start()
        self._openings = Openings(section, LmtpSection.model_validate({"listen": list(lmtp)}), {})
        self.run(self._listener.start(self._openings.rows[0]))
        (row,) = self._openings.rows
        self.port = row.smtp[0].getsockname()[1]
        self.lmtp_ports = [one.getsockname()[1] for one in row.lmtp if one.family == socket.AF_INET]

    def run(self, work: Any) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(timeout=20)

    def stop(self) -> None:
        """End as the program does on SIGTERM."""
        self._openings.close()
        self.run(self._listener.stop())

    def close(self) -> None:
        self.stop()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()
        self.spool.close()


@contextmanager
def receiving(folder: Path, **settings: Any) -> Iterator[Receiver]:
    receiver = Receiver(folder, **settings)
    try:
        yield receiver
    finally:
        receiver.close()
