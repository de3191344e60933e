"""What persons did, a row an act, for whoever asks later. It is written in the commit of the act itself."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from sqlalchemy import Connection, delete, func, insert, select, update

from gateway.spool.tables import act, acted


class Who(NamedTuple):
    """Who acts: a name, the way ("command", "console"), and the address that he came from, "" where there is none."""

    name: str = "operator"
    way: str = "command"
    address: str = ""


@dataclass(frozen=True, slots=True)
class Entries:
    """Rows of the audit, newest first; `below` is where the next page begins, None at the end."""

    rows: list[dict[str, Any]]
    below: int | None


def record(
    connection: Connection,
    who: Who,
    word: str,
    now: float,
    *,
    target: str = "",
    reason: str = "",
    detail: Mapping[str, Any] | None = None,
    jobs: int = 0,
) -> int:
    """Write down an act (`word`: "retry", "pause", "sign-in") on a target, and why; return its number."""
    came = {"who": who.name, "way": who.way, "address": who.address}
    said = {"act": word, "target": target, "reason": reason, "jobs": jobs, "detail": dict(detail or {})}
    row = {"at": now} | came | said
    return int(connection.execute(insert(act).values(row).returning(act.c.id)).scalar_one())


def moved(connection: Connection, number: int, jobs: int) -> None:
    """Count more jobs that an act has moved."""
    connection.execute(update(act).where(act.c.id == number).values(jobs=act.c.jobs + jobs))


def page(connection: Connection, below: int | None = None, most: int = 100) -> Entries:
    """Return up to `most` acts that are older than the act `below` (None: the newest)."""
    wanted = select(act).order_by(act.c.id.desc()).limit(most + 1)
    if below is not None:
        wanted = wanted.where(act.c.id < below)
    rows = [dict(row) for row in connection.execute(wanted).mappings()]
    return Entries(rows[:most], rows[most - 1]["id"] if len(rows) > most else None)


def one(connection: Connection, number: int) -> dict[str, Any] | None:
    """Return an act, None when there is none of that number."""
    row = connection.execute(select(act).where(act.c.id == number)).mappings().first()
    return dict(row) if row is not None else None


def last(connection: Connection, who: Who) -> int | None:
    """Return the number of a person's last act on jobs that is not undone."""
    wanted = select(func.max(act.c.id)).where(act.c.who == who.name, act.c.jobs > 0, act.c.undone_by.is_(None))
    found: int | None = connection.scalar(wanted.where(act.c.act != "undo"))
    return found


def forget(connection: Connection, before: float, most: int) -> int:
    """Remove up to `most` acts of before that time; return how many."""
    old = select(act.c.id).where(act.c.at < before).order_by(act.c.id).limit(most).with_for_update(skip_locked=True)
    numbers = list(connection.scalars(old))
    if numbers:
        connection.execute(delete(acted).where(acted.c.act.in_(numbers)))
        connection.execute(delete(act).where(act.c.id.in_(numbers)))
    return len(numbers)
