"""What a person does with jobs: moved, changed, undone, written down; what is paused stays so."""

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from gateway import operate
from gateway.errors import Permanent, Reason
from gateway.model import JobState, Receipt
from gateway.spool import acts, audit, halts, jobs, parked, query
from gateway.spool.acts import Act, Moved, Order
from gateway.spool.audit import Who
from gateway.spool.spool import Spool
from tests.spool.test_jobs import FAR, conclude, lease, mail, states

Accept = Callable[..., Receipt]
Undo = Callable[[int | None], Moved]
ANNA = Who("anna", "console", "192.0.2.1")


@pytest.fixture
def do(spool: Spool) -> Callable[..., Moved]:
    """Have Anna do something with jobs."""

    def done(act: Act, *ids: int, **more: Any) -> Moved:
        return spool.change(partial(acts.carry_out, order=Order(act, ANNA, **more), ids=ids, now=FAR)).result()

    return done


@pytest.fixture
def undo(spool: Spool) -> Undo:
    return lambda number: spool.change(partial(acts.undo, number=number or 0, who=ANNA, now=FAR)).result()


def job(spool: Spool, number: int = 1) -> dict[str, Any]:
    (row,) = spool.read(partial(query.jobs_of, name=str(number)))
    return row


def steps(spool: Spool, name: str) -> list[tuple[str, dict[str, Any]]]:
    trace = spool.read(partial(query.trace, subject=name))
    assert trace is not None
    return [(step["step"], step["detail"]) for step in trace["events"]]


def park(spool: Spool, reason: Reason = Reason.DOCUMENT_REFUSED) -> None:
    """Have the one job that is due parked."""
    (leased,) = lease(spool, most=1)
    assert conclude(spool, leased, JobState.PARKED, error="422", reason=reason, attempts=3, detail={"smaller": True})


def test_a_person_moves_only_what_is_in_a_state_for_it(spool: Spool, accept: Accept, do: Callable[..., Moved]) -> None:
    accept(mail(1))
    accept(mail(2))
    lease(spool, most=1)
    assert do(Act.DISCARD, 1, 2, 99, reason="spam").jobs == [2]
    assert states(spool) == ["working", "discarded"]


# A search finds what is long done as well: its errand is made, and there is nothing to discard.
def test_of_what_is_done_there_is_only_a_kept_mail_to_discard(
    spool: Spool, accept: Accept, do: Callable[..., Moved]
) -> None:
    for number, keep in ((1, False), (2, True)):
        accept(mail(number))
        (leased,) = lease(spool)
        conclude(spool, leased, JobState.DONE, result=str(number), keep=keep)
    assert spool.read(partial(acts.movable, act=Act.DISCARD, ids=[2, 1])) == [2]
    assert do(Act.DISCARD, 1, 2).jobs == [2]
    assert not job(spool, 2)["keep"]


def test_the_trace_and_the_audit_tell_who_did_what_when_and_why(
    spool: Spool, accept: Accept, do: Callable[..., Moved]
) -> None:
    name = accept(mail(1)).id
    number = do(Act.HOLD, 1, reason="wait for legal", target="1").number
    assert steps(spool, name)[-1] == ("held", {"by": "anna", "act": number, "reason": "wait for legal"})
    (row,) = spool.read(audit.page).rows
    assert {key: row[key] for key in ("who", "way", "address", "act", "target", "reason", "jobs", "at")} == {
        "who": "anna",
        "way": "console",
        "address": "192.0.2.1",
        "act": "hold",
        "target": "1",
        "reason": "wait for legal",
        "jobs": 1,
        "at": FAR,
    }


# An act upon nothing is not one.
def test_what_moves_nothing_is_not_written_down(spool: Spool, do: Callable[..., Moved]) -> None:
    assert do(Act.RETRY, 7) == (None, [])
    assert spool.read(audit.page).rows == []


def test_an_act_on_many_is_one_act(spool: Spool, accept: Accept, do: Callable[..., Moved]) -> None:
    for number in range(3):
        accept(mail(number))
    first = do(Act.HOLD, 1, 2)
    order = Order(Act.HOLD, ANNA)
    rest = spool.change(partial(acts.carry_out, order=order, ids=[3], now=FAR, number=first.number)).result()
    assert rest == (first.number, [3])
    (row,) = spool.read(audit.page).rows
    assert row["jobs"] == 3


