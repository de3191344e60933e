"""Mails in an mbox, of any of its flavours and any size: found by offset, read in pieces, never whole.

A mail ends before the next line that separates mails. Where the flavour has a Content-Length, or may have, it ends
where that says, if there the file ends too or such a line follows; a length that does not fit is a stranger's.
"""

import hashlib
import re
from collections.abc import Iterator
from functools import partial
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from gateway.importing.blocks import Blocks
from gateway.importing.entry import PIECE, Entry, Place, Standing, Unreadable, shown
from gateway.importing.fromline import LINE, QUOTED, Flavour, from_line, told, unquoted

_WINDOW, _LARGEST_WINDOW = 64 * 1024, 1024 * 1024
_FINGERPRINT = 4096
_HEAD = 64 * 1024
_HEAD_END = re.compile(rb"\r?\n\r?\n")
_LENGTH = re.compile(rb"^content-length[ \t]*:[ \t]*(\d{1,15})[ \t]*\r?$", re.IGNORECASE | re.MULTILINE)
# Each that is tried is a look elsewhere in the file, and whoever wrote the mail may have put thousands in it.
_MOST_LENGTHS = 20
_FITS = re.compile(rb"(?:\r?\n){0,2}")
# UW-IMAP, Pine and their kin keep a folder's state in a mail of its own.
_FOLDER_DATA = re.compile(rb"^subject: DON'T DELETE THIS MESSAGE -- FOLDER INTERNAL DATA", re.IGNORECASE | re.MULTILINE)


class _Span(NamedTuple):
    """A mail in the file: its header and body without what separates them from others; whether it ends by a length."""

    start: int
    body: int
    end: int
    measured: bool


class Mbox:
    """A file of mails."""

    kind = "mbox"

    def __init__(self, path: Path, flavour: Flavour = Flavour.AUTO) -> None:
        self.path = path
        self.size = path.stat().st_size
        self._flavour = flavour

    def stamp(self, place: Place) -> str:
        """Return a hash of what lies before the place: more may follow there, but what was done is as it was."""
        with Blocks(self.path) as file:
            return _fingerprint(file, int(place or 0))

    def done(self, standing: Standing) -> int:
        """Return the offset up to which all is done."""
        return int(standing.place or 0)

    def entries(self, standing: Standing) -> Iterator[Entry]:
        """Yield the mails that were refused, once more, and then all after the place; Unreadable where none begins."""
        with Blocks(self.path) as file:
            for place in standing.refused:
                if (entry := self._entry(file, int(place), again=True)) is not None:
                    yield entry
            at = int(standing.place or 0)
            while (entry := self._entry(file, at)) is not None:
                at = int(entry.after or 0)
                if entry.size:
                    yield entry
            if at < file.size:
                raise Unreadable(f"at byte {at} no mail of an mbox begins: there is no line with From, sender and time")

    def _entry(self, file: Blocks, at: int, *, again: bool = False) -> Entry | None:
        """Return the mail at an offset; None at the file's end."""
        line = from_line(file.read(LINE, at), first=True)
        if line is None:
            return None
        start = at + line.end()
        head = file.read(_HEAD, start)
        span = self._span(file, head, start)
        following = _next_line(file, span.end)
        sender, received = told(line)
        return Entry(
            at=at,
            after=None if again else following,
            shown=f"{shown(self.path)} at byte {at}",
            size=0 if _is_folder_data(head) else following - at,
            pieces=partial(self._pieces, file, span),
            sender=sender,
            received=received,
        )

    def _span(self, file: Blocks, head: bytes, start: int) -> _Span:
        found = _HEAD_END.search(head) if not head.startswith((b"\n", b"\r\n")) else None
        body = start + (found.end() if found else 0)
        following = _next_line(file, start)
        if body <= following and self._flavour not in {Flavour.MBOXO, Flavour.MBOXRD}:
            for length in islice(_LENGTH.finditer(head, 0, body - start), _MOST_LENGTHS):
                end = body + int(length[1])
                if _fits(file, end):
                    return _Span(start, body, end, measured=True)
        return _Span(start, min(body, following), _without_empty_line(file, start, following), measured=False)

    def _pieces(self, file: Blocks, span: _Span) -> Iterator[bytes]:
        quoted = QUOTED.get(self._flavour)
        if self._flavour is Flavour.AUTO and span.measured and _has_bare_line(file, span):
            quoted = None  # its writer puts no marks: mboxcl2
        yield from _read(file, span.start, span.body)
        body = _read(file, span.body, span.end)
        yield from unquoted(body, quoted) if quoted is not None else body


def _read(file: Blocks, start: int, end: int) -> Iterator[bytes]:
    while start < end and (piece := file.read(min(PIECE, end - start), start)):
        yield piece
        start += len(piece)


def _next_line(file: Blocks, start: int, *, any_line: bool = False) -> int:
    """Return where the next line that separates mails begins, from `start` on, a line's beginning or end.

    It is the file's end where there is none.
    """
    at, size = max(0, start - 1), _WINDOW
    while True:
        data = file.read(size, at)
        last = len(data) < size
        place = data.find(b"\nFrom ")
        while place >= 0 and (last or place < len(data) - LINE):
            if any_line or from_line(data, place + 1):
                return at + place + 1
            place = data.find(b"\nFrom ", place + 1)
        if last:
            return at + len(data)
        at += place if place >= 0 else len(data) - len("\nFrom ")
        size = min(4 * size, _LARGEST_WINDOW)


def _fits(file: Blocks, end: int) -> bool:
    """Whether a mail can end here: after it comes the end of the file, or a line that separates it from the next."""
    data = file.read(LINE + 4, end)
    if end > file.size:
        return False
    after = _FITS.match(data)
    assert after is not None
    return after.end() == len(data) or from_line(data, after.end()) is not None


def _without_empty_line(file: Blocks, start: int, end: int) -> int:
    """Leave out the empty line that a writer puts after each mail."""
    tail = file.read(4, max(start, end - 4)) if end > start else b""
    for mark in (b"\r\n\r\n", b"\n\n"):
        if tail.endswith(mark):
            return end - len(mark) // 2
    return end


def _has_bare_line(file: Blocks, span: _Span) -> bool:
    """Whether a line of the mail begins like one that separates mails, without a mark."""
    return _next_line(file, span.body, any_line=True) < span.end


def _is_folder_data(head: bytes) -> bool:
    found = _HEAD_END.search(head)
    return _FOLDER_DATA.search(head, 0, found.end() if found else len(head)) is not None


def _fingerprint(file: Blocks, place: int) -> str:
    start = max(0, place - _FINGERPRINT)
    return hashlib.sha256(file.read(place - start, start)).hexdigest()[:32]
