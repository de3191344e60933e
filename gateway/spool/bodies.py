"""Large bodies, wherever they lie: files in a folder (`blobs`) or rows of the database (`chunks`)."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from itertools import islice
from pathlib import Path
from typing import Protocol, TypeAlias

Referred: TypeAlias = Callable[[Sequence[str]], set[str]]
"""Tells which of these names mails refer to."""

_AT_ONCE = 500


class Incoming(Protocol):
    """A body that comes in. Used by one thread at a time; `end` may come from any, and never waits."""

    def write(self, data: bytes) -> None:
        """Take the next bytes; OSError or an error of the family when they cannot be stored."""

    def sync(self) -> None:
        """Return once everything taken is durable, or will be when the mail's row is."""

    def end(self, *, kept: bool) -> None:
        """Let go of it; unless a row refers to it now, it is removed."""


class Bodies(Protocol):
    """Where large bodies are. A name is the id of a mail; one that no row refers to is an orphan."""

    def create(self, name: str) -> Incoming:
        """Begin a new body."""

    def open(self, name: str) -> AbstractContextManager[Path]:
        """Have a body as a file for as long as the context lasts; FileNotFoundError when it is not there."""

    def remove(self, names: Iterable[str]) -> None:
        """Delete bodies; one that is gone already is no error."""

    def names(self) -> Iterator[str]:
        """List the bodies that are there."""

    def sweep(self, referred: Referred) -> int:
        """Delete what no mail refers to and nobody can be writing; return how many."""


def orphans(names: Iterable[str], referred: Referred) -> Iterator[str]:
    """Return those of the names that no mail refers to; many are looked up at once."""
    rest = iter(names)
    while some := list(islice(rest, _AT_ONCE)):
        known = referred(some)
        yield from (name for name in some if name not in known)