# Everything is as it was, the tries and the reason as well: the trace alone tells that there was something.
@pytest.mark.parametrize("act", [Act.RETRY, Act.DISCARD, Act.HOLD, Act.EDIT])
def test_an_act_is_undone_to_the_last_column(
    act: Act, spool: Spool, accept: Accept, do: Callable[..., Moved], undo: Undo
) -> None:
    name = accept(mail(1)).id
    park(spool)
    before = job(spool)
    done = do(act, 1, **({"fields": {"subject": "another"}} if act is Act.EDIT else {}))
    assert job(spool) != before
    assert undo(done.number).jobs == [1]
    assert job(spool) == before
    assert [step for step, _ in steps(spool, name)][-1] == "undone"
    assert [row["act"] for row in spool.read(audit.page).rows] == ["undo", act.value]
    with pytest.raises(Permanent, match="undone already"):
        undo(done.number)


# The mail may have left by then, whatever became of it.
def test_what_somebody_has_begun_since_is_not_undone(
    spool: Spool, accept: Accept, do: Callable[..., Moved], undo: Undo
) -> None:
    accept(mail(1))
    park(spool)
    number = do(Act.RETRY, 1).number
    (leased,) = lease(spool)
    for _ in range(2):
        with pytest.raises(Permanent, match="nothing of act"):
            undo(number)
        conclude(spool, leased, JobState.QUEUED, next_at=FAR + 60)
    assert states(spool) == ["queued"]


def test_of_many_those_are_undone_that_nobody_has_begun(
    spool: Spool, accept: Accept, do: Callable[..., Moved], undo: Undo
) -> None:
    accept(mail(1))
    accept(mail(2))
    do(Act.HOLD, 1, 2)
    number = do(Act.RELEASE, 1, 2).number
    lease(spool, most=1, now=FAR + 1)
    assert spool.read(partial(acts.undoable, number=number or 0)) == 1
    assert undo(number).jobs == [2]
    assert states(spool) == ["working", "held"]


