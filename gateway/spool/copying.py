"""Jobs that keep copies of answers that were sent. They are made in the commit that records the sending, each once."""

import hashlib
from collections.abc import Iterable, Sequence

from sqlalchemy import Connection, select

from gateway.model import JobKind
from gateway.spool.intake import new_job
from gateway.spool.tables import job, pause
from gateway.spool.wakeup import announce


def copy_lane(name: str) -> str:
    """Name what waits together when the place of copies cannot be reached."""
    return f"copy:{name}"


def add(connection: Connection, wanted: Iterable[tuple[str, str, Sequence[str], float]]) -> None:
    """Make the jobs that are not there yet: an answer may be sent to some of its recipients first.

    Each of those `wanted` is an answer's callback, its route, the names of the places, and the time.
    """
    rows = {
        _identity(callback, name): (callback, route, name, at)
        for callback, route, names, at in wanted
        for name in names
    }
    if not rows:
        return
    known = set(connection.scalars(select(job.c.identity).where(job.c.identity.in_(rows))))
    paused = set(connection.scalars(select(pause.c.lane)))
    for identity in rows.keys() - known:
        callback, route, name, at = rows[identity]
        made = new_job(JobKind.COPY, route, copy_lane(name), paused, at)
        connection.execute(job.insert(), made | {"identity": identity, "callback_id": callback})
    announce(connection)


def _identity(callback: str, name: str) -> str:
    return hashlib.sha256(f"copy\n{callback}\n{name}".encode()).hexdigest()
