"""A mail in old files as the import sees it, and the source that it lies in."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, TypeAlias

from gateway.errors import Permanent

PIECE = 256 * 1024
"""Bytes of a mail that are in memory at once."""

Place: TypeAlias = int | str
"""Where in a source: an offset in an mbox, a file's name in a folder."""


class Unreadable(Permanent):
    """This is no mail, or none that can be read; says why. The ones after it are."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One mail of a source.

    `at` is its place; `after` is where the source stands once it is done, None for one that was refused in an earlier
    run and is tried again. `shown` names it to people. `size` is its bytes in the source. `pieces` reads it from its
    beginning and raises OSError or Unreadable. `sender` and `received` (Unix time) are what its place tells of its
    envelope, "" and None for nothing.
    """

    at: Place
    after: Place | None
    shown: str
    size: int
    pieces: Callable[[], Iterator[bytes]]
    sender: str = ""
    received: float | None = None


@dataclass(frozen=True, slots=True)
class Standing:
    """How far a source is done: all before `place`, but for those at `refused`; "" is its beginning.

    `stamp` is by what the source tells whether what was done is still what lies there.
    """

    place: Place = ""
    refused: tuple[Place, ...] = ()
    stamp: str = ""


class Source(Protocol):
    """Mails that lie together: an mbox, a folder of files, or one file."""

    path: Path
    kind: str
    size: int

    def stamp(self, place: Place) -> str:
        """Return what `Standing.stamp` is for that place. OSError when the source cannot be read."""

    def done(self, standing: Standing) -> int:
        """Return how many of the source's bytes are done."""

    def entries(self, standing: Standing) -> Iterator[Entry]:
        """Yield the mails that are not done, in order, each to be read before the next. OSError, Unreadable."""


def shown(path: Path) -> str:
    """Return a path as text that can be stored and printed, whatever bytes it has."""
    return bytes(path).decode("utf-8", "replace").replace("\0", "")