# Ten thousand in one change would keep mails from their commit; a name may stand twice, and means one job.
def test_many_are_moved_and_put_back_some_at_a_time(
    spool: Spool, accept: Accept, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(acts, "AT_ONCE", 2)
    for number in range(5):
        accept(mail(number))
    changes = spy(spool, monkeypatch)
    held = operate.hold(spool, ["1", "2", "3", "4", "5", "1"], "later", ANNA)
    assert (held.jobs, held.left, states(spool)) == ([1, 2, 3, 4, 5], [], ["held"] * 5)
    assert len(changes) == 3
    undone = operate.undo(spool, held.number or 0, ANNA)
    assert (undone.jobs, states(spool)) == ([1, 2, 3, 4, 5], ["queued"] * 5)
    assert len(changes) == 3 + 4
    assert [(row["act"], row["jobs"]) for row in spool.read(audit.page).rows] == [("undo", 5), ("hold", 5)]


def spy(spool: Spool, monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """Have each change noted that the spool is asked for."""
    changes: list[object] = []
    real = spool.change

    def noted(change: Any) -> Any:
        changes.append(change)
        return real(change)

    monkeypatch.setattr(spool, "change", noted)
    return changes


# Its sender has sent it again meanwhile, and it is in the route that it had: it cannot be there twice.
def test_what_has_come_again_meanwhile_is_left_where_it_is(spool: Spool, accept: Accept, undo: Undo) -> None:
    for number in (1, 2):
        accept(mail(number))
        park(spool)
    moved = operate.retry(spool, ["1", "2"], ANNA, route="sales")
    accept(mail(1))
    assert undo(moved.number).jobs == [2]
    assert (job(spool, 1)["route"], job(spool, 2)["route"], job(spool, 3)["route"]) == ("sales", "support", "support")


# A hold that was undone after a discard would bring back what was discarded.
def test_an_act_is_undone_before_those_that_came_before_it(
    spool: Spool, accept: Accept, do: Callable[..., Moved], undo: Undo
) -> None:
    accept(mail(1))
    hold, discard = do(Act.HOLD, 1).number, do(Act.DISCARD, 1).number
    with pytest.raises(Permanent, match="moved again"):
        undo(hold)
    undo(discard)
    assert undo(hold).jobs == [1]
    assert states(spool) == ["queued"]


def test_a_mail_is_retried_in_another_route_and_put_back(
    spool: Spool, accept: Accept, do: Callable[..., Moved], undo: Undo
) -> None:
    accept(mail(1))
    park(spool)
    before = job(spool)
    number = do(Act.RETRY, 1, route="sales").number
    after = job(spool)
    assert (after["route"], after["lane"], after["detail"]["came_to"]) == ("sales", "route:sales", "sales")
    assert [leased.route for leased in lease(spool, now=1.0)] == []
    undo(number)
    assert job(spool) == before


# It would be two errands of one mail at the route that it is in already.
def test_a_mail_that_is_in_the_other_route_already_ends(spool: Spool, accept: Accept, do: Callable[..., Moved]) -> None:
    name = accept(mail(1), "support", "sales").id
    do(Act.RETRY, 1, route="sales")
    assert states(spool) == ["discarded", "queued"]
    assert steps(spool, name)[-1] == ("discarded", {"reason": 'the mail is in route "sales" already'})


def test_what_is_edited_is_kept_with_the_job_and_not_in_the_audit(
    spool: Spool, accept: Accept, do: Callable[..., Moved]
) -> None:
    accept(mail(1))
    park(spool)
    do(Act.EDIT, 1, fields={"subject": "first", "body": "secret"})
    do(Act.HOLD, 1)
    do(Act.EDIT, 1, fields={"subject": "second"})
    assert job(spool)["detail"]["edited"] == {"subject": "second", "body": "secret"}
    assert [row["detail"] for row in spool.read(audit.page).rows] == [
        *({"fields": ["subject"]}, {}, {"fields": ["body", "subject"]}),
    ]
    assert job(spool)["state"] == "queued"


def test_what_waits_for_a_person_is_grouped_by_its_reason(
    spool: Spool, accept: Accept, do: Callable[..., Moved]
) -> None:
    for reason in (Reason.DOCUMENT_REFUSED, Reason.TOO_LARGE, Reason.DOCUMENT_REFUSED):
        accept(mail(len(states(spool))))
        park(spool, reason)
    accept(mail(7))
    accept(mail(8))
    do(Act.HOLD, 4)
    spool.change(partial(jobs.pause_lane, lane="route:support", reason="401", now=FAR, next_probe=FAR)).result()
    assert [(one.state, one.reason, one.count) for one in spool.read(parked.groups)] == [
        (JobState.PARKED, Reason.DOCUMENT_REFUSED, 2),
        (JobState.PARKED, Reason.TOO_LARGE, 1),
        (JobState.HELD, Reason.HELD_BY_HAND, 1),
        (JobState.HELD, Reason.UNAUTHORISED, 1),
    ]
    found = {reason: spool.read(partial(parked.waiting, reason=reason, below=None, most=10)) for reason in Reason}
    assert {reason: ids for reason, ids in found.items() if ids} == {
        Reason.DOCUMENT_REFUSED: [3, 1],
        Reason.TOO_LARGE: [2],
        Reason.HELD_BY_HAND: [4],
        Reason.UNAUTHORISED: [5],
    }


# An older program, or a newer one, may have parked it for a reason that this one does not know.
def test_an_unknown_reason_is_another_one(spool: Spool, accept: Accept) -> None:
    accept(mail(1))
    (leased,) = lease(spool)
    conclude(spool, leased, JobState.PARKED, reason="of-tomorrow")
    assert [one.reason for one in spool.read(parked.groups)] == [Reason.OTHER]
    assert spool.read(partial(parked.waiting, reason=Reason.OTHER, below=None, most=10)) == [1]


def test_what_is_paused_stays_so_until_it_is_resumed(url: str, spool: Spool) -> None:
    paused = partial(halts.pause, name="route:support", who=ANNA, reason="new form", now=5.0)
    assert spool.change(paused).result()
    assert not spool.change(partial(paused, reason="again")).result()
    spool.close()
    again = Spool(url)
    try:
        assert again.read(halts.halted)["route:support"] == {
            "name": "route:support",
            "since": 5.0,
            "who": "anna",
            "reason": "new form",
        }
        resumed = partial(halts.resume, name="route:support", who=ANNA, now=6.0)
        assert [again.change(resumed).result() for _ in range(2)] == [True, False]
        assert again.read(halts.halted) == {}
        assert [row["act"] for row in again.read(audit.page).rows] == ["resume", "pause"]
    finally:
        again.close()


def test_what_waited_for_a_smarthost_is_due_when_it_is_resumed(spool: Spool, accept: Accept) -> None:
    accept(mail(1))
    (leased,) = lease(spool)
    spool.change(partial(halts.pause, name="smarthost:a", who=ANNA, reason="", now=FAR)).result()
    conclude(spool, leased, JobState.QUEUED, next_at=FAR + 60, reason=halts.WAITS)
    assert lease(spool) == []
    spool.change(partial(halts.resume, name="smarthost:a", who=ANNA, now=FAR)).result()
    assert len(lease(spool)) == 1


def test_acts_of_long_ago_are_forgotten(spool: Spool, accept: Accept, do: Callable[..., Moved]) -> None:
    accept(mail(1))
    do(Act.HOLD, 1)
    assert spool.change(partial(audit.forget, before=FAR, most=10)).result() == 0
    assert spool.change(partial(audit.forget, before=FAR + 1, most=10)).result() == 1
    assert spool.read(audit.page).rows == []
