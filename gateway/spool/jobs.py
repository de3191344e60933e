"""Who works on what: leases with fencing numbers, conclusions, paused lanes. Each function is a change to commit.

Several nodes may lease at once: a row that another one is about to take is passed over (SKIP LOCKED).
"""

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any, NamedTuple

from sqlalchemy import Boolean, Connection, Row, Table, Text, Update, bindparam, delete, func, or_, select, text, update
from sqlalchemy.dialects import postgresql, sqlite

from gateway.model import Event, Job, JobKind, JobState
from gateway.spool import copying, delivery, index, rerouting
from gateway.spool.index import Words
from gateway.spool.prepared import execute_many
from gateway.spool.rows import insert_rows
from gateway.spool.tables import event, job, mail, pause
from gateway.spool.wakeup import announce


@dataclass(frozen=True, slots=True)
class Conclusion:
    """What came of a try: the job's next state, what to remember of it, and the steps for the trace.

    `reason` is the word (`errors.Reason`) by which parked jobs are grouped. `mail` holds columns of the mail that are
    known now that it was read; `sent` is the row of a mail that left, `outcome` what became of its recipients. `route`
    is another one that the job goes on in, `also` are routes in which its mail gets a job as well. `words` is what else
    it is found by, `copies` are where copies of what was sent go.
    """

    state: JobState
    events: tuple[Event, ...] = ()
    next_at: float = 0.0
    attempts: int = 0
    crashes: int = 0
    result: str | None = None
    error: str | None = None
    hold: str | None = None
    reason: str | None = None
    keep: bool = False
    route: str | None = None
    also: tuple[str, ...] = ()
    detail: dict[str, Any] = field(default_factory=dict)
    mail: dict[str, Any] = field(default_factory=dict)
    sent: dict[str, Any] | None = None
    outcome: delivery.Outcome | None = None
    words: Words | None = None
    copies: tuple[str, ...] = ()


class LaneRoom(NamedTuple):
    """How many more jobs of a lane can be begun, and whether the newest go first."""

    lane: str
    free: int
    newest: bool = False


def now(connection: Connection) -> float:
    """Return the time by which leases and turns go: the server's, where several nodes share one."""
    if connection.dialect.name == "postgresql":
        return float(connection.scalar(_SERVER_TIME) or 0.0)
    return time.time()


# A job that was never begun is due as soon as it is made; the clocks of two nodes may differ by this.
_NEW_WAITS = 60.0
_SERVER_TIME = text("select extract(epoch from clock_timestamp())")
_DUE = (
    select(job.c.id)
    .where(job.c.lane == bindparam("lane"), job.c.state == JobState.QUEUED, job.c.next_at <= bindparam("now"))
    .limit(bindparam("free"))
    .with_for_update(skip_locked=True)
)
_OLDEST, _NEWEST = _DUE.order_by(job.c.next_at, job.c.id), _DUE.order_by(job.c.next_at.desc(), job.c.id.desc())


def lease(
    connection: Connection, rooms: Sequence[LaneRoom], most: int, seconds: float, at: float | None = None
) -> list[Job]:
    """Take jobs that are due (`at` a time; default now), up to `most`, lane by lane in order, for so many seconds."""
    at = now(connection) if at is None else at
    ids: list[int] = []
    for room in rooms:
        free = min(room.free, most - len(ids))
        if free > 0:
            ids += connection.scalars(_NEWEST if room.newest else _OLDEST, {"lane": room.lane, "now": at, "free": free})
    return _take(connection, ids, at + seconds)


def lanes(connection: Connection) -> list[str]:
    """List the lanes that have something queued."""
    return list(connection.scalars(select(job.c.lane).where(job.c.state == JobState.QUEUED).distinct()))


def unstall(connection: Connection, furthest: float) -> int:
    """Make jobs due whose turn lies further ahead than any wait is long: the clock was set back meanwhile."""
    at = now(connection)
    ahead = or_(job.c.next_at > at + furthest, (job.c.lease == 0) & (job.c.next_at > at + _NEW_WAITS))
    stalled = (job.c.state == JobState.QUEUED) & ahead
    return connection.execute(update(job).where(stalled).values(next_at=at)).rowcount


def probe(connection: Connection, lane: str, seconds: float, next_probe: float) -> list[Job]:
    """Take the oldest job that a paused lane holds, to try the lane's credentials with."""
    connection.execute(update(pause).where(pause.c.lane == lane).values(probe_at=next_probe))
    oldest = (
        select(job.c.id)
        .where(job.c.lane == lane, job.c.state == JobState.HELD, job.c.hold == "token")
        .order_by(job.c.id)
        .limit(1)
        .with_for_update(skip_locked=True)
    )
    return _take(connection, list(connection.scalars(oldest)), now(connection) + seconds)


