"""What imaplib talks through: our own socket, TLS and stream, by the methods that it offers for that."""

import imaplib
import ssl
from dataclasses import dataclass
from socket import socket
from typing import Any

from gateway.sources.imap_stream import Stream
from gateway.sources.mailserver import connect, encrypt

_LARGEST_ELSEWHERE = 1_000_000


@dataclass(frozen=True, slots=True)
class Encryption:
    """TLS as the settings trust it, in the shape that imaplib asks for it: `encrypt` of `mailserver.py`."""

    ca: str
    pin: str

    def wrap_socket(self, sock: socket, server_hostname: str) -> ssl.SSLSocket:
        """Begin TLS."""
        return encrypt(sock, server_hostname, self.ca, self.pin)


class Wire(imaplib.IMAP4):
    """imaplib's side of a session, with bounds on what it reads."""

    def __init__(self, host: str, port: int, tls: Encryption | None, silence: float) -> None:
        self._tls = tls
        self._silence = silence
        super().__init__(host, port, silence)

    def open(self, host: str = "", port: int = 143, timeout: float | None = None) -> None:
        """Connect, and begin with TLS where that is wanted."""
        self.host, self.port = host, port
        sock = connect((host, port), timeout or self._silence)
        try:
            self.sock = sock if self._tls is None else self._tls.wrap_socket(sock, host)
        except BaseException:
            sock.close()
            raise
        self._stream = Stream(self.sock, self._silence)

    @property
    def stream(self) -> Stream:
        """The bytes; after STARTTLS other ones, and what came before it in the clear is not among them."""
        if self._stream.sock is not self.sock:
            self._stream = Stream(self.sock, self._silence)
        return self._stream

    def read(self, size: int) -> bytes:
        """Read a literal of one of imaplib's answers."""
        if size > _LARGEST_ELSEWHERE:
            raise ConnectionError(f"the server sent a literal of {size} bytes where none belongs")
        return self.stream.exactly(size)

    def readline(self) -> bytes:
        """Read a line of one of imaplib's answers."""
        return self.stream.line()

    def send(self, data: Any) -> None:
        """Send (part of) a command."""
        self.stream.expect()
        self.stream.send(data)

    def shutdown(self) -> None:
        """Close the connection; what imaplib opened of its own after STARTTLS would keep it open."""
        if (file := getattr(self, "file", None)) is not None:
            file.close()
        self.sock.close()
