"""What a person has done with jobs: moved from state to state, changed, undone. Each is a change to commit.

An act keeps what it moved as it was before. It can be undone as long as nobody has begun a job since: a lease has a
number, which tells.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, Row, Select, exists, func, insert, select, update

from gateway.errors import Permanent, Reason
from gateway.model import Event, JobKind, JobState
from gateway.spool import audit, rerouting
from gateway.spool.audit import Who
from gateway.spool.jobs import note
from gateway.spool.tables import act as act_table
from gateway.spool.tables import acted, job
from gateway.spool.wakeup import announce

BY_HAND = "hand"
"""What holds a job that a person holds."""


class Act(StrEnum):
    """What can be done with jobs; the words of console and command line alike."""

    RETRY = "retry"
    EDIT = "edit"
    HOLD = "hold"
    RELEASE = "release"
    PARK = "park"
    DISCARD = "discard"


_NOBODY = Who()
AT_ONCE = 500
"""So many jobs are moved in one change, so that nothing else waits long."""


class _Plan(NamedTuple):
    done: str
    before: tuple[JobState, ...]
    after: JobState


_PLANS: Mapping[Act, _Plan] = {
    Act.RETRY: _Plan("retried", (JobState.PARKED, JobState.QUEUED, JobState.DISCARDED), JobState.QUEUED),
    Act.EDIT: _Plan("edited", (JobState.PARKED, JobState.HELD), JobState.QUEUED),
    Act.HOLD: _Plan("held", (JobState.QUEUED, JobState.PARKED), JobState.HELD),
    Act.RELEASE: _Plan("released", (JobState.HELD,), JobState.QUEUED),
    Act.PARK: _Plan("parked", (JobState.QUEUED, JobState.HELD), JobState.PARKED),
    Act.DISCARD: _Plan(
        "discarded", (JobState.QUEUED, JobState.HELD, JobState.PARKED, JobState.DONE), JobState.DISCARDED
    ),
}
_KEPT = (
    *("state", "hold", "reason", "keep", "error", "attempts", "crashes", "created_at", "next_at"),
    *("route", "lane", "identity", "detail"),
)


@dataclass(frozen=True, slots=True)
class Order:
    """An act that was asked for, by whom and why.

    `route` is another route for mails to be retried in, `fields` what a person wants in the document instead of what
    was read. `target` says what it is for, in words, for the audit.
    """

    act: Act
    who: Who = _NOBODY
    reason: str = ""
    route: str = ""
    fields: Mapping[str, str] = field(default_factory=dict)
    target: str = ""


class Moved(NamedTuple):
    """The number of an act, None where nothing was moved, and the jobs that were."""

    number: int | None
    jobs: list[int]


def done(act: Act) -> str:
    """Say that it is done, in a word."""
    return _PLANS[act].done


def allowed(act: Act) -> tuple[JobState, ...]:
    """Return the states of jobs that something can be done with."""
    return _PLANS[act].before


def possible(state: str) -> list[Act]:
    """Return what can be done with a job in that state; a job that is done has only its kept mail to let go of."""
    return [
        act for act, plan in _PLANS.items() if state in plan.before and act is not Act.PARK and state != JobState.DONE
    ]


def _possible(act: Act) -> ColumnElement[bool]:
    """Return what a job must be. Of one that is done there is only the mail to let go of that was kept for a person."""
    return job.c.state.in_(_PLANS[act].before) & ((job.c.state != JobState.DONE) | job.c.keep)


def movable(connection: Connection, act: Act, ids: Sequence[int]) -> list[int]:
    """Return those of the jobs that something can be done with, in the same order."""
    possible = _possible(act)
    fit: set[int] = set()
    for start in range(0, len(ids), AT_ONCE):
        some = job.c.id.in_(ids[start : start + AT_ONCE])
        fit.update(connection.scalars(select(job.c.id).where(some, possible)))
    return [one for one in ids if one in fit]


def carry_out(connection: Connection, order: Order, ids: Sequence[int], now: float, number: int | None = None) -> Moved:
    """Do what was asked for with those of the jobs that it can be done with; in the trace of each, and in the audit.

    `number` is the act's, where these jobs are the rest of those that it is for.
    """
    plan = _PLANS[order.act]
    wanted = select(job).where(job.c.id.in_(ids), _possible(order.act)).order_by(job.c.id)
    # What another node has in hand just now is being begun.
    wanted = wanted.with_for_update(skip_locked=True)
    rows = list(connection.execute(wanted))
    if order.route or order.fields:
        rows = [row for row in rows if row.kind == JobKind.ERRAND]
    if not rows:
        return Moved(number, [])
    if number is None:
        number = audit.record(
            *(connection, order.who, order.act, now), target=order.target, reason=order.reason, detail=_detail(order)
        )
    connection.execute(insert(acted), [_before(number, row) for row in rows])
    moved = [row.id for row in rows]
    connection.execute(update(job).where(job.c.id.in_(moved)).values(_values(order, now)))
    for row in rows:
        note(connection, row.mail_id or row.callback_id, [_step(order, number)], now)
        _change(connection, order, row, now)
    audit.moved(connection, number, len(moved))
    if plan.after is JobState.QUEUED:
        announce(connection)
    return Moved(number, moved)


def _detail(order: Order) -> dict[str, Any]:
    """Return what the audit has of an act; not what fields were changed to, which may be a body."""
    said = {"route": order.route, "fields": sorted(order.fields)}
    return {name: value for name, value in said.items() if value}


def _before(number: int, row: Row[Any]) -> dict[str, Any]:
    kept = {name: getattr(row, name) for name in _KEPT}
    return {"act": number, "job": row.id, "lease": row.lease, "before": kept}


def _values(order: Order, now: float) -> dict[str, Any]:
    after = _PLANS[order.act].after
    values: dict[str, Any] = {"state": after, "hold": None, "reason": None, "next_at": now}
    match after:
        case JobState.QUEUED:
            values |= {"attempts": 0, "crashes": 0, "created_at": now}
        case JobState.HELD:
            values |= {"hold": BY_HAND, "error": order.reason or None}
        case JobState.PARKED:
            values |= {"error": order.reason or None, "reason": Reason.BY_HAND}
        case JobState.DISCARDED:
            values |= {"keep": False}
    return values


def _change(connection: Connection, order: Order, row: Row[Any], now: float) -> None:
    """Give a job another route, and what a person wants in its document."""
    detail = dict(row.detail)
    if order.fields:
        detail["edited"] = {**detail.get("edited", {}), **order.fields}
        detail["released"] = True
    if order.route:
        # Rules begin with the route that the person chose, as if the mail had come to it.
        detail["came_to"] = order.route
    if detail != row.detail:
        connection.execute(update(job).where(job.c.id == row.id).values(detail=detail))
    if order.route and order.route != row.route:
        _move(connection, order, row, now)


def _move(connection: Connection, order: Order, row: Row[Any], now: float) -> None:
    """Give a mail to another route; where it is there already this job ends, and its trace says so."""
    if not rerouting.move(connection, row.id, row.route, order.route):
        there = Event("discarded", {"reason": f'the mail is in route "{order.route}" already'})
        note(connection, row.mail_id, [there], now)


def _step(order: Order, number: int) -> Event:
    told = {"by": order.who.name, "act": number, "reason": order.reason} | _detail(order)
    return Event(_PLANS[order.act].done, {name: value for name, value in told.items() if value})


def undo(
    connection: Connection, number: int, who: Who, now: float, *, after: int = 0, undoing: int | None = None
) -> Moved:
    """Put some jobs of an act back as they were, but for those that were begun, or moved by another act, since.

    They are those with numbers above `after`; `undoing` is the act that this goes on with, and nothing is left where
    no job is put back any more. Permanent where there is no such act, it is undone already, or nothing of it can be.
    """
    found = audit.one(connection, number)
    if found is None:
        raise Permanent(f"there is no act {number}")
    if found["undone_by"] not in {None, undoing}:
        raise Permanent(f"act {number} is undone already, by act {found['undone_by']}")
    some = _undoable(number).where(job.c.id > after).limit(AT_ONCE)
    rows = connection.execute(some.with_for_update(of=job, skip_locked=True)).all()
    if undoing is None:
        if not rows:
            raise Permanent(f"nothing of act {number} can be undone: its jobs have been begun, or moved again, since")
        undoing = audit.record(connection, who, "undo", now, target=f"act {number}: {found['act']}")
        connection.execute(update(act_table).where(act_table.c.id == number).values(undone_by=undoing))
    for row in rows:
        connection.execute(update(job).where(job.c.id == row.id).values(row.before))
        told = {"by": who.name, "act": number, "what": found["act"]}
        note(connection, row.mail_id or row.callback_id, [Event("undone", told)], now)
    audit.moved(connection, undoing, len(rows))
    announce(connection)
    return Moved(undoing, [row.id for row in rows])


def _undoable(number: int) -> Select[Any]:
    later = select(acted.c.job).join(act_table, acted.c.act == act_table.c.id)
    later = later.where(acted.c.act > number, act_table.c.undone_by.is_(None))
    # A copy of its mail may have come to the route that it had: it cannot be there twice.
    other = job.alias()
    copies = exists().where(other.c.identity == acted.c.before["identity"].as_string(), other.c.id != job.c.id)
    return (
        select(job.c.id, job.c.mail_id, job.c.callback_id, acted.c.before)
        .join(acted, acted.c.job == job.c.id)
        .where(acted.c.act == number, acted.c.lease == job.c.lease, job.c.state != JobState.WORKING)
        .where(job.c.id.not_in(later), ~copies)
        .order_by(job.c.id)
    )


def undoable(connection: Connection, number: int) -> int:
    """Count the jobs of an act that can be put back."""
    found = audit.one(connection, number)
    if found is None or found["undone_by"] is not None:
        return 0
    return connection.scalar(select(func.count()).select_from(_undoable(number).order_by(None).subquery())) or 0


def last_of(connection: Connection, ids: Sequence[int]) -> dict[str, Any] | None:
    """Return the last act on these jobs, where it can be undone; None where there is none."""
    newest = select(func.max(acted.c.act)).where(acted.c.job.in_(ids))
    number = connection.scalar(newest)
    return audit.one(connection, number) if number is not None and undoable(connection, number) else None


def jobs_of(connection: Connection, number: int, most: int) -> list[int]:
    """Return the newest jobs that an act moved."""
    return list(
        connection.scalars(select(acted.c.job).where(acted.c.act == number).order_by(acted.c.job.desc()).limit(most))
    )
