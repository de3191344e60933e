"""Moving a spool to another store: all of it, also in two goes, and never over what has been worked on."""

import asyncio
import time
from collections.abc import Iterator
from functools import partial
from typing import Any

import pytest
from sqlalchemy import select

from gateway.errors import Permanent
from gateway.model import Event, JobState
from gateway.spool import acts, audit, halts, jobs
from gateway.spool.accept import BLOB_THRESHOLD
from gateway.spool.acts import Act, Order
from gateway.spool.audit import Who
from gateway.spool.copy import copy
from gateway.spool.inspect import inspect
from gateway.spool.jobs import Conclusion, LaneRoom
from gateway.spool.spool import Spool
from gateway.spool.tables import metadata
from tests.spool.conftest import STORES, accepted, content

LARGE = 2 * BLOB_THRESHOLD


def mail(number: int, size: int = 10) -> bytes:
    return b"Message-ID: <%d@x>\r\n\r\n" % number + b"x" * size


@pytest.fixture(params=STORES)
def pair(request: pytest.FixtureRequest) -> Iterator[tuple[Spool, Spool]]:
    """A spool with all that there may be, and an empty one on the other store."""
    other = STORES[1 - STORES.index(request.param)]
    source, target = (Spool(request.getfixturevalue(f"{kind}_url")) for kind in (request.param, other))
    work(source)
    yield source, target
    source.close()
    target.close()


def work(spool: Spool) -> None:
    for number in range(210):
        asyncio.run(accepted(spool, mail(number, LARGE if number % 100 == 0 else 10)))
    asyncio.run(spool.accept_callback("demo", "i", "7", b"{}", {"answer": 1}, work=True))
    sent = {
        "message_id": "<r@x>",
        "callback_id": "c",
        "errand": "7",
        "route": "",
        "recipients": ["a@b"],
        "sent_at": 1.5,
    }
    done, held = lease(spool, 2)
    end = Conclusion(
        JobState.DONE, (Event("created", {"errand": "7"}),), result="7", mail={"thread": ["<0@x>"]}, sent=sent
    )
    conclude(spool, done, end)
    conclude(spool, held, Conclusion(JobState.HELD, hold="token", error="401"))
    spool.change(partial(jobs.pause_lane, lane="route:sales", reason="401", now=1.0, next_probe=2.0)).result()


def lease(spool: Spool, most: int) -> list[Any]:
    rooms = [LaneRoom("route:support", most)]
    return spool.change(partial(jobs.lease, rooms=rooms, most=most, seconds=60.0)).result()


def conclude(spool: Spool, job: Any, end: Conclusion) -> None:
    assert spool.change(partial(jobs.conclude, done=job, end=end, now=time.time())).result()


def everything(spool: Spool) -> dict[str, list[dict[str, Any]]]:
    """All rows of all tables, but the chunks of bodies and what an index is built from anew."""
    tables = [table for table in metadata.sorted_tables if table.name not in {"chunk", "unindexed"}]

    def rows(connection: Any, table: Any) -> list[dict[str, Any]]:
        return [dict(row) for row in connection.execute(select(table).order_by(*table.primary_key.columns)).mappings()]

    return {table.name: spool.read(partial(rows, table=table)) for table in tables}


def test_everything_is_copied(pair: tuple[Spool, Spool]) -> None:
    source, target = pair
    done = {one.table: one for one in copy(source, target)}
    assert everything(target) == everything(source)
    assert list(inspect(target)) == []
    assert (done["mail"].seen, done["mail"].written, done["mail"].left) == (210, 210, 0)
    for row in everything(source)["mail"]:
        assert content(target, row["id"]) == content(source, row["id"])


# The first time while the gateway works, the second when it is stopped: only what is new or different is written.
def test_the_second_time_only_what_has_changed_is_written(pair: tuple[Spool, Spool]) -> None:
    source, target = pair
    list(copy(source, target))
    asyncio.run(accepted(source, mail(1000, LARGE)))
    (job,) = lease(source, 1)
    conclude(source, job, Conclusion(JobState.PARKED, (Event("parked", {}),), error="422"))
    source.change(partial(jobs.resume_lane, lane="route:sales", now=1.0)).result()
    done = {one.table: one.written for one in copy(source, target)}
    assert (done["mail"], done["job"], done["event"]) == (1, 2, 2)
    assert everything(target) == everything(source)
    assert list(inspect(target)) == []


def test_a_copy_that_was_broken_off_is_finished(pair: tuple[Spool, Spool]) -> None:
    source, target = pair
    half = target.bodies.create(everything(source)["mail"][0]["id"])
    half.write(b"half of it" * 50_000)
    half.sync()
    half.end(kept=True)
    next(copy(source, target))
    assert everything(target)["job"] == []
    list(copy(source, target))
    assert everything(target) == everything(source)
    assert list(inspect(target)) == []


# What came in while it was copied may be seen in part: a job without its mail is left for the next time.
def test_a_job_whose_mail_came_in_later_is_left_for_the_next_time(pair: tuple[Spool, Spool]) -> None:
    source, target = pair
    going = copy(source, target)
    done = [next(going)]
    asyncio.run(accepted(source, mail(1000)))
    done += going
    assert [one.left for one in done if one.table == "job"] == [1]
    assert not any(one.left for one in copy(source, target))
    assert everything(target) == everything(source)


def test_a_store_goes_on_where_the_other_left_off(pair: tuple[Spool, Spool]) -> None:
    source, target = pair
    list(copy(source, target))
    last = everything(source)["job"][-1]["id"]
    name = asyncio.run(accepted(target, mail(2000))).id
    assert [row["id"] for row in everything(target)["job"] if row["mail_id"] == name] == [last + 1]


def test_a_store_that_has_been_worked_on_is_not_overwritten(pair: tuple[Spool, Spool]) -> None:
    source, target = pair
    list(copy(source, target))
    asyncio.run(accepted(target, mail(2000)))
    with pytest.raises(Permanent, match="has been worked on"):
        next(copy(source, target))


# An act is undone where it was done; that it was done, and what is paused, is known on the other store as well.
def test_what_a_person_did_and_paused_goes_along(pair: tuple[Spool, Spool]) -> None:
    source, target = pair
    who = Who("anna", "console")
    assert source.change(partial(acts.carry_out, order=Order(Act.HOLD, who), ids=range(1, 300), now=1.0)).result().jobs
    source.change(partial(halts.pause, name="route:sales", who=who, reason="", now=2.0)).result()
    list(copy(source, target))
    assert target.read(audit.page) == source.read(audit.page)
    assert target.read(halts.halted) == source.read(halts.halted) != {}
    source.change(partial(halts.resume, name="route:sales", who=who, now=3.0)).result()
    list(copy(source, target))
    assert target.read(halts.halted) == {}
    number = target.change(partial(audit.record, who=who, word="test", now=4.0)).result()
    assert number == len(target.read(audit.page).rows)
