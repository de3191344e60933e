"""Who works on what: leases, fencing, conclusions, paused lanes, what a person may move."""

import time
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from gateway.errors import Permanent
from gateway.model import Event, Job, JobState, Receipt
from gateway.spool import acts, jobs, query
from gateway.spool.acts import Act, Order
from gateway.spool.jobs import Conclusion, LaneRoom
from gateway.spool.spool import Spool

Accept = Callable[..., Receipt]
FAR = 4_000_000_000.0


def mail(number: int) -> bytes:
    return b"Message-ID: <%d@x>\r\n\r\nhello\r\n" % number


def lease(spool: Spool, most: int = 10, now: float = FAR, seconds: float = 60.0) -> list[Job]:
    rooms = [LaneRoom("route:support", most), LaneRoom("route:sales", most)]
    return spool.change(partial(jobs.lease, rooms=rooms, most=most, seconds=seconds, at=now)).result()


def conclude(spool: Spool, job: Job, state: JobState, now: float = FAR, **values: Any) -> bool:
    end = Conclusion(state, **values)
    return spool.change(lambda connection: jobs.conclude(connection, job, end, now)).result()


def subjects(spool: Spool, name: str) -> list[str]:
    return spool.read(lambda connection: query.subjects(connection, name))


def states(spool: Spool) -> list[str]:
    return [row["state"] for row in spool.read(lambda connection: query.jobs(connection, [], "", 100))][::-1]


def test_a_job_is_leased_once_and_only_when_it_is_due(spool: Spool, accept: Accept) -> None:
    accept(mail(1))
    accept(mail(2))
    assert lease(spool, now=1.0) == []
    first = lease(spool, most=1)
    assert [job.route for job in first] == ["support"]
    assert len(lease(spool)) == 1
    assert lease(spool) == []


# A worker that was stopped past its lease finds that its result is not recorded (solid_queue 589, 778).
def test_a_late_result_does_not_overwrite_that_of_the_new_holder(spool: Spool, accept: Accept) -> None:
    accept(mail(1))
    (late,) = lease(spool, seconds=10)
    spool.change(lambda connection: jobs.recover(connection, FAR + 11)).result()
    (holder,) = lease(spool, now=FAR + 12)
    assert holder.lease == late.lease + 1
    assert not conclude(spool, late, JobState.PARKED, error="late", events=(Event("parked", {}),))
    assert conclude(spool, holder, JobState.DONE, result="7")
    assert not conclude(spool, late, JobState.PARKED, error="later still")
    (row,) = spool.read(lambda connection: query.jobs(connection, [], "", 10))
    assert (row["state"], row["result"], row.get("error")) == ("done", "7", None)
    trace = spool.read(lambda connection: query.trace(connection, holder.subject))
    assert trace is not None
    assert [event["step"] for event in trace["events"]] == ["accepted", "late result ignored", "late result ignored"]


# The disk was full when the result came: nobody else has begun it, so it need not, and must not, be done twice.
def test_a_late_result_counts_while_nobody_else_has_the_job(spool: Spool, accept: Accept) -> None:
    accept(mail(1))
    (late,) = lease(spool, seconds=10)
    spool.change(lambda connection: jobs.recover(connection, FAR + 11)).result()
    assert states(spool) == ["queued"]
    assert conclude(spool, late, JobState.DONE, result="7")
    assert states(spool) == ["done"]
    assert not conclude(spool, late, JobState.PARKED, error="again")


def test_a_lease_that_is_renewed_does_not_run_out(spool: Spool, accept: Accept) -> None:
    accept(mail(1))
    held = lease(spool, seconds=10)
    spool.change(partial(jobs.renew, jobs=held, seconds=100.0, at=FAR)).result()
    spool.change(lambda connection: jobs.recover(connection, FAR + 50)).result()
    assert states(spool) == ["working"]


# A node that stops in order: what it leased and did not begin is not waited for.
def test_what_was_leased_and_not_tried_is_given_back_to_be_taken_at_once(spool: Spool, accept: Accept) -> None:
    accept(mail(1))
    accept(mail(2))
    untried, tried = lease(spool)
    assert conclude(spool, tried, JobState.DONE, result="7")
    spool.change(partial(jobs.give_back, jobs=[untried, tried])).result()
    assert states(spool) == ["queued", "done"]
    (again,) = lease(spool)
    spool.change(partial(jobs.give_back, jobs=[untried])).result()
    assert (again.id, again.lease) == (untried.id, untried.lease + 1)
    assert states(spool) == ["working", "done"]


def test_a_lane_gives_no_more_than_it_has_room_for_and_its_newest_first_if_told(spool: Spool, accept: Accept) -> None:
    for number in range(4):
        accept(mail(number))
    accept(mail(9), "sales")

    def take(*rooms: LaneRoom, most: int = 10) -> list[int]:
        taken = partial(jobs.lease, rooms=rooms, most=most, seconds=60.0, at=FAR)
        return [job.id for job in spool.change(taken).result()]

    assert take(LaneRoom("route:support", 1, newest=True)) == [4]
    assert take(LaneRoom("route:support", 2), LaneRoom("route:sales", 2)) == [1, 2, 5]
    assert take(LaneRoom("route:sales", 2), LaneRoom("route:support", 2), most=0) == []


