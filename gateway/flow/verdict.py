"""Errors of a try to what the spool records of it: the one table of this border (rule 6)."""

from dataclasses import dataclass, replace
from enum import Enum

from gateway.errors import Paused, Permanent, Reason, Refused, Temporary
from gateway.flow.readers import ReaderDied
from gateway.flow.retry import Retry
from gateway.model import Event, Job, JobState
from gateway.outgoing.smarthost import Ambiguous
from gateway.spool.halts import WAITS
from gateway.spool.jobs import Conclusion

MOST_CRASHES = 3
_PAUSED_SECONDS = 60.0


class Credentials(Enum):
    """What a try tells of its lane's credentials; one that ended by rule did not ask (`UNASKED`)."""

    WORK = "work"
    REFUSED = "refused"
    UNKNOWN = "unknown"
    UNASKED = "unasked"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What to record of a try, and what it tells of the lane's credentials."""

    conclusion: Conclusion
    credentials: Credentials


def failed(job: Job, error: BaseException, retry: Retry, now: float) -> Verdict:
    """Judge a try that ended in an error; one outside the family is temporary."""
    match error:
        case Refused():
            return Verdict(_held(job, str(error)), Credentials.REFUSED)
        case Permanent():
            return Verdict(_parked(job, str(error), error.reason), Credentials.WORK)
        case ReaderDied():
            return Verdict(_crashed(job, str(error), retry, now), Credentials.UNKNOWN)
        case Paused():
            return Verdict(_waiting(job, str(error), now), Credentials.UNKNOWN)
        case Temporary():
            return Verdict(_again(job, error, retry, now), Credentials.UNKNOWN)
        case _:
            unexpected = Temporary(f"unexpected {type(error).__name__}: {error}")
            return Verdict(_again(job, unexpected, retry, now), Credentials.UNKNOWN)


def postponed(job: Job) -> Verdict:
    """Put a job back that was not tried, as the other side is down: it goes first again, and has lost nothing."""
    conclusion = Conclusion(
        JobState.QUEUED, next_at=job.created_at, attempts=job.attempts, crashes=job.crashes, detail=job.detail
    )
    return Verdict(conclusion, Credentials.UNKNOWN)


def _held(job: Job, reason: str) -> Conclusion:
    return Conclusion(
        JobState.HELD,
        events=(Event("held", {"reason": reason, "until": "new credentials work"}),),
        attempts=job.attempts,
        crashes=job.crashes,
        error=reason,
        hold="token",
        detail=job.detail,
    )


def _parked(job: Job, said: str, reason: Reason, *, crashes: int | None = None) -> Conclusion:
    return Conclusion(
        JobState.PARKED,
        events=(Event("parked", {"reason": said}),),
        attempts=job.attempts,
        crashes=job.crashes if crashes is None else crashes,
        error=said,
        reason=reason,
        detail=job.detail,
    )


def _again(job: Job, error: Temporary, retry: Retry, now: float) -> Conclusion:
    if retry.exhausted(job.created_at, now):
        return _parked(job, f"given up after {job.attempts + 1} tries; the last one: {error}", Reason.GIVEN_UP)
    seconds = retry.wait(job.attempts + 1, error.delay)
    queued = _queued(job, str(error), now + seconds, seconds, attempts=job.attempts + 1, crashes=job.crashes)
    if isinstance(error, Ambiguous):
        return replace(queued, events=(Event("ambiguous", {"reason": str(error)}), *queued.events))
    return queued


def _crashed(job: Job, reason: str, retry: Retry, now: float) -> Conclusion:
    crashes = job.crashes + 1
    if crashes >= MOST_CRASHES:
        said = f"{reason}, {crashes} times; the whole mail is kept"
        return _parked(job, said, Reason.READER_CRASHED, crashes=crashes)
    seconds = retry.wait(crashes)
    return _queued(job, reason, now + seconds, seconds, attempts=job.attempts, crashes=crashes)


def _waiting(job: Job, said: str, now: float) -> Conclusion:
    """Put a job back until a person resumes what it needs, which makes it due; it was not tried."""
    return Conclusion(
        JobState.QUEUED,
        next_at=now + _PAUSED_SECONDS,
        attempts=job.attempts,
        crashes=job.crashes,
        error=said,
        reason=WAITS,
        detail=job.detail,
    )


def _queued(job: Job, reason: str, next_at: float, seconds: float, *, attempts: int, crashes: int) -> Conclusion:
    return Conclusion(
        JobState.QUEUED,
        events=(Event("again later", {"reason": reason, "seconds": round(seconds, 1)}),),
        next_at=next_at,
        attempts=attempts,
        crashes=crashes,
        error=reason,
        detail=job.detail,
    )
