"""Acting on jobs: those that names mean, or all that a search finds, some at a time so that nothing else waits long."""

import hashlib
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from sqlalchemy import Connection

from gateway.errors import Reason
from gateway.spool import acts, parked, query, search
from gateway.spool.acts import Act, Order
from gateway.spool.audit import Who
from gateway.spool.spool import Spool
from gateway.spool.wanted import Search

OPERATOR = Who()
MOST = 10_000
"""So many jobs at most are found for one act."""


@dataclass(frozen=True, slots=True)
class Moved:
    """What came of an act: the jobs that it moved, and a line for each that it could not move.

    `number` is the act's, by which it is undone; None where nothing was moved.
    """

    verb: str
    jobs: list[int]
    left: list[str]
    number: int | None = None


@dataclass(frozen=True, slots=True)
class Found:
    """The jobs that a search finds and that something can be done with; `more` says that there may be others.

    `mark` is another one as soon as they are others. `top` is above the newest of all: what comes later is not meant.
    """

    jobs: tuple[int, ...]
    top: int
    more: bool

    @property
    def mark(self) -> str:
        """Return by what it is seen that these are still the same."""
        return hashlib.sha256(",".join(map(str, self.jobs)).encode()).hexdigest()[:16]


def found_by(spool: Spool, wanted: Search, act: Act, top: int | None = None) -> Found:
    """Find the jobs, older than job `top`, that an act can be done with."""
    return spool.read(lambda connection: _fit(connection, search.find(connection, wanted, top, MOST + 1), act, top))


def waiting_for(spool: Spool, reason: Reason, act: Act, top: int | None = None) -> Found:
    """Find the jobs, older than job `top`, that wait for a person for a reason, and that an act can be done with."""
    return spool.read(lambda connection: _fit(connection, parked.waiting(connection, reason, top, MOST + 1), act, top))


def _fit(connection: Connection, ids: Sequence[int], act: Act, top: int | None) -> Found:
    fit = acts.movable(connection, act, ids[:MOST])
    return Found(tuple(fit), top if top is not None else max(ids, default=0) + 1, len(ids) > MOST)


def act(spool: Spool, names: Sequence[str], order: Order) -> Moved:
    """Do something with the jobs that names mean: jobs' numbers, ids of mails or callbacks."""
    ids, left = [], []
    for name in names:
        rows = spool.read(partial(query.jobs_of, name=name))
        ids += [row["id"] for row in rows]
        if not rows:
            left.append(f"{name}: no such job")
    moved = act_on(spool, list(dict.fromkeys(ids)), order)
    return Moved(moved.verb, moved.jobs, left + moved.left, moved.number)


def act_on(spool: Spool, ids: Sequence[int], order: Order) -> Moved:
    """Do something with jobs; it is one act, however many they are."""
    number, moved = None, []
    for start in range(0, len(ids), acts.AT_ONCE):
        some = ids[start : start + acts.AT_ONCE]
        change = partial(acts.carry_out, order=order, ids=some, now=time.time(), number=number)
        number, done = spool.change(change).result()
        moved += done
    verb, gone = acts.done(order.act), set(moved)
    why = _why(order)
    return Moved(verb, moved, [f"{one}: {why}" for one in ids if one not in gone], number)


def _why(order: Order) -> str:
    """Say what an act can be done with."""
    what = "a mail's job" if order.route or order.fields else "a job"
    return f"only {what} that is {' or '.join(acts.allowed(order.act))} can be {acts.done(order.act)}"


def retry(spool: Spool, names: Sequence[str], who: Who = OPERATOR, *, reason: str = "", route: str = "") -> Moved:
    """Have jobs tried again now; mails in another route, where one is named."""
    return act(spool, names, Order(Act.RETRY, who, reason, route, target=_target(names)))


def edit(
    spool: Spool, names: Sequence[str], fields: Mapping[str, str], who: Who = OPERATOR, *, reason: str = ""
) -> Moved:
    """Have mails posted with these fields (`flow.edit.FIELDS`) instead of what was read of them.

    Permanent for a field that there is not, Invalid for what the contract forbids.
    """
    from gateway.flow.edit import checked

    return act(spool, names, Order(Act.EDIT, who, reason, fields=checked(fields), target=_target(names)))


def hold(spool: Spool, names: Sequence[str], reason: str, who: Who = OPERATOR) -> Moved:
    """Have jobs wait until a person releases them."""
    return act(spool, names, Order(Act.HOLD, who, reason, target=_target(names)))


def park(spool: Spool, names: Sequence[str], reason: str, who: Who = OPERATOR) -> Moved:
    """Set jobs aside, for a person."""
    return act(spool, names, Order(Act.PARK, who, reason, target=_target(names)))


def discard(spool: Spool, names: Sequence[str], reason: str, who: Who = OPERATOR) -> Moved:
    """End jobs without doing them, or with one that is done let go of the whole mail that was kept for a person."""
    return act(spool, names, Order(Act.DISCARD, who, reason, target=_target(names)))


def release(spool: Spool, names: Sequence[str], who: Who = OPERATOR, *, reason: str = "") -> Moved:
    """Let held jobs go on."""
    return act(spool, names, Order(Act.RELEASE, who, reason, target=_target(names)))


def _target(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{len(names)} named"


def undo(spool: Spool, number: int, who: Who = OPERATOR) -> Moved:
    """Put back what an act has moved, as far as nobody has begun it since; Permanent where nothing can be."""
    step = partial(acts.undo, number=number, who=who, now=time.time())
    done = spool.change(step).result()
    moved = done.jobs
    while done.jobs:
        done = spool.change(partial(step, after=moved[-1], undoing=done.number)).result()
        moved += done.jobs
    return Moved("undone", moved, [], done.number)
