"""A header: from its bytes to fields, and from a field to text (RFC 5322 2.2).

Fields are found by our own reader, in one pass and within bounds, because the standard library's takes quadratic time
on a hostile header and ends a header at the first line that is none. Nothing here raises.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache

from gateway.mail.encodedword import decode_words
from gateway.mail.field import clean

HEADER_BYTES = 256 * 1024
FIELDS = 2_000
_VALUE_BYTES = 64 * 1024
_TEXT = 2_000
_CONTINUED = 4_000
_BEGINNING = 16 * 1024
_FIELD = re.compile(rb"([!-9;-~]{1,200})[ \t]*:(?!//)([^\n]*(?:\n[ \t][^\n]*)*)(?:\n|\Z)")
_FIELD_NAME = re.compile(rb"[!-9;-~]{1,200}[ \t]*:(?!//)")
_MBOX = re.compile(rb"(?:>?From (?![ \t]*:)[^\n]*\n)+")
_BLANK_LINES = re.compile(rb"(?:\xef\xbb\xbf)?(?:[ \t\r]*\n)*")
_INDENTED_FIELD = re.compile(rb"[ \t]+(?=[!-9;-~]{1,200}:[^\n]*\n[!-9;-~]{1,200}:)")
# Two CR are written by programs that make CRLF of the LF in a CRLF.
_EMPTY_LINE = re.compile(rb"\r{0,2}\n")
_NEXT_EMPTY_LINE = re.compile(rb"\n(\r{0,2}\n)")
# A line of these after one that is no field: the header goes on.
_WELL_KNOWN = re.compile(
    rb"(?:content-[a-z-]+|mime-version|from|to|cc|subject|date|received|message-id|reply-to|sender|references"
    rb"|in-reply-to|return-path|x-[a-z-]+):",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Header:
    """The fields of a mail or part, in order: names in lower case, values unfolded and stripped.

    `cut` is true where a bound cut something off.
    """

    fields: tuple[tuple[str, bytes], ...] = ()
    cut: bool = False
    _first: dict[str, bytes] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        # Reading a mail asks for far more fields than it has.
        object.__setattr__(self, "_first", {name: value for name, value in reversed(self.fields) if value})

    def raw(self, name: str) -> bytes:
        """Return the value of the first field `name` that says something, b"" if none does."""
        return self._first.get(name, b"")

    def all(self, name: str) -> Iterator[bytes]:
        """Return the values of every field `name`."""
        return (value for said, value in self.fields if said == name)


def read_header(
    raw: bytes, start: int, end: int, *, most_bytes: int = HEADER_BYTES, most_fields: int = FIELDS
) -> tuple[Header, int]:
    """Read the header at `start`, which ends before `end`; return it and where the body begins.

    The header ends with an empty line, or before the first line that is neither a field nor the continuation of one.
    """
    blank, body = _empty_line(raw, start, end)
    window = min(blank, start + most_bytes)
    fields, stopped = _fields(raw, start, window)
    if stopped < window:
        return Header(tuple(fields)), stopped
    return Header(tuple(fields[:most_fields]), cut=window < blank or len(fields) > most_fields), body


def header_start(raw: bytes) -> int:
    """Return where the header of a whole mail begins: after empty lines and an mbox's `From ` line."""
    start = 0
    blank = _BLANK_LINES.match(raw, 0, _BEGINNING)
    if blank and (_FIELD_NAME.match(raw, blank.end()) or _MBOX.match(raw, blank.end(), blank.end() + _BEGINNING)):
        start = blank.end()
    mbox = _MBOX.match(raw, start, start + _BEGINNING)
    if mbox:
        start = mbox.end()
    indented = _INDENTED_FIELD.match(raw, start, start + _BEGINNING)
    return indented.end() if indented else start


def to_text(value: bytes, charset: str = "") -> str:
    """Decode a field's value: encoded words, and what is raw 8-bit as UTF-8, else as `charset`, else by detection.

    The text is one line: each run of control characters is a space.
    """
    if not value:
        return ""
    if b"=?" not in value and value.isascii() and b"\x1b" not in value:
        return clean(value.decode("ascii"), _TEXT)
    return clean(decode_words(value[:_VALUE_BYTES], charset), _TEXT)


def _fields(raw: bytes, start: int, end: int) -> tuple[list[tuple[str, bytes]], int]:
    """Read fields up to `end`; return them, and `end` or where the line begins that ends the header early."""
    fields: list[tuple[str, bytes]] = []
    at = start
    while at < end:
        match = _FIELD.match(raw, at, end)
        if match:
            fields.append((_name(match[1]), _unfold(match[2])))
            at = match.end()
            continue
        after = raw.find(b"\n", at, end) + 1 or end
        if fields and fields[-1][1].endswith(b";") and len(fields[-1][1]) < _CONTINUED:
            fields[-1] = (fields[-1][0], b"%b %b" % (fields[-1][1], raw[at:after].strip()))
        elif not _WELL_KNOWN.match(raw, after, end):
            break
        at = after
    return fields, at


@lru_cache(maxsize=1024)
def _name(name: bytes) -> str:
    return name.decode("ascii").lower()


def _unfold(value: bytes) -> bytes:
    if b"\n" in value:
        value = value.replace(b"\r\n", b"").replace(b"\n", b"")
    return value.strip()


def _empty_line(raw: bytes, start: int, end: int) -> tuple[int, int]:
    """Return where the first empty line begins and where it ends; `end` twice if there is none."""
    first = _EMPTY_LINE.match(raw, start, end)
    if first:
        return start, first.end()
    found = _NEXT_EMPTY_LINE.search(raw, start, end)
    return found.span(1) if found else (end, end)
