"""A policy server for Postfix that greylists: who is new is asked to come again."""

import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager


class Greylist:
    """Knows the recipients that were asked for, each of which is refused with 450 the first time."""

    def __init__(self) -> None:
        self.seen: list[str] = []
        self.port = 0

    @property
    def restriction(self) -> str:
        """What Postfix is told in a list of restrictions."""
        return f"check_policy_service inet:127.0.0.1:{self.port}"

    def answer(self, recipient: str) -> str:
        """Say what Postfix is to do."""
        known = recipient in self.seen
        self.seen.append(recipient)
        return "DUNNO" if known else "450 4.7.1 greylisted, come again"


class _Handler(socketserver.StreamRequestHandler):
    server: "_Server"

    def handle(self) -> None:
        asked: dict[str, str] = {}
        for line in self.rfile:
            name, _, value = line.decode().strip().partition("=")
            if name:
                asked[name] = value
                continue
            self.wfile.write(f"action={self.server.greylist.answer(asked.get('recipient', ''))}\n\n".encode())
            asked = {}


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    greylist: Greylist


@contextmanager
def greylisting() -> Iterator[Greylist]:
    """Have one on a free port of 127.0.0.1."""
    with _Server(("127.0.0.1", 0), _Handler) as server:
        server.greylist = Greylist()
        server.greylist.port = server.server_address[1]
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield server.greylist
        server.shutdown()
        thread.join()
