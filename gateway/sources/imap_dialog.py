"""A conversation with a server on imapclient: it sets the session up, and commands of our own go beside it.

imapclient reads one answer at a time, whole and letter by letter. Ours may be several under way, and what they bring
is read as it comes, with bounds.
"""

from collections import deque
from collections.abc import Callable, Iterator
from typing import NamedTuple

from imapclient import IMAPClient

from gateway.errors import Temporary
from gateway.sources.imap_response import LITERAL, Response, status_of
from gateway.sources.imap_stream import Stream
from gateway.sources.imap_wire import Encryption, Wire

_LARGEST = 4 * 1024 * 1024
_LARGEST_ANSWER = 64 * 1024 * 1024
_MOST_LITERALS = 10


class Answered(NamedTuple):
    """How a command ended: "OK", "NO" or "BAD", and what was said with it."""

    status: str
    text: str


class Goodbye(Temporary):
    """The server ended the session."""


class Dialog(IMAPClient):  # type: ignore[misc] # imapclient comes without types
    """A session. `send` a command, then read what comes with `answers`.

    Or `plan` several, with what is to be called when each is answered: that is done in turn, by `catch_up`. A server
    may work at them at the same time and answer in any order, so what it says of messages, whichever command brings it,
    goes to `on_message`.
    """

    def __init__(self, host: str, port: int, tls: Encryption | None, silence: float) -> None:
        self._begins_with = tls
        self._silence = silence
        self._sent = 0
        self.open_commands = 0
        self.ended = Answered("OK", "")
        self.on_message: Callable[[Response], None] = lambda _: None
        self._row: deque[tuple[bytes, Callable[[Answered], None], int]] = deque()
        self._answered: dict[bytes, Answered] = {}
        super().__init__(host, port, ssl=tls is not None, timeout=silence)

    def _create_IMAP4(self) -> Wire:  # noqa: N802 - imapclient's name
        return Wire(self.host, self.port, self._begins_with, self._silence)

    @property
    def transport(self) -> Stream:
        """The bytes."""
        wire: Wire = self._imap
        return wire.stream

    def send(self, command: str) -> bytes:
        """Send a command, of ASCII, and return its tag."""
        self._sent += 1
        tag = b"G%d" % self._sent
        self.transport.send(tag + b" " + command.encode("ascii") + b"\r\n")
        self.open_commands += 1
        return tag

    def answers(self, tag: bytes, size: int = 0, sink: Callable[[bytes], None] | None = None) -> Iterator[Response]:
        """Yield what comes until a command is answered; then `ended` says how.

        About `size` bytes are waited for. Large literals are passed over; with a `sink` all go there as they come.
        """
        self.transport.expect(size)
        while tag not in self._answered:
            response = self._response(sink)
            status = status_of(response.text)
            if status is not None and status[0] != b"*":
                self.open_commands -= 1
                self._answered[status[0]] = Answered(*status[1:])
            elif response.text[:5].upper() == b"* BYE":
                raise Goodbye(f"the server said goodbye: {_shown(response.text[5:])}")
            else:
                self.on_message(response)
                yield response
        self.ended = self._answered.pop(tag)

    def plan(self, command: str, then: Callable[[Answered], None], size: int = 0) -> None:
        """Send a command; `then` is called with how it ended, after those before. About `size` bytes are waited for."""
        self._row.append((self.send(command), then, size))

    def catch_up(self, leave: int = 0) -> None:
        """Read until planned commands are answered, but for so many."""
        while len(self._row) > leave:
            tag, then, size = self._row.popleft()
            for _ in self.answers(tag, size):
                pass
            then(self.ended)

    def ask(self, command: str) -> list[Response]:
        """Send a command, after all that are planned, and return what it brings; `ended` says how.

        ConnectionError when that is more than any mailbox has to say.
        """
        self.catch_up()
        said, size = list[Response](), 0
        for response in self.answers(self.send(command)):
            size += response.size
            if size > _LARGEST_ANSWER:
                raise ConnectionError(f"the server answered with more than {_LARGEST_ANSWER} bytes")
            said.append(response)
        return said

    def begins_to_idle(self) -> bytes | None:
        """Send IDLE (RFC 2177) and return its tag once the server waits with us; None when it will not."""
        tag = self.send("IDLE")
        self.transport.expect()
        while not (text := self.transport.line()).startswith(b"+"):
            if (status := status_of(text)) is not None and status[0] == tag:
                self.open_commands -= 1
                return None
        return tag

    def stops_idling(self, tag: bytes) -> None:
        """Send DONE and read what comes until IDLE is answered."""
        self.transport.send(b"DONE\r\n")
        for _ in self.answers(tag):
            pass

    def _response(self, sink: Callable[[bytes], None] | None) -> Response:
        line = self.transport.line()
        if not line.endswith(b"}\r\n"):
            return Response(line)
        parts, literals = [line], list[bytes | None]()
        while (found := LITERAL.search(parts[-1])) is not None:
            if len(literals) == _MOST_LITERALS:
                raise ConnectionError(f"the server sent a response with more than {_MOST_LITERALS} literals")
            literals.append(self._literal(int(found[1]), sink))
            parts.append(self.transport.line())
        return Response(b"".join(parts), tuple(literals))

    def _literal(self, size: int, sink: Callable[[bytes], None] | None) -> bytes | None:
        if sink is None and size <= _LARGEST:
            return self.transport.exactly(size)
        for piece in self.transport.pieces(size):
            if sink is not None:
                sink(piece)
        return None


def _shown(text: bytes) -> str:
    return text.decode("utf-8", "replace").strip()
