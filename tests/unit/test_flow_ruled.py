"""What rules made of a mail, on to its job: how it is seen when it is tried again, and what is concluded."""

from typing import Any

import pytest

from gateway.flow.inbound import Prepared, Ruled
from gateway.flow.ruled import afterwards, arrived, set_aside
from gateway.model import Job, JobKind, JobState
from gateway.plan import plan
from gateway.route.outcome import Create, Discard, Disposition, Hold, Trial
from tests.rulings import settings

RULE = '[[rule]]\nname = "one"'
TRIAL = Trial("one", matched=True, why=("it has no conditions",), did=("hold",))


def job(route: str = "support", **detail: Any) -> Job:
    return Job(1, JobKind.ERRAND, "01M", route, f"route:{route}", 1, 2, 1, 0.0, detail)


def prepared(disposition: Disposition, route: str = "support", reference: str = "") -> Prepared:
    ruled = Ruled(route, ("archive",), disposition, reference, (TRIAL,))
    return Prepared(b"", 0, "<1@x>", "hello", "a@b.example", (), 0, (), (), ruled)


def test_a_mail_is_seen_as_it_came_wherever_it_was_moved() -> None:
    around = plan(settings(RULE), "test").around
    recipients = ["a@b.example", "Support+x@example.com", "sales@example.com"]
    seen = arrived(job("sales", came_to="support"), "", recipients, around)
    assert (seen.route, seen.recipients, seen.reverse_path) == ("support", ("Support+x@example.com",), "")
    assert not seen.further
    assert not seen.released
    assert arrived(job("archive", further=True), "a@b.example", recipients, around).recipients == tuple(recipients)


# It is in the other route by now, and there is none that it could go back to.
def test_a_moved_mail_stays_where_it_is_when_the_route_that_it_came_to_is_gone() -> None:
    seen = arrived(job("sales", came_to="gone"), "", [], plan(settings(RULE), "test").around)
    assert seen.route == "sales"


@pytest.mark.parametrize(
    ("disposition", "state", "hold", "also"),
    [
        (Hold("wait", "one"), JobState.HELD, "rule", ()),
        (Discard("no", "one"), JobState.DISCARDED, None, ("archive",)),
    ],
)
def test_what_is_set_aside_keeps_its_count_of_tries_and_goes_on_when_a_person_says_so(
    disposition: Disposition, state: JobState, hold: str | None, also: tuple[str, ...]
) -> None:
    end = set_aside(job(came_to="x"), prepared(disposition))
    assert end is not None
    assert (end.state, end.hold, end.also, end.attempts, end.crashes) == (state, hold, also, 2, 1)
    assert end.detail == {"came_to": "x", "released": True}
    assert [event.step for event in end.events] == ["rule", state]


def test_a_moved_job_remembers_the_route_that_it_came_to_first() -> None:
    for detail in ({}, {"came_to": "support"}):
        end = set_aside(job("sales" if detail else "support", **detail), prepared(Create(), "archive"))
        assert end is not None
        assert (end.state, end.route, end.error) == (JobState.QUEUED, "archive", None)
        assert end.detail == {"came_to": "support"}


def test_a_job_that_is_where_rules_want_it_goes_on() -> None:
    assert set_aside(job(), prepared(Create())) is None
    assert set_aside(job(), Prepared(b"{}", 2, "", "", "", (), 0, (), ())) is None


def test_what_an_errand_may_be_ended_by_is_remembered() -> None:
    assert afterwards(prepared(Create(), reference="17")) == {"also": ("archive",), "detail": {"reference": "17"}}
    assert afterwards(Prepared(b"{}", 2, "", "", "", (), 0, (), ())) == {}
