"""What a person has paused, until a person resumes it: a route, a workspace's answers, a smarthost, a source.

It is in the spool, so that it holds for every node and over restarts. Names are "route:NAME", "workspace:NAME",
"smarthost:NAME", "source:NAME".
"""

from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import Connection, delete, insert, select, update

from gateway.model import JobState
from gateway.spool import audit
from gateway.spool.audit import Who
from gateway.spool.tables import halt, job
from gateway.spool.wakeup import announce

WAITS = "paused"
"""The reason of a queued job that waits for a smarthost which a person has paused."""


def halted(connection: Connection) -> Mapping[str, dict[str, Any]]:
    """Return what is paused by its name: `since` when, by whom (`who`), and why (`reason`)."""
    rows = connection.execute(select(halt).order_by(halt.c.name)).mappings()
    return {row["name"]: dict(row) for row in rows}


def of_kind(names: Iterable[str], kind: str) -> frozenset[str]:
    """Return the names of one kind ("smarthost") without it."""
    return frozenset(name.partition(":")[2] for name in names if name.startswith(f"{kind}:"))


def pause(connection: Connection, name: str, who: Who, reason: str, now: float) -> bool:
    """Pause something; False when it was paused already, and stays so as it was."""
    if connection.scalar(select(halt.c.name).where(halt.c.name == name)) is not None:
        return False
    connection.execute(insert(halt).values(name=name, since=now, who=who.name, reason=reason))
    audit.record(connection, who, "pause", now, target=name, reason=reason)
    return True


def resume(connection: Connection, name: str, who: Who, now: float) -> bool:
    """Let something go on, at once; False when it was not paused. What it waited is not held against a job."""
    if not connection.execute(delete(halt).where(halt.c.name == name)).rowcount:
        return False
    waiting = job.c.reason == WAITS if name.startswith("smarthost:") else job.c.lane == name
    queued = (job.c.state == JobState.QUEUED) & waiting
    connection.execute(update(job).where(queued).values(next_at=now, created_at=now, reason=None))
    audit.record(connection, who, "resume", now, target=name)
    announce(connection)
    return True
