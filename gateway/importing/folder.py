"""Mails that are files of a folder: of a Maildir, of MH, or with names that end in .eml or .msg; or one such file."""

import os
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TypeAlias

from gateway.importing.entry import PIECE, Entry, Place, Standing, Unreadable, shown

Convert: TypeAlias = Callable[[Path], bytes]
"""Makes an Outlook message's file a mail; Unreadable where that cannot be done."""

OUTLOOK = bytes.fromhex("d0cf11e0a1b11ae1")
"""What a compound file begins with (MS-CFB 2.2), and so does an Outlook message."""

_BEGINNING = re.compile(rb"(?:\xef\xbb\xbf)?(?:[ \t\r]*\n)*(?:>?From [^\n]*\n)*")
_HEAD_END = re.compile(rb"\r?\n\r?\n")
_WELL_KNOWN = re.compile(
    rb"^(?:from|to|cc|bcc|sender|reply-to|subject|date|message-id|received|return-path|delivered-to|mime-version"
    rb"|content-[a-z-]+|x-[a-z0-9-]+)[ \t]*:",
    re.IGNORECASE | re.MULTILINE,
)
_MAILDIR_TIME = re.compile(r"(\d{9,11})\.")


@dataclass(frozen=True, slots=True)
class Kind:
    """What of a folder are mails: which names, in which order, and when they came (Unix time), as far as that tells."""

    name: str
    is_mail: Callable[[str], bool]
    order: Callable[[str], tuple[int, str]]
    received: Callable[[str], float | None] = lambda _: None


def _maildir_time(name: str) -> float | None:
    found = _MAILDIR_TIME.match(name)
    return float(found[1]) if found else None


MAILDIR = Kind(
    "Maildir",
    lambda name: not name.startswith("."),
    lambda name: (int(_maildir_time(name) or 0), name),
    _maildir_time,
)
MH = Kind("MH", lambda name: name.isascii() and name.isdigit(), lambda name: (int(name), name))
FILES = Kind("files", lambda name: name.lower().endswith((".eml", ".msg")), lambda name: (0, name))


class Folder:
    """The files of one folder that are mails of a kind; of these `only` one, where it is named."""

    def __init__(self, path: Path, kind: Kind, convert: Convert, only: str = "") -> None:
        self.path = path / only
        self.kind = kind.name
        self.size = 0
        self.count = 0
        self._folder = path
        self._only = only
        self._mails = kind
        self._convert = convert
        # As it was before it was listed: what comes meanwhile is a change.
        status = self.path.stat()
        self._stamp = f"{status.st_ino} {status.st_mtime_ns} {status.st_size if only else ''}"
        for name in self._names():
            self.size += _size(path / name)
            self.count += 1

    def stamp(self, place: Place) -> str:
        """Return what changes when a file comes into the folder, or goes, or another takes its place."""
        del place
        return self._stamp

    def done(self, standing: Standing) -> int:
        """Return the size of the files that are done."""
        left = set(self._left(standing))
        return sum(_size(self._folder / name) for name in self._names() if name not in left)

    def entries(self, standing: Standing) -> Iterator[Entry]:
        """Yield the files that are not done, in order."""
        refused = frozenset(standing.refused)
        for name in self._left(standing):
            path = self._folder / name
            yield Entry(
                at=name,
                after=None if name in refused else name,
                shown=shown(path),
                size=_size(path),
                pieces=partial(_pieces, path, self._convert),
                received=self._mails.received(name),
            )

    def _left(self, standing: Standing) -> list[str]:
        """Return the files that are not done, in order."""
        names = sorted(self._names(), key=self._mails.order)
        if not standing.place:
            return names
        last, refused = self._mails.order(str(standing.place)), frozenset(standing.refused)
        return [name for name in names if self._mails.order(name) > last or name in refused]

    def _names(self) -> list[str]:
        if self._only:
            return [self._only]
        with os.scandir(self._folder) as found:
            return [one.name for one in found if self._mails.is_mail(one.name) and one.is_file()]


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:  # it has gone meanwhile; whoever reads it says so
        return 0


def _pieces(path: Path, convert: Convert) -> Iterator[bytes]:
    with path.open("rb", buffering=0) as file:
        first = file.read(PIECE)
        if first.startswith(OUTLOOK):
            mail = convert(path)
            yield from (mail[start : start + PIECE] for start in range(0, len(mail), PIECE))
            return
        if path.suffix.lower() == ".msg":
            raise Unreadable("it is no Outlook message: it does not begin as one does")
        yield opening(first)
        while piece := file.read(PIECE):
            yield piece


def opening(first: bytes) -> bytes:
    """Return the beginning of a mail's file without what may stand before its header; Unreadable if there is none."""
    begins = _BEGINNING.match(first)
    assert begins is not None
    rest = first[begins.end() :]
    if not rest:
        raise Unreadable("it is empty")
    end = _HEAD_END.search(rest)
    if not _WELL_KNOWN.search(rest, 0, end.start() if end else len(rest)):
        raise Unreadable("it is no mail: it begins with no header that mails have")
    return rest
