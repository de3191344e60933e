"""Old mails into a store: read one after the other, committed many together, in the order in which they lie.

A mail is done once it is committed, or refused for what it is; only then does the journal say so. What is wrong with
the store ends the import, in order: no mail is refused for it.
"""

import asyncio
import time
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import Any, Protocol

from gateway.errors import GatewayError, Permanent, TooLarge
from gateway.importing import origin
from gateway.importing.entry import Entry, Place, Source, Standing, Unreadable, shown
from gateway.importing.journal import Journal
from gateway.importing.pace import Pace
from gateway.importing.tally import Tally
from gateway.model import Envelope, Receipt
from gateway.sources.addressing import Addressing
from gateway.sources.imap_envelope import head_of
from gateway.sources.store import Store
from gateway.spool.accept import BLOB_THRESHOLD

# So many are committed together at most: more gain nothing, and each takes up to BLOB_THRESHOLD of memory.
_AT_ONCE = 128
_NOTE_SECONDS = 1.0
# So many refused mails of a source are tried again by themselves in a later run; with more, all from there on are.
_REFUSED_KEPT = 10_000


@dataclass(frozen=True, slots=True)
class Task:
    """What is asked for: whose mail it is, from when on (Unix time), and how large mails and headers may be."""

    addressing: Addressing
    since: float | None
    max_size: int
    max_head: int


class Watch(Protocol):
    """Whoever looks on."""

    def moved(self, tally: Tally) -> None:
        """A mail was dealt with."""

    def refused(self, what: str, reason: str) -> None:
        """A mail, or a file that is none, was refused."""

    def waiting(self, why: str) -> None:
        """The import waits because a limit of the spool is reached; "" when it goes on."""


@dataclass(frozen=True, slots=True)
class _Older:
    """A mail of before the time that is asked for."""


@dataclass(frozen=True, slots=True)
class _Refused:
    """A mail that is not taken, for what it is."""

    reason: str


@dataclass(frozen=True, slots=True)
class _Begun:
    """A mail that is on its way into the store; a large one goes alone, since smaller ones would overtake it."""

    receipt: "asyncio.Task[Receipt]"
    large: bool


@dataclass(slots=True)
class _Course:
    """A source under way: how far it is done, and what was begun behind that, in order."""

    source: Source
    place: Place
    refused: dict[Place, None]
    under_way: deque[tuple[Entry, _Begun | _Refused | _Older]] = field(default_factory=deque)
    noted: float = 0.0


class Importer:
    """An import under way."""

    def __init__(self, store: Store[Any], task: Task, journal: Journal, pace: Pace, watch: Watch, tally: Tally) -> None:
        self._store = store
        self._task = task
        self._journal = journal
        self._pace = pace
        self._watch = watch
        self._tally = tally

    async def run(self, source: Source) -> None:
        """Import a source, until its end or a stop. The store's errors pass, after all has come to its end."""
        try:
            standing = self._journal.standing(source)
            self._tally.earlier += source.done(standing)
        except OSError as error:
            self.refuse(shown(source.path), f"cannot be read: {error.strerror}")
            return
        course = _Course(source, standing.place, dict.fromkeys(standing.refused))
        try:
            await self._entries(course, standing)
        except OSError as error:
            self.refuse(shown(source.path), f"cannot be read any further: {error.strerror}")
        except Unreadable as error:
            self.refuse(shown(source.path), str(error))
        finally:
            await self._settle(course, 0)
            self._note(course)

    def refuse(self, what: str, reason: str) -> None:
        """Count and tell what is not taken, and why."""
        self._tally.reasons[reason] += 1
        self._watch.refused(what, reason)

    async def _entries(self, course: _Course, standing: Standing) -> None:
        for entry in course.source.entries(standing):
            if not await self._pace.turn():
                return
            begun = await self._begin(entry)
            course.under_way.append((entry, begun))
            await self._settle(course, 0 if isinstance(begun, _Begun) and begun.large else _AT_ONCE)

    # -- one mail

    async def _begin(self, entry: Entry) -> _Begun | _Refused | _Older:
        """Read a mail, and have the store begin to accept it."""
        try:
            self._check(entry.size)
            pieces = entry.pieces()
            first = next(pieces, b"")
            if not first.strip():
                raise Unreadable("it is empty")
            head = head_of(first)
            if self._is_older(entry, head):
                return _Older()
            envelope, routes = origin.envelope_of(entry, head, self._task.addressing)
            if routes == [""]:
                raise Unreadable(f"none of our recipients is in {', '.join(self._task.addressing.headers)}")
            body = await self._written(chain([origin.identified(entry, first)], pieces))
        except Permanent as error:
            return _Refused(str(error))
        except OSError as error:
            return _Refused(f"cannot be read: {error.strerror}")
        return _Begun(asyncio.create_task(self._accept(envelope, body, routes)), body.size > BLOB_THRESHOLD)

    async def _written(self, pieces: Iterable[bytes]) -> Any:
        body = self._store.body(self._task.max_head)
        try:
            for piece in pieces:
                await body.write(piece)
                self._check(body.size)
        except BaseException:
            body.close()
            raise
        return body

    async def _accept(self, envelope: Envelope, body: Any, routes: Sequence[str]) -> Receipt:
        try:
            return await self._store.accept(envelope, body, routes)
        finally:
            body.close()

    def _check(self, size: int) -> None:
        if size > self._task.max_size:
            raise TooLarge(f"it is larger than smtp.max_size, {self._task.max_size} bytes")

    def _is_older(self, entry: Entry, head: bytes) -> bool:
        if self._task.since is None:
            return False
        sent = origin.sent_at(entry, head)
        return sent is not None and sent < self._task.since

    # -- its end

    async def _settle(self, course: _Course, most: int) -> None:
        """Wait until no more than so many are under way."""
        while len(course.under_way) > most:
            entry, begun = course.under_way[0]
            if isinstance(begun, _Begun):
                try:
                    receipt = await begun.receipt
                except GatewayError:
                    await _come_to_an_end(course)
                    raise
                self._tally.seen += receipt.repeat
                self._tally.taken += not receipt.repeat
            elif isinstance(begun, _Older):
                self._tally.older += 1
            else:
                self.refuse(entry.shown, begun.reason)
            course.under_way.popleft()
            self._move(course, entry, refused=isinstance(begun, _Refused))

    def _move(self, course: _Course, entry: Entry, *, refused: bool) -> None:
        if refused:
            course.refused[entry.at] = None
        else:
            course.refused.pop(entry.at, None)
        if entry.after is not None and len(course.refused) <= _REFUSED_KEPT:
            course.place = entry.after
        # What is noted grows with what was refused: the more that is, the more seldom.
        if time.monotonic() > course.noted + _NOTE_SECONDS * (1 + len(course.refused) / 100):
            self._note(course)
        self._tally.done += entry.size
        self._watch.moved(self._tally)

    def _note(self, course: _Course) -> None:
        course.noted = time.monotonic()
        try:
            stamp = course.source.stamp(course.place)
        except OSError:  # it has gone: there is nothing to come back to
            return
        self._journal.note(course.source, Standing(course.place, tuple(course.refused), stamp))


async def _come_to_an_end(course: _Course) -> None:
    """Wait for what was begun, whatever becomes of it: the store has it or not, and will say so the next time."""
    begun = [one.receipt for _, one in course.under_way if isinstance(one, _Begun)]
    course.under_way.clear()
    await asyncio.gather(*begun, return_exceptions=True)
