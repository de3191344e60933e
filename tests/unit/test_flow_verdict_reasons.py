"""Why a job is parked, in a word, from the error that a try ended in."""

from datetime import UTC, datetime

import pytest

from gateway.cention.node import Malformed
from gateway.cention.status import error_for
from gateway.cention.validity import Invalid
from gateway.errors import Paused, Permanent, Reason, Temporary, TooLarge
from gateway.flow.readers import ReaderDied
from gateway.flow.retry import Retry
from gateway.flow.verdict import MOST_CRASHES, failed
from gateway.model import Job, JobKind, JobState
from gateway.spool.halts import WAITS

RETRY = Retry(1.0, 2.0, 100.0)
NOW = 1000.0


def job(created_at: float = NOW, crashes: int = 0) -> Job:
    return Job(1, JobKind.ERRAND, "x", "support", "route:support", 1, 4, crashes, created_at, {"smaller": True})


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (error_for(422, {}, b"", datetime.now(UTC)), Reason.DOCUMENT_REFUSED),
        (error_for(413, {}, b"", datetime.now(UTC)), Reason.TOO_LARGE),
        (TooLarge("x"), Reason.TOO_LARGE),
        (Invalid("msg.from", "x", "Create"), Reason.DOCUMENT_INVALID),
        (Malformed("/data", "x"), Reason.ANSWER_UNREADABLE),
        (Permanent("x", reason=Reason.NO_RECIPIENT), Reason.NO_RECIPIENT),
        (Permanent("x"), Reason.OTHER),
    ],
)
def test_a_permanent_error_parks_with_its_reason(error: Exception, reason: Reason) -> None:
    end = failed(job(), error, RETRY, NOW).conclusion
    assert (end.state, end.reason, end.error) == (JobState.PARKED, reason, str(error))


def test_what_is_given_up_or_crashed_has_a_reason_of_its_own() -> None:
    late = failed(job(created_at=0.0), Temporary("down"), RETRY, NOW).conclusion
    crashed = failed(job(crashes=MOST_CRASHES - 1), ReaderDied("died"), RETRY, NOW).conclusion
    assert [(one.state, one.reason) for one in (late, crashed)] == [
        (JobState.PARKED, Reason.GIVEN_UP),
        (JobState.PARKED, Reason.READER_CRASHED),
    ]


# A pause of a week is nobody's failure: no try is lost, and nothing given up.
def test_what_a_person_has_paused_is_waited_for_without_a_try() -> None:
    end = failed(job(created_at=0.0), Paused("a person has paused it"), RETRY, NOW).conclusion
    assert (end.state, end.reason, end.attempts, end.detail) == (JobState.QUEUED, WAITS, 4, {"smaller": True})
    assert end.next_at > NOW
    assert end.events == ()
