"""The little of ASN.1 that S/MIME needs: values within values, by BER (X.690), which lets a length be unsaid."""

from collections.abc import Iterator
from dataclasses import dataclass

_DEPTH = 20
_VALUES = 2_000_000  # each as often as it is read: in one of unsaid length they are read to find its end
_LONG_TAG = 0x1F
_CONSTRUCTED = 0x20
_UNSAID = 0x80
_LENGTH_BYTES = 8
OCTETS = 0x04
OBJECT_ID = 0x06
EXPLICIT_0 = 0xA0


class NotBer(ValueError):
    """The bytes are no values, or more of them than is bearable."""


@dataclass(frozen=True, slots=True)
class Value:
    """A value: its tag (the first byte), and where its content is; `after` is where the next value begins."""

    tag: int
    start: int
    end: int
    after: int

    @property
    def constructed(self) -> bool:
        """Whether its content is values."""
        return bool(self.tag & _CONSTRUCTED)


class Reader:
    """Reads the values of `content`; NotBer where there is something else, or more than is bearable."""

    def __init__(self, content: bytes) -> None:
        self._content = content
        self._left = _VALUES

    def values(self, start: int, end: int, depth: int = 0) -> Iterator[Value]:
        """Yield the values between two places."""
        while start < end:
            value = self.value_at(start, end, depth)
            if value.tag == 0:
                return
            yield value
            start = value.after

    def octets(self, value: Value, depth: int = 0) -> bytes:
        """Return the content of a string of bytes, which may be in pieces."""
        if not value.constructed:
            return self._content[value.start : value.end]
        if depth > _DEPTH:
            raise NotBer("nested too deeply")
        return b"".join(self.octets(piece, depth + 1) for piece in self.values(value.start, value.end, depth + 1))

    def value_at(self, start: int, end: int, depth: int = 0) -> Value:
        """Read the value that begins at `start`."""
        content = self._content
        if depth > _DEPTH or start + 2 > end or content[start] & _LONG_TAG == _LONG_TAG:
            raise NotBer(f"no value at {start}")
        self._left -= 1
        if self._left < 0:
            raise NotBer("too many values")
        tag, first, at = content[start], content[start + 1], start + 2
        if first == _UNSAID:
            return self._unsaid(tag, at, end, depth)
        length = first
        if first > _UNSAID:
            count = first - _UNSAID
            if count > _LENGTH_BYTES or at + count > end:
                raise NotBer(f"no length at {start}")
            length, at = int.from_bytes(content[at : at + count], "big"), at + count
        if at + length > end:
            raise NotBer(f"the value at {start} is cut off")
        return Value(tag, at, at + length, at + length)

    def _unsaid(self, tag: int, start: int, end: int, depth: int) -> Value:
        """Find where a value of unsaid length ends: two zeros after the values in it."""
        at = start
        while self._content[at : at + 2] != b"\0\0":
            at = self.value_at(at, end, depth + 1).after
        return Value(tag, start, at, at + 2)
