"""A conversation with a POP3 server (RFC 1939): commands, answers, and content of many lines as it comes.

The standard library's poplib holds a message as a list of lines, of which none may be long, and waits for each for as
long as the server likes; here content is read in pieces, several commands may be under way, and each wait has its end.
"""

import sys
from collections.abc import Iterator
from socket import socket

from gateway.errors import Temporary
from gateway.sources.data import DataDecoder
from gateway.sources.imap_stream import Stream
from gateway.sources.mailserver import encrypt

_LARGEST_LISTING = 128 * 1024 * 1024
_LONGEST_DELAY = 86400.0


class Refusal(Exception):
    """The server answered -ERR; `str(error)` is what it said behind that."""


class _Stream(Stream):
    """The bytes, and what of them is content of many lines (RFC 1939 3)."""

    def content(self) -> Iterator[bytes]:
        decoder = DataDecoder()
        for piece in self.pieces(sys.maxsize):
            content = decoder.feed(piece)
            if decoder.ended:
                self._at -= len(decoder.rest)
            if content:
                yield content
            if decoder.ended:
                return


class Dialog:
    """A connection to a server. Its first answer is a greeting, which nothing asked for."""

    def __init__(self, sock: socket, silence: float) -> None:
        self._sock = sock
        self._silence = silence
        self._stream = _Stream(sock, silence)
        self._capabilities: dict[str, list[str]] | None = None

    @property
    def capabilities(self) -> dict[str, list[str]]:
        """What the server can do (RFC 2449): names in upper case, each with its arguments; none where it tells none."""
        if self._capabilities is None:
            try:
                lines = [line.split() for line in self.listing("CAPA")]
            except Refusal:
                lines = []
            self._capabilities = {name.upper(): arguments for name, *arguments in filter(None, lines)}
        return self._capabilities

    @property
    def pipelines(self) -> bool:
        """Whether commands may be sent before those before them are answered."""
        return "PIPELINING" in self.capabilities

    @property
    def login_delay(self) -> float:
        """How many seconds have to be between two logins, at most a day; 0.0 where the server does not say."""
        seconds = next(iter(self.capabilities.get("LOGIN-DELAY", [])), "")
        return min(float(seconds), _LONGEST_DELAY) if seconds.isdecimal() else 0.0

    def encrypt(self, host: str, ca: str, pin: str) -> None:
        """Begin TLS by STLS (RFC 2595); what the server said before in the clear is forgotten. Temporary, OSError."""
        try:
            self.ask("STLS")
        except Refusal as error:
            raise Temporary(f"the server refuses STLS: {error}") from error
        self._sock = encrypt(self._sock, host, ca, pin)
        self._stream = _Stream(self._sock, self._silence)
        self.is_in_another_state()

    def is_in_another_state(self) -> None:
        """Ask anew what the server can do, when that is wanted: it is other things after STLS, and after a login."""
        self._capabilities = None

    def send(self, *commands: str) -> None:
        """Send commands, to be answered one after the other."""
        self._stream.send(b"".join(command.encode() + b"\r\n" for command in commands))

    def reply(self, size: int = 0) -> tuple[str, str]:
        """Return the next answer's status, "+OK", "-ERR" or "+", and text. About `size` bytes follow at once."""
        self._stream.expect(size)
        line = self._stream.line().decode("utf-8", "replace").rstrip()
        status, _, text = line.partition(" ")
        if status.upper() not in {"+OK", "-ERR", "+"}:
            raise ConnectionError(f"the server does not speak POP3: {line[:100]!r}")
        return status.upper(), text

    def answer(self, size: int = 0) -> str:
        """Return the text of the next answer, which has to be +OK; Refusal otherwise."""
        status, text = self.reply(size)
        if status != "+OK":
            raise Refusal(text)
        return text

    def ask(self, command: str) -> str:
        """Send a command and return its answer's text; Refusal when it is -ERR."""
        self.send(command)
        return self.answer()

    def content(self, most: int) -> Iterator[bytes]:
        """Yield what follows an answer, without its dots; ConnectionError when it is more than so many bytes."""
        size = 0
        for piece in self._stream.content():
            size += len(piece)
            if size > most:
                raise ConnectionError(f"the server sends more than the {most} bytes that were to be expected")
            yield piece

    def listing(self, command: str) -> list[str]:
        """Send a command and return the lines that it brings."""
        self.ask(command)
        return b"".join(self.content(_LARGEST_LISTING)).decode("ascii", "backslashreplace").split("\r\n")

    def close(self) -> None:
        """Close the connection. Without QUIT before it, the server deletes nothing."""
        self._sock.close()
