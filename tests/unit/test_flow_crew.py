"""Who has which job in hand, and for how long it can be theirs."""

import time
from types import SimpleNamespace
from typing import Any, cast

import pytest

from gateway.flow.attempt import Attempt
from gateway.flow.crew import Crew
from gateway.model import Job, JobKind

JOB = Job(1, JobKind.ERRAND, "01", "support", "route:support", 1, 0, 0, 0.0, {})


@pytest.fixture
def attempt() -> Attempt:
    around = SimpleNamespace(settings=SimpleNamespace(worker=SimpleNamespace(lease=120.0)))
    return Attempt(JOB, cast("Any", around), "token", time.monotonic())


# A node that was stopped for longer than its leases: another one has its jobs, and has called for them.
def test_a_job_whose_lease_may_have_run_out_is_late(attempt: Attempt, monkeypatch: pytest.MonkeyPatch) -> None:
    crew, began = Crew(), time.monotonic()
    assert not crew.is_late(attempt)
    monkeypatch.setattr(time, "monotonic", lambda: began + 121)
    assert crew.is_late(attempt)


def test_a_job_whose_lease_was_renewed_is_not_late(attempt: Attempt, monkeypatch: pytest.MonkeyPatch) -> None:
    crew, began = Crew(), time.monotonic()
    crew.renewed_at = began + 60
    monkeypatch.setattr(time, "monotonic", lambda: began + 121)
    assert not crew.is_late(attempt)
