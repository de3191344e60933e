"""A header: from its bytes to fields, and from a field to text (RFC 5322 2.2).

Fields are found by our own reader, in one pass and within bounds, because the standard library's takes quadratic time
on a hostile header and ends a header at the first line that is none. Nothing here raises.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from gateway.mail.encodedword import decode_words
from gateway.mail.field import clean

HEADER_BYTES = 256 * 1024
FIELDS = 2_000
_VALUE_BYTES = 64 * 1024
_TEXT = 2_000
_CONTINUED = 4_000
_WINDOW = 4_096
_BEGINNING = 16 * 1024
_FIELD = re.compile(rb"([!-9;-~]{1,200})[ \t]*:(?!//)([^\n]*(?:\n[ \t][^\n]*)*)(?:\n|\Z)")
_FIELD_NAME = re.compile(rb"[!-9;-~]{1,200}[ \t]*:(?!//)")
_MBOX = re.compile(rb"(?:>?From (?![ \t]*:)[^\n]*\n)+")
_BLANK_LINES = re.compile(rb"(?:\xef\xbb\xbf)?(?:[ \t\r]*\n)*")
_INDENTED_FIELD = re.compile(rb"[ \t]+(?=[!-9;-~]{1,200}:[^\n]*\n[!-9;-~]{1,200}:)")
_EMPTY_LINE = re.compile(rb"\r{0,2}\n")
# The last one is written by programs that make CRLF of the LF in a CRLF.
_EMPTY_LINES = (b"\n\n", b"\n\r\n", b"\n\r\r\n")
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

    def raw(self, name: str) -> bytes:
        """Return the value of the first field `name` that says something, b"" if none does."""
        for field, value in self.fields:
            if field == name and value:
                return value
        return b""

    def all(self, name: str) -> Iterator[bytes]:
        """Return the values of every field `name`."""
        return (value for field, value in self.fields if field == name)


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
            fields.append((match[1].decode("ascii").lower(), _unfold(match[2])))
            at = match.end()
            continue
        after = raw.find(b"\n", at, end) + 1 or end
        if fields and fields[-1][1].endswith(b";") and len(fields[-1][1]) < _CONTINUED:
            fields[-1] = (fields[-1][0], b"%b %b" % (fields[-1][1], raw[at:after].strip()))
        elif not _WELL_KNOWN.match(raw, after, end):
            break
        at = after
    return fields, at


def _unfold(value: bytes) -> bytes:
    if b"\n" in value:
        value = value.replace(b"\r\n", b"").replace(b"\n", b"")
    return value.strip()


def _empty_line(raw: bytes, start: int, end: int) -> tuple[int, int]:
    """Return where the first empty line begins and where it ends; `end` twice if there is none.

    It is looked for in windows that grow, so that a body of many megabytes is not searched for the other line end.
    """
    first = _EMPTY_LINE.match(raw, start, end)
    if first:
        return start, first.end()
    size, at = _WINDOW, start
    while at < end:
        window = min(at + size, end)
        places = [(raw.find(mark, at, window), len(mark)) for mark in _EMPTY_LINES]
        found = [(place + 1, place + length) for place, length in places if place >= 0]
        if found:
            return min(found)
        at, size = (window - 3 if window < end else end), size * 4
    return end, end