def _take(connection: Connection, ids: list[int], until: float) -> list[Job]:
    if not ids:
        return []
    rows = connection.execute(_TAKE, {"ids": ids, "until": until})
    return sorted((_as_job(row) for row in rows), key=lambda taken: taken.id)


_TAKE = (
    update(job)
    .where(job.c.id.in_(bindparam("ids", expanding=True)))
    .values(state=JobState.WORKING, lease=job.c.lease + 1, leased_until=bindparam("until"))
    .returning(job)
)


def _as_job(row: Row[Any]) -> Job:
    return Job(
        id=row.id,
        kind=JobKind(row.kind),
        subject=row.mail_id or row.callback_id,
        route=row.route,
        lane=row.lane,
        lease=row.lease,
        attempts=row.attempts,
        crashes=row.crashes,
        created_at=row.created_at,
        detail=row.detail,
    )


def renew(connection: Connection, jobs: Iterable[Job], seconds: float, at: float | None = None) -> None:
    """Say that these jobs are still being worked on, and put back those of others whose lease has run out."""
    at = now(connection) if at is None else at
    for held in jobs:
        mine = (job.c.id == held.id) & (job.c.lease == held.lease) & (job.c.state == JobState.WORKING)
        connection.execute(update(job).where(mine).values(leased_until=at + seconds))
    recover(connection, at)


def give_back(connection: Connection, jobs: Iterable[Job]) -> None:
    """Put back jobs that were leased and not tried, for others to take at once."""
    for job_ in jobs:
        mine = (job.c.id == job_.id) & (job.c.lease == job_.lease) & (job.c.state == JobState.WORKING)
        connection.execute(update(job).where(mine).values(state=JobState.QUEUED, leased_until=0.0))
    announce(connection)


def recover(connection: Connection, now: float | None) -> int:
    """Put jobs back whose lease has run out (`now` None: every one, since no worker of this spool can be alive)."""
    lost = select(job.c.id).where(job.c.state == JobState.WORKING).with_for_update(skip_locked=True)
    if now is not None:
        lost = lost.where(job.c.leased_until < now)
    ids = list(connection.scalars(lost))
    if ids:
        connection.execute(update(job).where(job.c.id.in_(ids)).values(state=JobState.QUEUED, leased_until=0.0))
        announce(connection)
    return len(ids)


class Concluded(NamedTuple):
    """What came of a leased job, to be recorded."""

    job: Job
    end: Conclusion
    at: float


# A lease that ran out but that nobody else has taken since is still its holder's: its number tells.
_LEASES = (
    select(job.c.id, job.c.lease)
    .where(job.c.id.in_(bindparam("ids", expanding=True)), job.c.state.in_((JobState.WORKING, JobState.QUEUED)))
    .order_by(job.c.id)
    .with_for_update()
)
_CONCLUDE = (
    update(job)
    .where(job.c.id == bindparam("of_job"))
    .values(
        {
            name: bindparam(name)
            for name in ("state", "next_at", "attempts", "crashes", "result", "error", "hold", "reason", "detail")
        }
        | {"keep": or_(job.c.keep, bindparam("kept", type_=Boolean))}
        | {"route": func.coalesce(bindparam("to_route", type_=Text), job.c.route)}
    )
)


def conclude_all(connection: Connection, items: Sequence[Concluded]) -> list[bool]:
    """Record what came of leased jobs; False, and a step in the trace alone, where the lease is another's by now."""
    mine = _mine(connection, items)
    recorded = [item for item, ours in zip(items, mine, strict=True) if ours]
    execute_many(connection, _CONCLUDE, [_values(item) for item in recorded])
    learned: dict[tuple[str, ...], list[dict[str, Any]]] = {}
    for item in recorded:
        if item.end.mail:
            learned.setdefault(tuple(item.end.mail), []).append({"of_mail": item.job.subject} | item.end.mail)
    for names, rows in learned.items():
        execute_many(connection, _update_mail(names), rows)
    steps = [row for item in recorded for row in _steps(item.job.subject, item.end.events, item.at)]
    insert_rows(connection, event, steps)
    delivery.note_sent(connection, [item.end.sent for item in recorded if item.end.sent is not None])
    delivery.record_all(connection, [(item.end.outcome, item.at) for item in recorded])
    _reroute(connection, recorded)
    copying.add(connection, [(item.job.subject, item.end.route or "", item.end.copies, item.at) for item in recorded])
    index.add(connection, {item.job.id: item.end.words for item in recorded})
    _note_late(connection, [item for item, ours in zip(items, mine, strict=True) if not ours])
    return mine


