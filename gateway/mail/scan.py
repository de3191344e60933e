"""The structure of a mail: where each part begins and ends, as offsets into the raw bytes (RFC 2046 5.1).

Bodies are not looked at line by line: delimiters are found by `bytes.find`. Every shape of damage has an answer here,
none raises: what is past a bound stays whole in the part that holds it, and `Structure.notes` says so.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from gateway.mail.header import Header, header_start, read_header
from gateway.mail.manner import WITHIN, Bounds
from gateway.mail.parameter import Parameters, media_type

_FALSE_DELIMITERS = 10_000
_BOUNDARY = 200
_GUESS_WINDOW = 64 * 1024
_STEP = 64 * 1024
_GUESS = re.compile(
    rb"^--(\S(?:[^\r\n]{0,198}[^\s-])?)[ \t]*\r?\n(?=content-|mime-version:)", re.MULTILINE | re.IGNORECASE
)
# After the boundary: the end of the line, or two dashes with nothing behind that could be more of a boundary.
_OPENS = re.compile(rb"[ \t\r]*(?:\n|\Z)")
_CLOSES = re.compile(rb"--(?![0-9A-Za-z'()+_,./:=?-])[^\n]*(?:\n|\Z)")
_LF, _CR = b"\n"[0], b"\r"[0]


class _Delimiter(NamedTuple):
    """A line between parts: `start` before the line end that belongs to it, `end` after its own."""

    start: int
    end: int
    closes: bool


class _Head(NamedTuple):
    """How a part begins: its header, where its body does, and its type as it says it."""

    header: Header
    body: int
    content_type: Parameters


@dataclass(frozen=True, slots=True)
class Part:
    """A part: `raw[body:end]` is its content, still encoded; `parts` are those of a multipart, none for a leaf.

    `content_type` is the Content-Type as read, with `value` "" where there is none that can be read.
    """

    header: Header
    content_type: Parameters
    start: int
    body: int
    end: int
    parts: tuple["Part", ...] = ()


@dataclass(frozen=True, slots=True)
class Structure:
    """A scanned mail. `complete` is false where a bound left something unread; `notes` tells what was out of order."""

    root: Part
    complete: bool
    notes: tuple[str, ...]


@dataclass(slots=True)
class _Reader:
    """A scan under way: what may still be spent on it, and what was seen."""

    raw: bytes
    bounds: Bounds
    parts: int
    false_delimiters: int = _FALSE_DELIMITERS
    complete: bool = True
    notes: dict[str, None] = field(default_factory=dict)

    def exceeded(self, note: str) -> None:
        self.complete = False
        self.notes[note] = None


def scan(raw: bytes, bounds: Bounds = WITHIN) -> Structure:
    """Read the structure of a mail. Its lines end in LF or CRLF; one of bare CRs is to be mended before."""
    reader = _Reader(raw, bounds, bounds.parts)
    start = header_start(raw)
    root = _part(reader, _head(reader, start, len(raw)), start, len(raw), 0)
    return Structure(root, reader.complete, tuple(reader.notes))


def _head(reader: _Reader, start: int, end: int) -> _Head:
    bounds = reader.bounds
    header, body = read_header(reader.raw, start, end, most_bytes=bounds.header, most_fields=bounds.fields)
    return _Head(header, body, media_type(header.raw("content-type")))


def _part(reader: _Reader, head: _Head, start: int, end: int, depth: int, default: str = "") -> Part:
    header, body, content_type = head
    if header.cut:
        reader.exceeded("a header was too long and was cut")
    if default and not header.raw("content-type"):
        content_type = Parameters(default)
    parts: tuple[Part, ...] = ()
    if content_type.value.startswith("multipart/"):
        if depth < reader.bounds.depth:
            parts = _parts(reader, content_type, body, end, depth)
        else:
            reader.exceeded("parts are nested too deeply")
    return Part(header, content_type, start, body, end, parts)


def _parts(reader: _Reader, content_type: Parameters, start: int, end: int, depth: int) -> tuple[Part, ...]:
    boundary = _boundary(content_type)
    delimiters = _delimiters(reader, boundary, start, end) if boundary else []
    if not delimiters:
        guess = _GUESS.search(reader.raw, start, min(end, start + _GUESS_WINDOW))
        boundary = guess[1] if guess else b""
        delimiters = _delimiters(reader, boundary, start, end) if boundary else []
        reader.notes["a boundary was missing or wrong" + (" and was guessed" if guess else "")] = None
    default = "message/rfc822" if content_type.value == "multipart/digest" else ""
    parts: list[Part] = []
    for head, opening, stop in _spans(reader, delimiters, boundary, end):
        if reader.parts <= 0:
            reader.exceeded("there are too many parts")
            break
        reader.parts -= 1
        parts.append(_part(reader, head, opening, stop, depth + 1, default))
    return tuple(parts)


def _spans(
    reader: _Reader, delimiters: list[_Delimiter], boundary: bytes, end: int
) -> Iterator[tuple[_Head, int, int]]:
    """Yield how each part begins, where, and where it ends.

    A part that is a multipart of the same boundary owns the delimiters up to the next closing one.
    """
    until = 0
    for number, delimiter in enumerate(delimiters):
        if delimiter.closes or delimiter.end <= until:
            continue
        following = delimiters[number + 1] if number + 1 < len(delimiters) else _Delimiter(end, end, closes=True)
        until = max(following.start, delimiter.end)
        head = _head(reader, delimiter.end, until)
        inner = head.content_type
        if inner.value.startswith("multipart/") and _boundary(inner) == boundary:
            closing = (later.end for later in delimiters[number + 1 :] if later.closes)
            until = next(closing, end)
            head = _head(reader, delimiter.end, until)
        yield head, delimiter.end, until


def _delimiters(reader: _Reader, boundary: bytes, start: int, end: int) -> list[_Delimiter]:
    raw, mark = reader.raw, b"--" + boundary
    found: list[_Delimiter] = []
    at = _find(raw, mark, start, end)
    while at >= 0:
        after = at + len(mark)
        line = None
        if at == start or raw[at - 1] == _LF:
            line = _OPENS.match(raw, after, end) or _CLOSES.match(raw, after, end)
        if line:
            found.append(_Delimiter(_before_line_end(raw, start, at), line.end(), line[0].startswith(b"--")))
            after = line.end()
        else:
            reader.false_delimiters -= 1
        if reader.false_delimiters <= 0 or len(found) > 2 * reader.bounds.parts:
            reader.exceeded("there are too many delimiters")
            break
        at = _find(raw, mark, after, end)
    return found


def _find(raw: bytes, mark: bytes, at: int, end: int) -> int:
    """Find `mark`, from the next `-` on, with which it begins: in base64, which has none, that is faster."""
    while (at := raw.find(b"-", at, end)) >= 0:
        stop = min(at + _STEP + len(mark), end)
        found = raw.find(mark, at, stop)
        if found >= 0 or stop == end:
            return found
        at = stop - len(mark) + 1
    return -1


def _before_line_end(raw: bytes, start: int, at: int) -> int:
    if at - 2 >= start and raw[at - 2] == _CR:
        return at - 2
    return max(at - 1, start)


def _boundary(content_type: Parameters) -> bytes:
    return content_type.raw("boundary").rstrip().encode("latin-1", "replace")[:_BOUNDARY]
