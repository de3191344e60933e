"""Finding the errand of an earlier mail, for one that says it is over: by the reference that it had, or the thread."""

from collections.abc import Sequence

from sqlalchemy import Connection, select

from gateway.model import JobState
from gateway.spool.intake import errand_lane
from gateway.spool.tables import job
from gateway.spool.threads import errands_of

REMEMBERED_SECONDS = 7 * 86400.0
"""How far back a reference is looked for."""


def errand_of_reference(connection: Connection, reference: str, routes: Sequence[str], now: float) -> str | None:
    """Return the newest errand that one of the routes made with this reference; None where there is none."""
    for route in routes:
        # In the order of the index on lane, state and time, so that a recent one is found at once.
        made = (
            select(job.c.result)
            .where(job.c.lane == errand_lane(route), job.c.state == JobState.DONE)
            .where(job.c.next_at > now - REMEMBERED_SECONDS, job.c.detail["reference"].as_string() == reference)
            .order_by(job.c.next_at.desc())
            .limit(1)
        )
        found: str | None = connection.scalar(made)
        if found is not None:
            return found
    return None


def errand_of_thread(connection: Connection, references: Sequence[str], routes: Sequence[str]) -> str | None:
    """Return the errand of the latest mail among these Message-IDs, oldest first; None where none of them has one."""
    found = errands_of(connection, references, routes)
    return next((found[one] for one in reversed(references) if one in found), None)