# The clock was set back by a day after they were made: their turn must not lie a day ahead.
def test_jobs_whose_turn_a_clock_moved_far_ahead_are_due(spool: Spool, accept: Accept) -> None:
    accept(mail(1))
    (job,) = lease(spool)
    conclude(spool, job, JobState.QUEUED, next_at=time.time() + 86_400)
    assert spool.change(partial(jobs.unstall, furthest=90_000.0)).result() == 0
    assert spool.change(partial(jobs.unstall, furthest=36_000.0)).result() == 1
    assert len(lease(spool, now=time.time() + 1)) == 1


def test_a_start_puts_back_what_a_dead_worker_held(url: str, spool: Spool, accept: Accept) -> None:
    accept(mail(1))
    lease(spool, seconds=-FAR)
    spool.close()
    again = Spool(url)
    assert states(again) == ["working"]
    again.own()
    assert states(again) == ["queued"]
    again.close()


def test_a_job_that_is_to_wait_waits(spool: Spool, accept: Accept) -> None:
    accept(mail(1))
    (job,) = lease(spool)
    conclude(spool, job, JobState.QUEUED, next_at=FAR + 60, attempts=1, detail={"smaller": True})
    assert lease(spool, now=FAR + 59) == []
    (again,) = lease(spool, now=FAR + 61)
    assert (again.attempts, again.detail) == (1, {"smaller": True})


def test_a_paused_lane_holds_what_it_has_and_what_comes(spool: Spool, accept: Accept) -> None:
    for number in range(3):
        accept(mail(number))
    accept(mail(9), "sales")
    job = lease(spool, most=1)[0]
    assert spool.change(lambda connection: jobs.pause_lane(connection, "route:support", "401", FAR, FAR + 60)).result()
    assert not spool.change(
        lambda connection: jobs.pause_lane(connection, "route:support", "401", FAR, FAR + 60)
    ).result()
    conclude(spool, job, JobState.HELD, hold="token")
    accept(mail(4))
    assert states(spool) == ["held", "held", "held", "queued", "held"]
    assert [leased.route for leased in lease(spool)] == ["sales"]
    (probe,) = spool.change(partial(jobs.probe, lane="route:support", seconds=60.0, next_probe=FAR)).result()
    assert probe.id == 1
    assert spool.change(lambda connection: jobs.resume_lane(connection, "route:support", FAR)).result()
    assert states(spool) == ["working", "queued", "queued", "working", "queued"]
    assert spool.read(query.pauses) == []


# What a person holds or parks is not let go by a token that works again.
def test_resuming_leaves_what_a_person_set_aside(spool: Spool, accept: Accept) -> None:
    accept(mail(1))
    spool.change(partial(acts.carry_out, order=Order(Act.PARK, reason="wait"), ids=[1], now=FAR)).result()
    spool.change(lambda connection: jobs.pause_lane(connection, "route:support", "401", FAR, FAR)).result()
    spool.change(lambda connection: jobs.resume_lane(connection, "route:support", FAR)).result()
    assert states(spool) == ["parked"]


# Rule 4: retention removes what is done or discarded and old, and never what is parked, waiting or kept.
def test_retention_forgets_only_what_is_finished(spool: Spool, accept: Accept) -> None:
    large = b"x" * 600_000
    names = [accept(mail(number) + large).id for number in range(5)]
    done, parked, kept, waiting, discarded = lease(spool)
    conclude(spool, done, JobState.DONE, result="1")
    conclude(spool, parked, JobState.PARKED, error="422")
    conclude(spool, kept, JobState.DONE, result="2", keep=True)
    conclude(spool, waiting, JobState.QUEUED, next_at=FAR + 60)
    conclude(spool, discarded, JobState.DISCARDED)
    assert spool.forget(1.0, 1.0) == 0
    assert spool.forget(FAR, 1.0) == 2
    assert set(spool.bodies.names()) == {names[1], names[2], names[3]}
    with pytest.raises(Permanent, match="not in the spool any more"), spool.raw(names[0]):
        pytest.fail("it was forgotten")
    assert spool.read(lambda connection: query.mail_of_errand(connection, "1", ["support"])) is not None
    assert spool.forget(FAR, FAR) == 2
    left = {row["mail_id"] for row in spool.read(lambda connection: query.jobs(connection, [], "", 100))}
    assert left == {names[1], names[2], names[3]}


def test_everything_is_found_by_each_of_its_names(spool: Spool, accept: Accept) -> None:
    name = accept(mail(1)).id
    (job,) = lease(spool)
    conclude(spool, job, JobState.DONE, result="511055", mail={"message_id": "<1@x>", "subject": "hello"})
    for known_as in (name, name.lower(), str(job.id), "<1@x>", "1@x", "#511055"):
        assert subjects(spool, known_as) == [name], known_as
    assert subjects(spool, "nonsense") == []
