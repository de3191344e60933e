"""The little of ASN.1 that S/MIME needs: values within values, by BER (X.690), which lets a length be unsaid."""

from collections.abc import Iterator
from dataclasses import dataclass

_DEPTH = 20
_VALUES = 200_000
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


def values(content: bytes, start: int, end: int, depth: int = 0) -> Iterator[Value]:
    """Yield the values between two places of `content`; NotBer where there is something else."""
    count = 0
    while start < end:
        value = value_at(content, start, end, depth)
        if value.tag == 0:
            return
        yield value
        start, count = value.after, count + 1
        if count > _VALUES:
            raise NotBer("too many values")


def octets(content: bytes, value: Value, depth: int = 0) -> bytes:
    """Return the content of a string of bytes, which may be in pieces."""
    if not value.constructed:
        return content[value.start : value.end]
    if depth > _DEPTH:
        raise NotBer("nested too deeply")
    return b"".join(octets(content, piece, depth + 1) for piece in values(content, value.start, value.end, depth + 1))


def value_at(content: bytes, start: int, end: int, depth: int = 0) -> Value:
    """Read the value that begins at `start`."""
    if depth > _DEPTH or start + 2 > end or content[start] & _LONG_TAG == _LONG_TAG:
        raise NotBer(f"no value at {start}")
    tag, first, at = content[start], content[start + 1], start + 2
    if first == _UNSAID:
        return _unsaid(content, tag, at, end, depth)
    length = first
    if first > _UNSAID:
        count = first - _UNSAID
        if count > _LENGTH_BYTES or at + count > end:
            raise NotBer(f"no length at {start}")
        length, at = int.from_bytes(content[at : at + count], "big"), at + count
    if at + length > end:
        raise NotBer(f"the value at {start} is cut off")
    return Value(tag, at, at + length, at + length)


def _unsaid(content: bytes, tag: int, start: int, end: int, depth: int) -> Value:
    """Find where a value of unsaid length ends: two zeros after the values in it."""
    at = start
    for _ in range(_VALUES):
        if content[at : at + 2] == b"\0\0":
            return Value(tag, start, at, at + 2)
        at = value_at(content, at, end, depth + 1).after
    raise NotBer("too many values")
