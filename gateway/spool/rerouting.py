"""Jobs that rules send elsewhere: to another route instead, or to further ones as well. Part of a conclusion's commit.

A mail is in a route once: where it is there already, by its recipients or as a copy, nothing is added.
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, select, update

from gateway.model import JobState
from gateway.spool.identity import job_identity
from gateway.spool.intake import errand_job, errand_lane
from gateway.spool.tables import job, mail, pause
from gateway.spool.wakeup import announce


def move(connection: Connection, number: int, before: str, route: str) -> bool:
    """Give a job that was in route `before` to another; False, and it is discarded, where the mail is there already."""
    row = dict(connection.execute(_with_mail().where(job.c.id == number)).mappings().one()) | {"route": before}
    identity = _identity(row, route)
    if connection.scalar(select(job.c.id).where(job.c.identity == identity, job.c.id != number)) is not None:
        reason = f'the mail is in route "{route}" already'
        there = {"state": JobState.DISCARDED, "error": reason, "lane": errand_lane(route)}
        connection.execute(update(job).where(job.c.id == number).values(there))
        return False
    values = {"route": route, "lane": errand_lane(route), "identity": identity} | _paused(connection, route)
    connection.execute(update(job).where(job.c.id == number).values(values))
    announce(connection)
    return True


def add(connection: Connection, number: int, routes: Sequence[str], now: float) -> list[str]:
    """Make jobs for a job's mail in further routes; return those in which it was not yet."""
    row = connection.execute(_with_mail().where(job.c.id == number)).mappings().one()
    wanted = {_identity(row, route): route for route in routes}
    known = set(connection.scalars(select(job.c.identity).where(job.c.identity.in_(wanted))))
    new = {identity: route for identity, route in wanted.items() if identity not in known}
    for identity, route in new.items():
        paused = set(connection.scalars(select(pause.c.lane)))
        made = errand_job({"id": row["mail_id"], "received_at": now}, identity, route, paused)
        connection.execute(job.insert(), made | {"detail": {"further": True}})
    announce(connection)
    return list(new.values())


def _with_mail() -> Any:
    return select(job.c.mail_id, job.c.route, job.c.identity, mail.c.content_hash).join(
        mail, job.c.mail_id == mail.c.id
    )


def _identity(row: Any, route: str) -> str:
    """Return the mail's identity in a route. A mail that does not say which one it is, is itself only (see Arrival)."""
    distinct = row["identity"] == job_identity(row["route"], row["content_hash"])
    return job_identity(route, row["content_hash"] if distinct else row["mail_id"])


def _paused(connection: Connection, route: str) -> dict[str, Any]:
    held = connection.scalar(select(pause.c.lane).where(pause.c.lane == errand_lane(route))) is not None
    return {"state": JobState.HELD, "hold": "token"} if held else {}
