"""Jobs that keep copies of answers: made with the record of the sending, each once, the same on each store."""

import asyncio
from functools import partial
from typing import Any

from gateway.model import Job, JobKind, JobState
from gateway.spool import jobs, query
from gateway.spool.jobs import LaneRoom
from gateway.spool.retention import forget_content
from gateway.spool.spool import Spool
from tests.spool.test_jobs import FAR, conclude


def take(spool: Spool, lane: str, now: float = FAR) -> Job:
    (job,) = spool.change(partial(jobs.lease, rooms=[LaneRoom(lane, 1)], most=1, seconds=60.0, at=now)).result()
    return job


def answer(spool: Spool) -> Job:
    """Take in a callback, and take its job."""
    asyncio.run(spool.accept_callback("demo", "i", "7", b"{}", {}, work=True))
    return take(spool, "workspace:demo")


def copies(spool: Spool, callback: str) -> list[dict[str, Any]]:
    rows = spool.read(lambda connection: query.jobs_of(connection, callback))
    return sorted((row for row in rows if row["kind"] == "copy"), key=lambda row: str(row["lane"]))


def test_the_record_of_a_sending_makes_a_job_for_each_copy(spool: Spool) -> None:
    sent = answer(spool)
    conclude(spool, sent, JobState.DONE, route="support", copies=("archive", "sent"))
    assert [(row["lane"], row["state"], row["route"]) for row in copies(spool, sent.subject)] == [
        ("copy:archive", "queued", "support"),
        ("copy:sent", "queued", "support"),
    ]
    job = take(spool, "copy:sent", FAR + 1)
    assert (job.kind, job.subject, job.lease) == (JobKind.COPY, sent.subject, 1)


# Recipients that were refused for now get it later: that is no other answer.
def test_an_answer_that_is_sent_in_parts_is_copied_once(spool: Spool) -> None:
    first = answer(spool)
    conclude(spool, first, JobState.QUEUED, copies=("sent",))
    conclude(spool, take(spool, "workspace:demo", FAR + 1), JobState.DONE, copies=("sent", "archive"))
    assert [row["lane"] for row in copies(spool, first.subject)] == ["copy:archive", "copy:sent"]


# Whoever records too late has not sent it as far as the spool knows: the other one makes the copy.
def test_a_late_record_makes_no_copies(spool: Spool) -> None:
    late = answer(spool)
    spool.change(lambda connection: jobs.recover(connection, FAR + 61)).result()
    take(spool, "workspace:demo", FAR + 62)
    assert not conclude(spool, late, JobState.DONE, copies=("sent",))
    assert copies(spool, late.subject) == []


def test_an_answer_is_kept_as_long_as_its_copy_is_not_made(spool: Spool) -> None:
    sent = answer(spool)
    conclude(spool, sent, JobState.DONE, copies=("sent",))
    forget = partial(forget_content, before=2 * FAR, most=10)
    assert spool.change(forget).result().count == 0
    conclude(spool, take(spool, "copy:sent", FAR + 1), JobState.DONE)
    assert spool.change(forget).result().count == 1
