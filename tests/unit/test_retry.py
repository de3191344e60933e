"""When to try again, and what an error of a try means for its job."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway import errors
from gateway.errors import Full, GatewayError, Paused, Permanent, Refused, SettingsError, Temporary, TooLarge
from gateway.flow.readers import ReaderDied
from gateway.flow.retry import Retry
from gateway.flow.verdict import Credentials, failed
from gateway.model import Job, JobKind, JobState

RETRY = Retry(60.0, 3600.0, 5 * 86400.0)
NOW = 1_000_000.0


def job(attempts: int = 0, crashes: int = 0, age: float = 0.0) -> Job:
    detail = {"smaller": True}
    return Job(1, JobKind.ERRAND, "M", "support", "route:support", 1, attempts, crashes, NOW - age, detail)


# 1 minute at first, twice as long each time, never over an hour and a quarter, however often.
@given(attempts=st.integers(1, 10_000))
def test_waits_double_up_to_the_most_with_jitter(attempts: int) -> None:
    exact = min(3600.0, 60.0 * 2.0 ** min(attempts - 1, 60))
    assert exact <= RETRY.wait(attempts) <= 1.25 * exact


def test_jobs_that_failed_together_do_not_come_back_together() -> None:
    assert len({RETRY.wait(1) for _ in range(20)}) > 10


def test_what_the_other_side_asked_for_is_the_least() -> None:
    assert RETRY.wait(1, timedelta(seconds=500)) == 500
    assert RETRY.wait(1, timedelta(seconds=1)) >= 60


@pytest.mark.parametrize(
    ("error", "state", "credentials"),
    [
        (Temporary("503"), JobState.QUEUED, Credentials.UNKNOWN),
        (Full("disk"), JobState.QUEUED, Credentials.UNKNOWN),
        (Permanent("422"), JobState.PARKED, Credentials.WORK),
        (TooLarge("413"), JobState.PARKED, Credentials.WORK),
        (Refused("401"), JobState.HELD, Credentials.REFUSED),
        (ReaderDied("took too long"), JobState.QUEUED, Credentials.UNKNOWN),
        (SettingsError(["file is empty"]), JobState.QUEUED, Credentials.UNKNOWN),
        (KeyError("a bug"), JobState.QUEUED, Credentials.UNKNOWN),
    ],
)
def test_each_error_has_its_verdict(error: Exception, state: JobState, credentials: Credentials) -> None:
    verdict = failed(job(), error, RETRY, NOW)
    assert (verdict.conclusion.state, verdict.credentials) == (state, credentials)
    assert verdict.conclusion.detail == {"smaller": True}
    assert verdict.conclusion.events


# What a person has paused is no failure: it neither counts as a try, nor fills the trace while it lasts.
def test_what_is_paused_waits_without_a_word() -> None:
    end = failed(job(attempts=2), Paused("a person has paused the smarthost"), RETRY, NOW).conclusion
    assert (end.state, end.attempts, end.events) == (JobState.QUEUED, 2, ())
    assert end.next_at > NOW


def test_the_verdicts_know_the_whole_family() -> None:
    family = {kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, GatewayError)}
    assert family == {GatewayError, Temporary, Permanent, TooLarge, Refused, Full, Paused, SettingsError}


def test_a_temporary_failure_counts_and_waits() -> None:
    end = failed(job(attempts=2), Temporary("503", timedelta(seconds=7000)), RETRY, NOW).conclusion
    assert (end.attempts, end.next_at) == (3, NOW + 7000)


def test_after_the_window_a_job_is_parked_with_its_last_reason() -> None:
    end = failed(job(attempts=50, age=6 * 86400), Temporary("503"), RETRY, NOW).conclusion
    assert end.state is JobState.PARKED
    assert end.error == "given up after 51 tries; the last one: 503"


def test_a_mail_that_ends_its_reader_three_times_is_parked() -> None:
    ends = [failed(job(crashes=number), ReaderDied("hung"), RETRY, NOW).conclusion for number in range(3)]
    assert [(end.state, end.crashes) for end in ends] == [
        (JobState.QUEUED, 1),
        (JobState.QUEUED, 2),
        (JobState.PARKED, 3),
    ]


def test_refused_credentials_count_neither_as_try_nor_as_crash() -> None:
    end = failed(job(attempts=2, crashes=1), Refused("401"), RETRY, NOW).conclusion
    assert (end.attempts, end.crashes, end.hold) == (2, 1, "token")
