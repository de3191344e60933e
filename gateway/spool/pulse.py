"""How many of what happened, by the minute for a day and by the hour for a month: a small table beside the steps.

Steps are counted in the order of their numbers, some at a time, so that a look costs the same whatever the past is.
"""

import time
from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import Connection, Integer, bindparam, cast, delete, func, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite

from gateway.spool.spool import Spool
from gateway.spool.tables import counted, event, pulse

MINUTE, HOUR = 60, 3600
KEPT = {MINUTE: 25 * HOUR, HOUR: 32 * 24 * HOUR}
"""For how many seconds counts of each length stay."""

FACTS = {
    "accepted": "accepted",
    "created": "errand",
    "callback": "answer",
    "sent": "sent",
    "again later": "later",
    "parked": "parked",
}
"""Which steps are counted, as what."""

_MOST = 50_000
# Nodes commit side by side: a step may come to be seen after one with a higher number, by as long as a transaction may
# take. Until then nothing from there on is counted, since what is passed by would never be.
_SETTLED = 45.0
_WAIT = 10.0


@dataclass(frozen=True, slots=True)
class Tally:
    """Steps that were counted: those from `after` up to `top`, by (minute, fact)."""

    after: int
    top: int
    numbers: dict[tuple[int, str], int]


def beat(spool: Spool) -> bool:
    """Count what happened since the last time; return whether there was something. GatewayError as of the spool."""
    tally = spool.read(lambda connection: count(connection, time.time()))
    if tally is None:
        return False
    return spool.change(lambda connection: keep(connection, tally, time.time())).result(_WAIT)


def count(connection: Connection, now: float, most: int = _MOST) -> Tally | None:
    """Count up to `most` of the steps that were not counted yet; None where there are none."""
    after = connection.scalar(select(counted.c.top)) or 0
    on_postgresql = connection.dialect.name == "postgresql"
    new = select(event.c.id, event.c.at, event.c.step).where(event.c.id > after)
    if on_postgresql:
        # A clock that is far ahead must not stop the counting.
        unsettled = event.c.at.between(now - _SETTLED, now + _SETTLED)
        young = select(func.min(event.c.id)).where(event.c.id > after, unsettled).scalar_subquery()
        new = new.where(or_(young.is_(None), event.c.id < young))
    some = new.order_by(event.c.id).limit(most).subquery()
    # A cast rounds on PostgreSQL, and SQLite may have no floor.
    minute = func.floor(some.c.at / MINUTE) if on_postgresql else cast(some.c.at / MINUTE, Integer)
    groups = select(minute, some.c.step, func.count(), func.max(some.c.id)).group_by(minute, some.c.step)
    rows = connection.execute(groups).all()
    if not rows:
        return None
    numbers = {(int(at) * MINUTE, FACTS[step]): number for at, step, number, _ in rows if step in FACTS}
    return Tally(after, max(top for *_, top in rows), numbers)


def keep(connection: Connection, tally: Tally, now: float) -> bool:
    """Add what was counted, unless another node was quicker, and let go of what is old; whether it was added.

    Whoever has the row of `counted` alone writes here, so that no node's writer waits for another's.
    """
    ours = select(counted.c.top).where(counted.c.top == tally.after).with_for_update(skip_locked=True)
    if connection.scalar(ours) is None:
        return False
    connection.execute(update(counted).values(top=tally.top))
    for seconds, kept in KEPT.items():
        rows = list(_rows(tally, seconds, now - kept))
        if rows:
            _add(connection, rows)
        connection.execute(delete(pulse).where(pulse.c.seconds == seconds, pulse.c.at < now - kept))
    return True


def _rows(tally: Tally, seconds: int, since: float) -> Iterable[dict[str, int | str]]:
    sums: dict[tuple[int, str], int] = {}
    for (at, fact), number in tally.numbers.items():
        begin = at - at % seconds
        if begin >= since:
            sums[begin, fact] = sums.get((begin, fact), 0) + number
    return ({"seconds": seconds, "fact": fact, "at": at, "number": number} for (at, fact), number in sums.items())


def _add(connection: Connection, rows: list[dict[str, int | str]]) -> None:
    dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
    new = dialect.insert(pulse).values({name: bindparam(name) for name in ("seconds", "fact", "at", "number")})
    more = {"number": pulse.c.number + new.excluded.number}
    connection.execute(new.on_conflict_do_update(index_elements=["seconds", "fact", "at"], set_=more), rows)


def series(connection: Connection, seconds: int, since: float) -> dict[str, dict[int, int]]:
    """Return the counts of each fact since a time: by the beginning of their minute or hour. What is 0 is not there."""
    wanted = select(pulse.c.fact, pulse.c.at, pulse.c.number).where(pulse.c.seconds == seconds, pulse.c.at >= since)
    found: dict[str, dict[int, int]] = {}
    for fact, at, number in connection.execute(wanted):
        found.setdefault(fact, {})[at] = number
    return found
