"""A POP3 server that is as a test wants it, for what Dovecot cannot be: without UIDL, with one UIDL for all.

It keeps to RFC 1939 where it is not told otherwise: what is deleted goes at QUIT.
"""

import socketserver
import threading
from base64 import b64decode
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from gateway.config.pop3 import Pop3


class Pop3Server:
    """A mailbox: `messages` in their order, each with its UIDL where `uidls` is given.

    `says` maps a command (`RETR 2`, or its verb alone) to what is answered instead; `capabilities` None is no CAPA.
    """

    def __init__(
        self,
        messages: Sequence[bytes],
        uidls: Sequence[str] | None = None,
        says: Mapping[str, str] | None = None,
        capabilities: Sequence[str] | None = ("USER", "PIPELINING", "UIDL"),
    ) -> None:
        self.messages = list(messages)
        self.uidls = list(uidls) if uidls is not None else None
        self.says = dict(says or {})
        self.capabilities = capabilities
        self.heard: list[str] = []
        self.port = 0
        self.sessions = 0
        self._deleted: set[int] = set()

    def count(self, verb: str) -> int:
        """How often a command was heard."""
        return sum(command.split(" ")[0] == verb for command in self.heard)

    def converse(self, line: Any, send: Callable[[bytes], object]) -> None:
        """Have one session."""
        self.sessions += 1
        self._deleted = set()
        send(b"+OK here\r\n")
        for raw in line:
            command = raw.decode().rstrip("\r\n")
            self.heard.append(command)
            answer = self.says.get(command) or self.says.get(command.split(" ")[0])
            if answer == "<cut>":
                return
            send(answer.encode() + b"\r\n" if answer else self._answer(*command.split(" ")))
            if command == "QUIT":
                self._delete()
                return

    def _delete(self) -> None:
        kept = [at for at in range(len(self.messages)) if at not in self._deleted]
        self.messages = [self.messages[at] for at in kept]
        self.uidls = [self.uidls[at] for at in kept] if self.uidls is not None else None

    def _answer(self, verb: str, *arguments: str) -> bytes:
        match verb:
            case "CAPA" if self.capabilities is not None:
                return _lines(self.capabilities)
            case "LIST":
                return _lines(f"{number} {len(message)}" for number, message in enumerate(self.messages, 1))
            case "UIDL" if self.uidls is not None:
                return _lines(f"{number} {uidl}" for number, uidl in enumerate(self.uidls, 1))
            case "RETR":
                return b"+OK\r\n" + self.messages[int(arguments[0]) - 1].replace(b"\r\n.", b"\r\n..") + b".\r\n"
            case "DELE":
                self._deleted.add(int(arguments[0]) - 1)
                return b"+OK\r\n"
            case "USER" | "PASS" | "QUIT":
                return b"+OK\r\n"
            case "AUTH":
                return b"+ \r\n"
            case _ if b"auth=Bearer" in _decoded(verb):
                return b"+OK\r\n"
        return b"-ERR what?\r\n"


def _lines(lines: "Iterator[str] | Sequence[str]") -> bytes:
    return "\r\n".join(["+OK", *lines, ".\r\n"]).encode()


def _decoded(text: str) -> bytes:
    try:
        return b64decode(text, validate=True)
    except ValueError:
        return b""


@contextmanager
def serving(server: Pop3Server) -> Iterator[Pop3Server]:
    """Have it on a free port."""

    class Session(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            try:
                server.converse(self.rfile, self.wfile.write)
            except OSError:
                return

    class Listener(socketserver.ThreadingTCPServer):
        daemon_threads = True

    with Listener(("127.0.0.1", 0), Session) as listener:
        server.port = listener.server_address[1]
        thread = threading.Thread(target=listener.serve_forever, args=(0.02,))
        thread.start()
        try:
            yield server
        finally:
            listener.shutdown()
            thread.join()


def box(server: Pop3Server, folder: Path, **settings: Any) -> Pop3:
    """Settings for it, looked at all the time."""
    (folder / "password").write_text("correct-horse")
    values = {"name": "box", "host": "127.0.0.1", "port": server.port, "security": "none", "user": "support"}
    values |= {"password": f"file:{folder / 'password'}", "route": "support", "timeout": "5 s"}
    made = Pop3.model_validate({**values, **settings})
    return made if "interval" in settings else made.model_copy(update={"interval": 0.05})
