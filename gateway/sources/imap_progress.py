"""How far a folder was taken, in memory and in the spool: a position, and marks of what it does not tell.

All messages up to the position's UID are done with, but those that have a mark: `wanted`, to be taken yet; `failed`, to
be tried again at a time; `taken`, ours, with what comes after still to be done; `copied`, which is half done. A mark is
named after UIDVALIDITY and UID, so that one from before a change of UIDVALIDITY is never taken for another message's.
"""

import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from gateway.model import Mark, Position
from gateway.sources.places import Places

WANTED, FAILED, TAKEN, COPIED = "wanted", "failed", "taken", "copied"
_BOUND = "since"
_TRIES = 3
_FIRST_WAIT, _LONGEST_WAIT, _STEEPER = 5.0, 6 * 3600.0, 6.0
_AT_ONCE = 1000


class Failure(NamedTuple):
    """Why a message could not be taken. One that is `lasting` need not be tried at once again."""

    reason: str
    lasting: bool = False


@dataclass(slots=True)
class Outcome:
    """What became of messages, by their UIDs: ours and not `done` with yet, failed, not come with the others.

    All up to `upto` are among them, or were before; 0 says nothing of the kind.
    """

    upto: int = 0
    taken: list[int] = field(default_factory=list)
    done: list[int] = field(default_factory=list)
    failed: dict[int, Failure] = field(default_factory=dict)
    apart: dict[int, str] = field(default_factory=dict)


class Progress:
    """The progress in a folder, of a poller that is the only one there."""

    def __init__(self, places: Places, mailbox: str, folder: str) -> None:
        self._places = places
        self._here = (mailbox, folder)
        self.position = places.position(*self._here)
        known = dict(places.marks(*self._here))
        bound = known.pop(_BOUND, None)
        self.bound = bound.at if bound is not None else 0.0
        current = f"{self.position.uidvalidity}:" if self.position else "none:"
        self._stale = [name for name in known if not name.startswith(current)]
        self._marks = {_uid(name): mark for name, mark in known.items() if name.startswith(current)}

    # -- where it begins

    def begin(self, position: Position, wanted: Iterable[int], bound: float) -> None:
        """Begin anew at a position, with messages before it that are wanted; `bound` is a time (`set_bound`)."""
        names = [f"{position.uidvalidity}:{uid}" for uid in wanted]
        for start in range(0, len(names), _AT_ONCE):
            self._places.mark(*self._here, [Mark(name, WANTED) for name in names[start : start + _AT_ONCE]])
        self.set_bound(bound)
        self._places.advance(*self._here, position)
        self._stale += [f"{self.position.uidvalidity}:{uid}" for uid in self._marks] if self.position else []
        self._marks = {_uid(name): Mark(name, WANTED) for name in names}
        self.position = position
        self.forget_stale()

    def set_bound(self, bound: float) -> None:
        """Remember a time: no message of before it was to be taken, or it was seen long ago."""
        self.bound = bound
        self._places.mark(*self._here, [Mark(_BOUND, "bound", at=bound)])

    def forget_stale(self) -> None:
        """Forget what was marked before UIDVALIDITY changed."""
        self._places.unmark(*self._here, self._stale)
        self._stale = []

    # -- what there is to do

    @property
    def uid(self) -> int:
        """The position's UID."""
        assert self.position is not None, "begin comes first"
        return self.position.uid

    @property
    def unfinished(self) -> bool:
        """Whether some messages before the position are not ours yet."""
        return any(mark.state in {WANTED, FAILED} for mark in self._marks.values())

    def is_marked(self, uid: int) -> bool:
        """Whether a message past the position needs no look: it was begun, before a crash."""
        return uid in self._marks

    def due(self) -> tuple[list[int], list[int]]:
        """Return the UIDs of messages to be taken now: those not tried yet, and those that failed, both rising."""
        now = time.time()
        some = sorted((uid, mark) for uid, mark in self._marks.items() if mark.state in {WANTED, FAILED})
        due = [(uid, mark) for uid, mark in some if mark.at <= now]
        return [uid for uid, mark in due if not mark.error], [uid for uid, mark in due if mark.error]

    def next_due(self) -> float:
        """Return in how many seconds a message is to be tried again; an hour when there is none."""
        times = [mark.at for mark in self._marks.values() if mark.state in {WANTED, FAILED}]
        return max(0.0, min(times, default=time.time() + 3600) - time.time())

    def to_finish(self, state: str) -> list[int]:
        """Return the UIDs of messages in the state TAKEN or COPIED."""
        return sorted(uid for uid, mark in self._marks.items() if mark.state == state)

    # -- what became of it

    def settle(self, outcome: Outcome) -> list[int]:
        """Remember what became of messages, and go on. Return those that have now failed often enough to be told."""
        failures = {uid: self._failure(uid, error) for uid, error in outcome.failed.items()}
        wanted = {uid: Mark(self._name(uid), WANTED, error=_clean(reason)) for uid, reason in outcome.apart.items()}
        self._mark({uid: Mark(self._name(uid), TAKEN) for uid in outcome.taken} | failures | wanted)
        if outcome.upto > self.uid:
            self.position = Position(self._validity, outcome.upto)
            self._places.advance(*self._here, self.position)
        self.finished(outcome.done)
        return [uid for uid, mark in failures.items() if mark.tries == _TRIES]

    def reach(self, uid: int) -> None:
        """Go on to a UID: all up to it are taken or marked."""
        self.settle(Outcome(upto=uid))

    def half_finished(self, uids: Iterable[int]) -> None:
        """Remember that messages were copied to where they go, and only have to be removed here."""
        self._mark({uid: Mark(self._name(uid), COPIED) for uid in uids})

    def finished(self, uids: Iterable[int]) -> None:
        """Nothing is left to do for messages."""
        done = [uid for uid in uids if uid in self._marks]
        self._places.unmark(*self._here, [self._name(uid) for uid in done])
        for uid in done:
            self._marks.pop(uid, None)

    def _failure(self, uid: int, error: Failure) -> Mark:
        before = self._marks.get(uid)
        tries = (before.tries if before is not None else 0) + 1
        if error.lasting and tries < _TRIES:
            tries = _TRIES
        wait = min(_LONGEST_WAIT, _FIRST_WAIT * _STEEPER ** min(tries - 1, 10))
        return Mark(self._name(uid), FAILED, tries, time.time() + wait, _clean(error.reason))

    def _mark(self, marks: Mapping[int, Mark]) -> None:
        self._places.mark(*self._here, list(marks.values()))
        self._marks.update(marks)

    @property
    def _validity(self) -> int:
        assert self.position is not None, "begin comes first"
        return self.position.uidvalidity

    def _name(self, uid: int) -> str:
        return f"{self._validity}:{uid}"


def _clean(text: str) -> str:
    return text.replace("\0", " ")[:500] or "the server did not say why"


def _uid(name: str) -> int:
    return int(name.partition(":")[2])
