"""A TCP proxy between a client and a server on this machine, which does to a connection what networks do."""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

_PIECE = 4096
_LOOK_SECONDS = 0.05


class Proxy:
    """Forwards a free port of 127.0.0.1 to another one.

    Set at any time: `forwards` False swallows what comes, without a word to either side, also to a new connection;
    `pause` is a wait after each `piece` bytes from the server. `cut` breaks what is open, and `cut_at` does when the
    server has sent so many bytes in all. The client's `swallows`, and all after it, goes nowhere: then `forwards` ends.
    """

    def __init__(self, port: int) -> None:
        self.forwards = True
        self.pause = 0.0
        self.piece = _PIECE
        self.connections = 0
        self.from_server = 0
        self.cut_at: int | None = None
        self.swallows = b""
        self._to = port
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listening.getsockname()[1]
        self._open: set[socket.socket] = set()
        self._over = threading.Event()
        self._threads: list[threading.Thread] = []
        self._run(self._listen)

    def cut(self) -> None:
        """Break all connections, as a router does that restarts."""
        for sock in list(self._open):
            with suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """End it."""
        self._over.set()
        self._listening.close()
        self.cut()
        for thread in self._threads:
            thread.join(10)

    def _run(self, work: Callable[..., None], *arguments: socket.socket) -> None:
        thread = threading.Thread(target=work, args=arguments, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _listen(self) -> None:
        self._listening.settimeout(_LOOK_SECONDS)
        while not self._over.is_set():
            try:
                client, _ = self._listening.accept()
            except TimeoutError:
                continue
            except OSError:
                return
            self.connections += 1
            try:
                server = socket.create_connection(("127.0.0.1", self._to), 5)
            except OSError:
                client.close()
                continue
            self._open |= {client, server}
            self._run(self._pump, client, server)
            self._run(self._pump_back, server, client)

    def _pump(self, source: socket.socket, target: socket.socket) -> None:
        with self._ending(source, target):
            while data := source.recv(65536):
                if self.swallows and self.swallows in data:
                    self.forwards = False
                if self.forwards:
                    target.sendall(data)

    def _pump_back(self, source: socket.socket, target: socket.socket) -> None:
        with self._ending(source, target):
            while data := source.recv(self.piece):
                if self.cut_at is not None and self.from_server + len(data) > self.cut_at:
                    self.cut_at = None
                    self.cut()
                    return
                self.from_server += len(data)
                if self.forwards:
                    target.sendall(data)
                if self.pause:
                    time.sleep(self.pause)

    @contextmanager
    def _ending(self, *both: socket.socket) -> Iterator[None]:
        """Pass a side's end on to the other, unless nothing is passed on."""
        with suppress(OSError):
            yield
        while not self.forwards and not self._over.wait(_LOOK_SECONDS):
            pass
        for sock in both:
            with suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)
            sock.close()
            self._open.discard(sock)


@contextmanager
def proxy(port: int) -> Iterator[Proxy]:
    """Have a proxy to a port."""
    running = Proxy(port)
    try:
        yield running
    finally:
        running.close()