def _reroute(connection: Connection, items: Sequence[Concluded]) -> None:
    """Send mails where rules want them, instead or as well; the trace tells where they were already."""
    for item in items:
        moved = item.job.kind is JobKind.ERRAND and item.end.route not in {None, item.job.route}
        if moved and not rerouting.move(connection, item.job.id, item.job.route, item.end.route or ""):
            told = Event("discarded", {"reason": f'the mail is in route "{item.end.route}" already'})
            note(connection, item.job.subject, [told], item.at)
        if item.end.also and (added := rerouting.add(connection, item.job.id, item.end.also, item.at)):
            note(connection, item.job.subject, [Event("further routes", {"routes": added})], item.at)


def _note_late(connection: Connection, items: Sequence[Concluded]) -> None:
    """Tell in the trace what came after another had taken the job: Cention may have two errands of that mail.

    What was recorded before, and is again because nobody heard of that commit, is not told.
    """
    if not items:
        return
    found = connection.execute(select(job.c.id, job.c.lease).where(job.c.id.in_([item.job.id for item in items])))
    leases = {row.id: row.lease for row in found}
    for item in items:
        if leases.get(item.job.id, 0) > item.job.lease:
            said = {"result": item.end.result} if item.end.result else {"reason": item.end.error}
            note(connection, item.job.subject, [Event("late result ignored", said)], item.at)


def _mine(connection: Connection, items: Sequence[Concluded]) -> list[bool]:
    """Say which leases are still their holder's; of two conclusions of one job the first one is."""
    held = {(name, lease) for name, lease in connection.execute(_LEASES, {"ids": [item.job.id for item in items]})}
    mine = []
    for item in items:
        lease = item.job.id, item.job.lease
        mine.append(lease in held)
        held.discard(lease)
    return mine


def _values(item: Concluded) -> dict[str, Any]:
    end = item.end
    return {
        "of_job": item.job.id,
        "state": end.state.value,
        "next_at": end.next_at or item.at,
        "attempts": end.attempts,
        "crashes": end.crashes,
        "result": end.result,
        "error": end.error,
        "hold": end.hold,
        "reason": end.reason,
        "detail": end.detail,
        "kept": end.keep,
        "to_route": end.route,
    }


@cache
def _update_mail(names: tuple[str, ...]) -> Update:
    return update(mail).where(mail.c.id == bindparam("of_mail")).values({name: bindparam(name) for name in names})


def conclude(connection: Connection, done: Job, end: Conclusion, now: float) -> bool:
    """Record what came of one leased job, as `conclude_all` does."""
    return conclude_all(connection, [Concluded(done, end, now)])[0]


def note(connection: Connection, subject: str, events: Sequence[Event], now: float) -> None:
    """Add steps to a trace."""
    insert_rows(connection, event, _steps(subject, events, now))


def _steps(subject: str, events: Sequence[Event], now: float) -> list[dict[str, Any]]:
    return [{"subject": subject, "at": now, "step": one.step, "detail": one.detail} for one in events]


def _upsert(connection: Connection, table: Table, row: dict[str, Any], key: str, changed: dict[str, Any]) -> None:
    """Insert a row, or change the one that has its key."""
    dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
    new = dialect.insert(table).values(row)
    connection.execute(new.on_conflict_do_update(index_elements=[table.c[key]], set_=changed))


def pause_lane(connection: Connection, lane: str, reason: str, now: float, next_probe: float) -> bool:
    """Hold everything that is queued in a lane; return whether it worked until now."""
    new = connection.scalar(select(func.count()).select_from(pause).where(pause.c.lane == lane)) == 0
    values = {"reason": reason, "probe_at": next_probe}
    _upsert(connection, pause, {"lane": lane, "since": now} | values, "lane", values)
    waiting = (job.c.lane == lane) & (job.c.state == JobState.QUEUED)
    connection.execute(update(job).where(waiting).values(state=JobState.HELD, hold="token", error=reason))
    return new


def pause_with(connection: Connection, done: Job, held: Conclusion, now: float, next_probe: float) -> tuple[bool, bool]:
    """Hold a job and its whole lane with it; return whether it was its holder's, and whether the lane worked so far."""
    mine = conclude(connection, done, held, now)
    return mine, pause_lane(connection, done.lane, held.error or "", now, next_probe)


def resume_lane(connection: Connection, lane: str, now: float) -> bool:
    """Let everything that a lane held for its credentials go on; return whether it was paused."""
    held = (job.c.lane == lane) & (job.c.state == JobState.HELD) & (job.c.hold == "token")
    connection.execute(update(job).where(held).values(state=JobState.QUEUED, hold=None, next_at=now))
    announce(connection)
    return connection.execute(delete(pause).where(pause.c.lane == lane)).rowcount > 0
