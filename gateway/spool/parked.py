"""What waits for a person, parked or held, by the word for its reason."""

from dataclasses import dataclass

from sqlalchemy import Connection, func, or_, select

from gateway.errors import Reason
from gateway.model import JobState
from gateway.spool.acts import BY_HAND
from gateway.spool.tables import job


@dataclass(frozen=True, slots=True)
class Group:
    """Jobs that wait for a person for the same reason: how many, and since when the oldest and the newest do."""

    state: JobState
    reason: Reason
    count: int
    oldest: float
    newest: float

    def with_others(self, others: "Group | None") -> "Group":
        """Return both as one."""
        if others is None:
            return self
        count, oldest = self.count + others.count, min(self.oldest, others.oldest)
        return Group(self.state, self.reason, count, oldest, max(self.newest, others.newest))


HOLDS = {
    "token": Reason.UNAUTHORISED,
    "rule": Reason.HELD_BY_RULE,
    "loop": Reason.LOOP,
    BY_HAND: Reason.HELD_BY_HAND,
}


def groups(connection: Connection) -> list[Group]:
    """Return all that is parked or held, by its reason, the parked first and the most of each first."""
    wanted = (
        select(
            job.c.state, job.c.hold, job.c.reason, func.count(), func.min(job.c.created_at), func.max(job.c.created_at)
        )
        .where(job.c.state.in_((JobState.PARKED, JobState.HELD)))
        .group_by(job.c.state, job.c.hold, job.c.reason)
    )
    found: dict[tuple[JobState, Reason], Group] = {}
    for state, hold, reason, *numbers in connection.execute(wanted):
        one = Group(JobState(state), _reason(hold, reason), *numbers)
        found[one.state, one.reason] = one.with_others(found.get((one.state, one.reason)))
    return sorted(found.values(), key=lambda one: (one.state is JobState.HELD, -one.count))


def _reason(hold: str | None, reason: str | None) -> Reason:
    if hold in HOLDS:
        return HOLDS[hold]
    return Reason(reason) if reason in set(Reason) else Reason.OTHER


def waiting(connection: Connection, reason: Reason, below: int | None, most: int) -> list[int]:
    """Return the numbers of jobs that wait for a person for that reason, newest first, up to `most` below a number."""
    hold = next((name for name, word in HOLDS.items() if word is reason), None)
    if hold is not None:
        wanted = (job.c.state == JobState.HELD) & (job.c.hold == hold)
    else:
        known = [word.value for word in Reason if word is not Reason.OTHER]
        other = or_(job.c.reason.is_(None), job.c.reason.not_in(known))
        wanted = (job.c.state == JobState.PARKED) & (other if reason is Reason.OTHER else job.c.reason == reason)
    ids = select(job.c.id).where(wanted).order_by(job.c.id.desc()).limit(most)
    return list(connection.scalars(ids.where(job.c.id < below) if below is not None else ids))
