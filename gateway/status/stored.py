"""What the spool knows, whether a gateway runs or not."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, func, select

from gateway.errors import GatewayError
from gateway.model import JobState
from gateway.spool import halts, query
from gateway.spool.spool import Spool
from gateway.spool.tables import callback, job, mail

_SEEN_TO = (JobState.QUEUED, JobState.WORKING, JobState.HELD, JobState.PARKED)
# The newest are found by their key; all of them may be millions.
_NEWEST = 2000


@dataclass(frozen=True, slots=True)
class Stored:
    """Counts of jobs by lane and state, paused lanes, and when what came last.

    `lanes` is by ("route:support", "parked"), `counts` by ("answer", "queued"). `last_mail` is by way in ("smtp"),
    `last_answer` by workspace, both from the newest alone. `halts` says of "smarthost:NAME" and the like who paused it.
    `trouble` says why the spool cannot be read.
    """

    name: str = ""
    counts: Mapping[tuple[str, str], int] = field(default_factory=dict)
    lanes: Mapping[tuple[str, str], int] = field(default_factory=dict)
    pauses: Mapping[str, tuple[float, str]] = field(default_factory=dict)
    halts: Mapping[str, str] = field(default_factory=dict)
    oldest_waiting: float | None = None
    last_mail: Mapping[str, float] = field(default_factory=dict)
    last_answer: Mapping[str, float] = field(default_factory=dict)
    free: int | None = None
    trouble: str = ""


def look(spool: Spool, lanes: Sequence[str]) -> Stored:
    """Look into an open spool, at some lanes' jobs."""
    try:
        return spool.read(lambda connection: _looked(spool, connection, lanes))
    except (GatewayError, OSError) as error:
        return Stored(name=spool.name, trouble=str(error))


def _looked(spool: Spool, connection: Connection, lanes: Sequence[str]) -> Stored:
    return Stored(
        name=spool.name,
        counts={(kind, state): number for kind, state, number in query.counts(connection)},
        lanes=_lanes(connection, lanes),
        pauses={one["lane"]: (one["since"], one["reason"]) for one in query.pauses(connection)},
        halts={name: _halted(one) for name, one in halts.halted(connection).items()},
        oldest_waiting=query.oldest_unfinished(connection),
        last_mail=_last_mail(connection),
        last_answer=_last_answer(connection),
        free=_free(spool.door.parent if spool.door is not None else None),
    )


def _halted(one: Mapping[str, Any]) -> str:
    return f"paused by {one['who']}" + (f": {one['reason']}" if one["reason"] else "")


def _lanes(connection: Connection, lanes: Sequence[str]) -> dict[tuple[str, str], int]:
    counted = select(job.c.lane, job.c.state, func.count()).where(job.c.lane.in_(lanes), job.c.state.in_(_SEEN_TO))
    rows = connection.execute(counted.group_by(job.c.lane, job.c.state))
    return {(lane, state): number for lane, state, number in rows}


def _last_mail(connection: Connection) -> dict[str, float]:
    some = select(mail.c.source, mail.c.received_at).order_by(mail.c.id.desc()).limit(_NEWEST).subquery()
    rows = connection.execute(select(some.c.source, func.max(some.c.received_at).label("at")).group_by(some.c.source))
    return {row.source: row.at for row in rows}


def _last_answer(connection: Connection) -> dict[str, float]:
    some = select(callback.c.workspace, callback.c.received_at).order_by(callback.c.id.desc()).limit(_NEWEST).subquery()
    rows = connection.execute(
        select(some.c.workspace, func.max(some.c.received_at).label("at")).group_by(some.c.workspace)
    )
    return {row.workspace: row.at for row in rows}


def _free(folder: Path | None) -> int | None:
    if folder is None:
        return None
    disk = os.statvfs(folder)
    return disk.f_bavail * disk.f_frsize
