"""What travels over a link: frames of a length and a pickle, between processes of this program and user alone.

Only what changes of the spool are made of is read back: a frame that names anything else is refused. What travels is
made of named tuples, which cost a third of what frozen dataclasses do here.
"""

import io
import pickle
import struct
from typing import Any, NamedTuple

from gateway.errors import Temporary

_LENGTH = struct.Struct("!I")
LONGEST = 64 * 1024 * 1024
_KNOWN_MODULES = frozenset(
    {
        "gateway.errors",
        "gateway.model",
        "gateway.spool.acts",
        "gateway.spool.arrival",
        "gateway.spool.audit",
        "gateway.spool.batched",
        "gateway.spool.chunks",
        "gateway.spool.halts",
        "gateway.spool.intake",
        "gateway.spool.jobs",
        "gateway.spool.wire",
    }
)


class Unreadable(Exception):
    """What came is no frame of ours."""


class Request(NamedTuple):
    """A change to commit; its answer will carry the number."""

    number: int
    change: Any


class Answer(NamedTuple):
    """What came of the change of that number: its result, or the error."""

    number: int
    result: Any = None
    error: Exception | None = None


class Note(NamedTuple):
    """Something that one side tells the other: a word and what belongs to it (bytes are opaque here)."""

    word: str
    content: Any = None


Message = Request | Answer | Note


class _Unpickler(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        if module in _KNOWN_MODULES or (module, name) == ("functools", "partial"):
            return super().find_class(module, name)
        raise Unreadable(f"{module}.{name} does not travel over a link")


def frame(message: Message) -> bytes:
    """Return a message as it travels. An error that cannot be pickled becomes Temporary with its words."""
    try:
        content = pickle.dumps(message, pickle.HIGHEST_PROTOCOL)
    except (pickle.PicklingError, TypeError, AttributeError):
        if not isinstance(message, Answer) or message.error is None:
            raise
        content = pickle.dumps(Answer(message.number, error=Temporary(str(message.error))), pickle.HIGHEST_PROTOCOL)
    return _LENGTH.pack(len(content)) + content


class Frames:
    """Takes bytes as they come, gives back whole messages."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    def feed(self, data: bytes) -> list[Message]:
        """Take the next bytes; return the messages that are complete now. Unreadable for what is none."""
        self._buffer += data
        messages: list[Message] = []
        start = 0
        while len(self._buffer) - start >= _LENGTH.size:
            (length,) = _LENGTH.unpack_from(self._buffer, start)
            if length > LONGEST:
                raise Unreadable("a frame is too long")
            end = start + _LENGTH.size + length
            if len(self._buffer) < end:
                break
            messages.append(_read(bytes(memoryview(self._buffer)[start + _LENGTH.size : end])))
            start = end
        if start:
            del self._buffer[:start]
        return messages


def _read(content: bytes) -> Message:
    try:
        message: Message = _Unpickler(io.BytesIO(content)).load()
    except (pickle.UnpicklingError, EOFError, AttributeError, IndexError, ImportError, TypeError) as error:
        raise Unreadable("what came is no frame of this program") from error
    return message
