"""A smarthost that answers as a test tells it to: any code at any step, cut or silent at any step, on a real socket.

`replies` maps the beginning of a command (longest first) to what is answered; "greeting", "content" and "end" are the
steps without a command ("content": what happens instead of reading the mail). A reply is its lines, or CUT (the
connection is closed), or SILENT (nothing comes), or GARBAGE, or DRIP (a reply that never ends). They may be changed
while it serves.
"""

import socket
import ssl
import threading
from collections import ChainMap
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field, replace
from typing import Any

from gateway.outgoing.smarthost import Delivery, Keeping, Manner, Timeouts, Transport
from gateway.outgoing.smarthost import Smarthost as Host

CUT, SILENT, GARBAGE, DRIP = "<cut>", "<silent>", "<garbage>", "<drip>"
STEPS = ("greeting", "content", "end")
PLEASANT = {
    "greeting": "220 smarthost.example ESMTP",
    "EHLO": "250-smarthost.example\n250-SIZE 50000000\n250-8BITMIME\n250-SMTPUTF8\n250 AUTH PLAIN LOGIN CRAM-MD5",
    "HELO": "250 smarthost.example",
    "STARTTLS": "220 2.0.0 Go ahead",
    "AUTH": "235 2.7.0 Welcome",
    "MAIL": "250 2.1.0 Ok",
    "RCPT": "250 2.1.5 Ok",
    "DATA": "354 End data with <CR><LF>.<CR><LF>",
    "end": "250 2.0.0 Ok: queued as ABC123",
    "QUIT": "221 2.0.0 Bye",
}


@contextmanager
def transport(*hosts: Host, seconds: float = 1.0, **manner: Any) -> Iterator[Transport]:
    """The way out by these smarthosts, with one wait for all; `manner` are further fields of a Manner."""
    ordered = [replace(host, priority=host.priority or number) for number, host in enumerate(hosts, 1)]
    with closing(Transport(ordered, Manner("gw.example.com", **{"timeouts": Timeouts.of(seconds)} | manner))) as made:
        yield made


def deliver(
    hosts: Sequence[Host], sender: str, recipients: Sequence[str], message: bytes, *, seconds: float = 1.0
) -> Delivery:
    """Hand one mail over, on a connection of its own."""
    with transport(*hosts, seconds=seconds, keeping=Keeping(mails=1)) as way:
        return way.deliver(sender, recipients, message)


@dataclass(slots=True)
class Smarthost:
    """What the server heard: the commands in their order, and each mail that was ended, dots undone."""

    port: int
    commands: list[str] = field(default_factory=list)
    mails: list[bytes] = field(default_factory=list)
    connections: int = 0

    def said(self, verb: str) -> list[str]:
        return [command for command in self.commands if command.upper().startswith(verb)]


@contextmanager
def smarthost(
    replies: dict[str, str] | None = None, *, tls: ssl.SSLContext | None = None, tls_first: bool = False
) -> Iterator[Smarthost]:
    """Serve on a free port of the loopback until the test is over."""
    script = ChainMap({} if replies is None else replies, PLEASANT)
    stop = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(0.05)
        heard = Smarthost(listener.getsockname()[1])

        def converse(connection: socket.socket) -> None:
            _converse(connection, script, heard, stop, tls, tls_first=tls_first)

        def serve() -> None:
            while not stop.is_set():
                with suppress(TimeoutError):
                    connection, _ = listener.accept()
                    connection.settimeout(10)
                    heard.connections += 1
                    conversations.append(threading.Thread(target=converse, args=(connection,)))
                    conversations[-1].start()

        conversations = [threading.Thread(target=serve)]
        conversations[0].start()
        try:
            yield heard
        finally:
            stop.set()
            for thread in conversations:
                thread.join()


class Once(dict[str, str]):
    """Replies each of which is given once; after that the smarthost is pleasant."""

    def __getitem__(self, key: str) -> str:
        return self.pop(key)


class _Over(Exception):
    """The script says that the conversation ends here."""


def _converse(
    connection: socket.socket,
    script: Mapping[str, str],
    heard: Smarthost,
    stop: threading.Event,
    tls: ssl.SSLContext | None,
    *,
    tls_first: bool,
) -> None:
    try:
        if tls and tls_first:
            connection = tls.wrap_socket(connection, server_side=True)
        _answer(connection, script["greeting"], stop)
        lines = connection.makefile("rb")
        while line := lines.readline():
            command = line.decode().rstrip("\r\n")
            heard.commands.append(command)
            key = max(
                (key for key in script if key not in STEPS and command.upper().startswith(key.upper())),
                key=len,
                default="",
            )
            _answer(connection, script.get(key, "500 what?"), stop)
            if key == "DATA" and script[key].startswith("354"):
                if "content" in script:
                    _answer(connection, script["content"], stop)
                heard.mails.append(_mail(lines))
                _answer(connection, script["end"], stop)
            if key == "STARTTLS" and tls and script[key].startswith("220"):
                connection = tls.wrap_socket(connection, server_side=True)
                lines = connection.makefile("rb")
    except (_Over, OSError):
        pass
    finally:
        connection.close()


def _mail(lines: Iterator[bytes]) -> bytes:
    received: list[bytes] = []
    for line in lines:
        if line == b".\r\n":
            return b"".join(received)
        received.append(line.removeprefix(b"."))
    raise _Over


def _answer(connection: socket.socket, reply: str, stop: threading.Event) -> None:
    if reply == CUT:
        raise _Over
    if reply == SILENT:
        stop.wait(10)
        raise _Over
    if reply == GARBAGE:
        reply = "HTTP/1.1 400 Bad Request"
    while reply == DRIP and not stop.is_set():
        connection.sendall(b"2")
        stop.wait(0.02)
    connection.sendall(reply.replace("\n", "\r\n").encode() + b"\r\n")
