"""Large bodies as rows of the database, in chunks: the way of a store that several machines share.

Chunks are changes like any other, so they go the way that mails go, over a link too. They are committed before the row
of their mail, and as durably: an asynchronous commit, which the order of the log would allow, was 5 to 25 % quicker,
too little for a second meaning of "committed". Orphans are told by their age, which is in their name.
"""

import tempfile
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple, Protocol, TypeAlias, TypeVar

from sqlalchemy import Connection, bindparam, delete, insert, select
from ulid import ULID

from gateway.spool.batched import Batched
from gateway.spool.bodies import Referred, orphans
from gateway.spool.tables import chunk
from gateway.spool.writer import Change

T = TypeVar("T")

CHUNK = 256 * 1024
# So many may be under way for one mail: the next is taken from the network while these are committed.
_UNDER_WAY = 4
# So many are deleted in one transaction, that mails which come meanwhile need not wait for long.
_DELETED_AT_ONCE = 32
_ORPHAN_AGE = 86400.0

_INSERT = insert(chunk).inline()
_DATA = select(chunk.c.data).where(chunk.c.name == bindparam("of"), chunk.c.number == bindparam("nr"))
_NAMES = select(chunk.c.name).where(chunk.c.number == 0).order_by(chunk.c.name)


class Piece(NamedTuple):
    """A chunk of a body, counted from 0."""

    name: str
    number: int
    data: bytes


def store(connection: Connection, pieces: Sequence[Piece]) -> list[None]:
    """Store chunks of any number of bodies."""
    connection.execute(_INSERT, [piece._asdict() for piece in pieces])
    return [None] * len(pieces)


def remove_some(connection: Connection, name: str, most: int) -> int:
    """Delete up to so many chunks of a body; return how many there were. The first one goes last: it names the body."""
    last = select(chunk.c.number).where(chunk.c.name == name).order_by(chunk.c.number.desc()).limit(most)
    numbers = list(connection.scalars(last))
    if numbers:
        connection.execute(delete(chunk).where(chunk.c.name == name, chunk.c.number >= min(numbers)))
    return len(numbers)


def remove_all(connection: Connection, name: str) -> None:
    """Delete the chunks of a body that was given up."""
    connection.execute(delete(chunk).where(chunk.c.name == name))


Changing: TypeAlias = Callable[[Change[Any]], "Future[Any]"]
"""Has a change committed: a writer's or a link's `submit`."""


class Reading(Protocol):
    """Runs a query: a spool's `read`."""

    def __call__(self, query: Callable[[Connection], T], /) -> T:
        """Return its result."""


class IncomingRows:
    """A body on its way into rows."""

    def __init__(self, name: str, change: Changing) -> None:
        self._name = name
        self._change = change
        self._number = 0
        self._rest = bytearray()
        self._under_way: deque[Future[Any]] = deque()

    def write(self, data: bytes) -> None:
        """Take the next bytes; waits when too many chunks are under way, and raises what became of those before."""
        self._rest += data
        while len(self._rest) >= CHUNK:
            self._send(bytes(self._rest[:CHUNK]))
            del self._rest[:CHUNK]
        while len(self._under_way) > _UNDER_WAY:
            self._under_way.popleft().result()

    def sync(self) -> None:
        """Return once every chunk is committed."""
        if self._rest or not self._number:
            self._send(bytes(self._rest))
            self._rest.clear()
        while self._under_way:
            self._under_way.popleft().result()

    def end(self, *, kept: bool) -> None:
        """Have the chunks removed, unless a row refers to them now. What that misses, the sweep finds."""
        self._rest.clear()
        if kept or not self._number:
            return
        if self._under_way:  # in one transaction with the last of them, the removal could come first
            self._under_way[-1].add_done_callback(self._remove)
        else:
            self._remove()

    def _remove(self, _last: object = None) -> None:
        self._change(partial(remove_all, name=self._name))

    def _send(self, data: bytes) -> None:
        self._under_way.append(self._change(Batched(store, Piece(self._name, self._number, data))))
        self._number += 1


class Chunks:
    """The bodies that are rows. Where nothing is read or swept, `read` may be left out."""

    def __init__(self, change: Changing, read: Reading | None = None) -> None:
        self._change = change
        self._read = read

    def create(self, name: str) -> IncomingRows:
        """Begin a new body."""
        return IncomingRows(name, self._change)

    @contextmanager
    def open(self, name: str) -> Iterator[Path]:
        """Have a body as a temporary file; FileNotFoundError when it is not there."""
        with tempfile.NamedTemporaryFile(prefix="mail-") as file:
            for data in self._pieces(name):
                file.write(data)
            file.flush()
            yield Path(file.name)

    def remove(self, names: Iterable[str]) -> None:
        """Delete bodies, in steps; one that is gone already is no error."""
        for name in names:
            while self._change(partial(remove_some, name=name, most=_DELETED_AT_ONCE)).result() == _DELETED_AT_ONCE:
                pass

    def names(self) -> Iterator[str]:
        """List the bodies that are there."""
        yield from self._reader(lambda connection: list(connection.scalars(_NAMES)))

    def sweep(self, referred: Referred) -> int:
        """Delete what no mail refers to and nobody can be writing, as it is a day old; return how many."""
        before = time.time() - _ORPHAN_AGE
        old = [name for name in orphans(self.names(), referred) if ULID.from_str(name).timestamp < before]
        self.remove(old)
        return len(old)

    def _pieces(self, name: str) -> Iterator[bytes]:
        number = 0
        while (data := self._piece(name, number)) is not None:
            yield data
            number += 1
        if not number:
            raise FileNotFoundError(name)

    def _piece(self, name: str, number: int) -> bytes | None:
        found: bytes | None = self._reader(lambda connection: connection.scalar(_DATA, {"of": name, "nr": number}))
        return found

    @property
    def _reader(self) -> Reading:
        assert self._read is not None, "bodies are read where the database is"
        return self._read
