"""Properties of a message as Outlook writes them, in a row (MS-OXTNEF 2.1.3.4)."""

import struct
from collections.abc import Iterator
from typing import NamedTuple

_PROPERTIES = 2_000
_VALUES = 1_000
_SIZES = {0x02: 2, 0x03: 4, 0x04: 4, 0x05: 8, 0x06: 8, 0x07: 8, 0x0A: 4, 0x0B: 2, 0x14: 8, 0x40: 8, 0x48: 16}
STRING, UNICODE, OBJECT, BINARY, TIME = 0x1E, 0x1F, 0x0D, 0x102, 0x40
_VARIABLE = frozenset({STRING, UNICODE, OBJECT, BINARY})
_SEVERAL, _NAMED = 0x1000, 0x8000
_GUID, _BY_NAME = 16, 1
_UNIT = 4


class Property(NamedTuple):
    """A property: its number, its type, and its first value as bytes."""

    id: int
    kind: int
    value: bytes


class _Row:
    """The bytes of a row, read one after the other; struct.error or ValueError where they are cut off."""

    def __init__(self, content: bytes) -> None:
        self._content = content
        self._at = 0

    @property
    def left(self) -> int:
        return len(self._content) - self._at

    def number(self) -> int:
        (value,) = struct.unpack_from("<I", self._content, self._at)
        self._at += _UNIT
        return int(value)

    def pair(self) -> tuple[int, int]:
        first, second = struct.unpack_from("<HH", self._content, self._at)
        self._at += _UNIT
        return first, second

    def take(self, size: int) -> bytes:
        if size > self.left:
            raise ValueError("cut off")
        value = self._content[self._at : self._at + size]
        self._at += size + -size % _UNIT
        return value


def properties(content: bytes) -> Iterator[Property]:
    """Yield the properties in a row; it ends where the row is damaged."""
    row = _Row(content)
    try:
        for _ in range(min(row.number(), _PROPERTIES)):
            yield _property(row)
    except (struct.error, ValueError):
        return


def _property(row: _Row) -> Property:
    kind, number = row.pair()
    if number >= _NAMED:
        row.take(_GUID)
        if row.number() == _BY_NAME:
            row.take(row.number())
        else:
            row.number()
    several, kind = bool(kind & _SEVERAL), kind & ~_SEVERAL
    count = row.number() if several or kind in _VARIABLE else 1
    if count > _VALUES or (kind not in _VARIABLE and kind not in _SIZES):
        raise ValueError("not a property")
    found = [row.take(row.number() if kind in _VARIABLE else _SIZES[kind]) for _ in range(count)]
    return Property(number, kind, found[0] if found else b"")


def integer(value: bytes) -> int:
    """Return a whole number's value, 0 if it is none."""
    return int.from_bytes(value[:_UNIT], "little")
