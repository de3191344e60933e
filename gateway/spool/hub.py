"""A link's near end: in the spool's own process, a thread for each joined process hands its changes to the writer.

Answers to changes of one transaction leave together, after its commit.
"""

import os
import socket
import struct
import threading
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

from gateway.errors import GatewayError, SettingsError, Temporary
from gateway.spool.wire import Answer, Frames, Note, Request, Unreadable, frame
from gateway.spool.writer import Writer

_CHUNK = 256 * 1024
_BUFFER = 1024 * 1024
_SEND_SECONDS = 5.0


class Port:
    """A joined process, seen from here."""

    def __init__(self, near: socket.socket, hub: "Hub", on_note: Callable[[Note], None]) -> None:
        self._socket = near
        self._hub = hub
        self._on_note = on_note
        self._answers: list[bytes] = []
        self._lock = threading.Lock()
        self._sending = threading.Lock()
        near.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _BUFFER)
        # A process that takes no answers must not hold the writer: it is let go.
        seconds = struct.pack("ll", int(_SEND_SECONDS), 0)
        near.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, seconds)
        self._thread = threading.Thread(target=self._read, name="spool-link", daemon=True)
        self._thread.start()

    def tell(self, note: Note) -> None:
        """Tell the process something."""
        self._send(frame(note))

    def flush(self) -> bool:
        """Send the answers that are ready; return whether there were any."""
        with self._lock:
            ready, self._answers = self._answers, []
        if ready:
            self._send(b"".join(ready))
        return bool(ready)

    def close(self) -> None:
        """Let the process go."""
        with suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)

    def wait(self) -> None:
        """Return when it is let go."""
        self._thread.join(_SEND_SECONDS)

    def _send(self, data: bytes) -> None:
        try:
            with self._sending:  # the writer's thread and others send: frames must not run into one another
                self._socket.sendall(data)
        except OSError:
            self.close()

    def _read(self) -> None:
        frames = Frames()
        try:
            while data := self._socket.recv(_CHUNK):
                for message in frames.feed(data):
                    if isinstance(message, Request):
                        future = self._hub.writer.submit(message.change)
                        future.add_done_callback(partial(self._settled, message.number))
                    elif isinstance(message, Note):
                        self._on_note(message)
        except (OSError, Unreadable):
            pass
        finally:
            self._hub.gone(self)
            self._socket.close()

    def _settled(self, number: int, future: "Future[Any]") -> None:
        error = future.exception()
        if error is None:
            answer = Answer(number, future.result())
        else:
            answer = Answer(number, error=error if isinstance(error, GatewayError) else Temporary(str(error)))
        with self._lock:
            self._answers.append(frame(answer))
        if not self._hub.writer.alive:
            self.flush()


class Hub:
    """All joined processes of a spool. `on_work` is called when one of them had something committed."""

    def __init__(self, writer: Writer, on_work: Callable[[], None]) -> None:
        self.writer = writer
        self._on_work = on_work
        self._ports: set[Port] = set()
        self._lock = threading.Lock()
        self._door: socket.socket | None = None
        self._path: Path | None = None
        writer.on_settled = self._flush

    def join(self, near: socket.socket, on_note: Callable[[Note], None] = lambda _: None) -> Port:
        """Take a process in, by its end of a pair of sockets."""
        with self._lock:
            port = Port(near, self, on_note)
            self._ports.add(port)
        return port

    def gone(self, port: Port) -> None:
        """Forget a process whose link has ended."""
        with self._lock:
            self._ports.discard(port)

    def open(self, path: Path) -> None:
        """Take commands of our own user in that come to this socket; SettingsError when it cannot be made."""
        door = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_CLOEXEC)
        try:
            path.unlink(missing_ok=True)
            door.bind(str(path))
            path.chmod(0o600)
            door.listen(16)
        except OSError as error:
            door.close()
            raise SettingsError([f"gateway.spool: cannot make the socket {path}: {error.strerror or error}"]) from error
        self._door, self._path = door, path
        threading.Thread(target=self._admit, args=(door,), name="spool-door", daemon=True).start()

    def close(self) -> None:
        """Let everyone go."""
        if self._door is not None and self._path is not None:
            with suppress(OSError):
                self._path.unlink(missing_ok=True)
            with suppress(OSError):
                self._door.shutdown(socket.SHUT_RDWR)
            self._door.close()
        with self._lock:
            ports = list(self._ports)
        for port in ports:
            port.close()
        for port in ports:
            port.wait()

    def _admit(self, door: socket.socket) -> None:
        while True:
            try:
                near, _ = door.accept()
            except OSError:
                return
            _, user, _ = struct.unpack("3i", near.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))
            if user in {0, os.geteuid()}:
                self.join(near)
            else:
                near.close()

    def _flush(self) -> None:
        with self._lock:
            ports = list(self._ports)
        flushed = [port.flush() for port in ports]
        if any(flushed):
            self._on_work()
