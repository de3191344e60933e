"""The bytes of a connection to a server, with bounds: on silence, on slowness, on the length of a line.

Patience is the time that may be spent waiting for the server until a command is answered: what a server sends byte by
byte uses it up, while the time that we take ourselves does not count.
"""

import socket
import time
from collections.abc import Iterator

PIECE = 256 * 1024
LONGEST_LINE = 16 * 1024 * 1024
_SLOWEST = 5000
_LEAST = 0.001


class Stream:
    """Reads and writes a socket. `silence` is the longest wait for a next byte, in seconds."""

    def __init__(self, sock: socket.socket, silence: float) -> None:
        self.sock = sock
        self._silence = silence
        self._patience = silence
        self._buffer = b""
        self._at = 0

    def expect(self, size: int = 0) -> None:
        """Be patient anew: an answer comes that has about so many bytes, at 5 kB a second or more."""
        self._patience = self._silence + size / _SLOWEST

    def hurry(self, seconds: float) -> None:
        """Be patient for so long from now on and no longer: it is only a goodbye."""
        self._silence = min(self._silence, seconds)

    def send(self, data: bytes) -> None:
        """Send all of it."""
        self.sock.settimeout(self._silence)
        self.sock.sendall(data)

    def line(self) -> bytes:
        """Return the next line with its CR LF; ConnectionError when it is too long, or the server is gone."""
        start = 0
        while (end := self._buffer.find(b"\r\n", self._at + start)) < 0:
            start = max(0, len(self._buffer) - self._at - 1)
            if start > LONGEST_LINE:
                raise ConnectionError(f"the server sent a line of more than {LONGEST_LINE} bytes")
            self._fill()
        line = self._buffer[self._at : end + 2]
        self._at = end + 2
        return line

    def exactly(self, size: int) -> bytes:
        """Return so many bytes."""
        end = self._at + size
        if end <= len(self._buffer):
            data = self._buffer[self._at : end]
            self._at = end
            return data
        return b"".join(self.pieces(size))

    def pieces(self, size: int) -> Iterator[bytes]:
        """Yield so many bytes as they come, in pieces of at most PIECE."""
        while size:
            if self._at == len(self._buffer):
                self._fill()
            piece = self._buffer[self._at : self._at + size]
            self._at += len(piece)
            size -= len(piece)
            yield piece

    def waits(self, seconds: float) -> bool:
        """Wait for a byte for so long; return whether one is there. ConnectionError when the server is gone."""
        if self._at < len(self._buffer):
            return True
        try:
            self._read(seconds)
        except TimeoutError:
            return False
        return True

    def _fill(self) -> None:
        began = time.monotonic()
        allowed = min(self._silence, max(_LEAST, self._patience))
        try:
            self._read(allowed)
        except TimeoutError:
            slow = "was silent for too long" if allowed >= self._silence else "sends too slowly"
            raise TimeoutError(f"the server {slow}") from None
        self._patience -= time.monotonic() - began

    def _read(self, seconds: float) -> None:
        self.sock.settimeout(seconds)
        data = self.sock.recv(PIECE)
        if not data:
            raise ConnectionError("the server closed the connection")
        self._buffer = self._buffer[self._at :] + data
        self._at = 0
