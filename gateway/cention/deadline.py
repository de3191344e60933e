"""A total time limit for an HTTP call, held at each single wait.

The time limits of urllib3 are for one read or write each, so a server that sends a byte now and then could hold a
thread for ever. Here the socket is told before each of them how long it may still wait.
"""

import errno
import http.client
import io
import socket
import ssl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection

PIECE = 64 * 1024
"""Bytes that are sent at once: small enough that a slow line takes them within the time limit of a wait."""


@dataclass(frozen=True, slots=True)
class Deadline:
    """When a call must be over (`time.monotonic`), and how long, in seconds, a single wait in it may take."""

    end: float
    silence: float

    def wait(self) -> float:
        """Return how long the next wait may take, in seconds; TimeoutError once the time is over."""
        remaining = self.end - time.monotonic()
        if remaining <= 0:
            raise TimeoutError("the call's time is over")
        return min(remaining, self.silence)


def _wait_at_most(sock: socket.socket, seconds: float) -> None:
    """Set a socket's time limit where it is another one: each setting is a system call."""
    if sock.gettimeout() != seconds:
        sock.settimeout(seconds)


_current: ContextVar[Deadline] = ContextVar("deadline")


@contextmanager
def deadline(total: float, silence: float) -> Iterator[None]:
    """Give the HTTP calls inside, on this thread, `total` seconds in all and `silence` seconds for each wait."""
    before = _current.set(Deadline(time.monotonic() + total, silence))
    try:
        yield
    finally:
        _current.reset(before)


class _Incoming(io.RawIOBase):
    """What comes from a socket, each read within the deadline."""

    def __init__(self, sock: socket.socket) -> None:
        self._socket = sock
        self._raw = sock.makefile("rb", buffering=0)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        _wait_at_most(self._socket, _current.get().wait())
        return self._raw.readinto(buffer)

    def close(self) -> None:
        self._raw.close()
        super().close()


class _Response(http.client.HTTPResponse):
    def __init__(self, sock: socket.socket, *args: Any, **options: Any) -> None:
        super().__init__(sock, *args, **options)
        self.fp.close()
        self.fp = io.BufferedReader(_Incoming(sock))


class _Outgoing(HTTPConnection):
    """A connection that sends in pieces, each within the deadline: a small document goes in one with its header."""

    response_class = _Response

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._waiting = bytearray()

    def request(self, *args: Any, **options: Any) -> None:
        if self.sock is not None:
            self.timeout = _current.get().wait()  # urllib3 sets it once more
        super().request(*args, **options)
        self._send_waiting()

    def send(self, data: Any) -> None:
        self._waiting += data
        if len(self._waiting) >= PIECE:
            self._send_waiting()

    def _send_waiting(self) -> None:
        if self.sock is None:
            self.connect()
        pieces, self._waiting = memoryview(self._waiting), bytearray()
        for start in range(0, len(pieces), PIECE):
            _wait_at_most(self.sock, _current.get().wait())
            self._send_piece(pieces[start : start + PIECE])

    def _send_piece(self, piece: memoryview) -> None:
        try:
            super().send(piece)
        except ssl.SSLEOFError as error:
            # What urllib3 knows as "the other side reads no more, but may have answered" (413, say).
            raise BrokenPipeError(errno.EPIPE, "Broken pipe") from error


class _Connection(_Outgoing):
    pass


class _TlsConnection(_Outgoing, HTTPSConnection):
    pass


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Outgoing


class _TlsPool(HTTPSConnectionPool):
    ConnectionCls = _TlsConnection


POOLS = {"http": _Pool, "https": _TlsPool}
