"""A spool that grows: what is done often goes by an index, whatever lies there, and forgetting holds nobody up."""

import asyncio
import re
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event

from gateway.model import Job, JobState, Receipt
from gateway.spool import jobs, query
from gateway.spool import spool as spools
from gateway.spool import sqlite as store
from gateway.spool.accept import BLOB_THRESHOLD
from gateway.spool.jobs import Conclusion, LaneRoom
from gateway.spool.spool import Spool
from tests.spool.conftest import accepted, bodies

Accept = Callable[..., Receipt]
LATER = 4_000_000_000.0
LONG_AGO = 1.0


def mail(number: int, size: int = 10) -> bytes:
    return b"Message-ID: <%d@x>\r\n\r\n" % number + b"x" * size


def lease(spool: Spool, most: int = 100) -> list[Job]:
    rooms = [LaneRoom("route:support", most)]
    return spool.change(partial(jobs.lease, rooms=rooms, most=most, seconds=60.0)).result()


def conclude(spool: Spool, job: Job, state: JobState, **values: Any) -> bool:
    return spool.change(partial(jobs.conclude, done=job, end=Conclusion(state, **values), now=time.time())).result()


def accept_one(spool: Spool) -> None:
    asyncio.run(accepted(spool, mail(2)))


def conclude_one(spool: Spool) -> None:
    (job,) = lease(spool, 1)
    conclude(spool, job, JobState.DONE, result="7", mail={"message_id": "<2@x>"})


OFTEN: dict[str, Callable[[Spool], Any]] = {
    "accept": accept_one,
    "lease and conclude": conclude_one,
    "lanes": lambda spool: spool.read(jobs.lanes),
    "renew": lambda spool: spool.change(partial(jobs.renew, jobs=[], seconds=60.0)).result(),
    "unstall": lambda spool: spool.change(partial(jobs.unstall, furthest=60.0)).result(),
    "counts": lambda spool: spool.read(query.counts),
    "oldest": lambda spool: spool.read(query.oldest_unfinished),
    "unfinished": lambda spool: spool.read(query.unfinished),
    "content": lambda spool: spool.read(query.content_size),
    "parked": lambda spool: spool.read(partial(query.jobs, states=["parked"], route="", most=10)),
    "done": lambda spool: spool.read(partial(query.jobs, states=["done"], route="", most=10)),
    "trace": lambda spool: spool.read(partial(query.subjects, name="<2@x>")),
    "errand": lambda spool: spool.read(partial(query.subjects, name="#7")),
    "answer": lambda spool: spool.read(partial(query.mail_of_errand, errand="7", routes=["support"])),
    "forget": lambda spool: spool.forget(LATER, LATER),
    "sweep": lambda spool: spool.own(),
}
# What looks at all rows; but all that `mail_there` has are wanted, and the newest of all jobs come first.
LOOKS_AT_ALL = re.compile(r"(SCAN|Seq Scan on) (mail|job|event|callback|sent|chunk)\b")
RIGHTLY = {"content": "mail_there", "done": "SCAN job"}


@pytest.fixture
def said(url: str) -> Any:
    """A spool with a mail and a callback, and what is said to its database from then on."""
    node = Spool(url + ("?options=-c%20enable_seqscan%3Doff" if url.startswith("postgresql") else ""))
    asyncio.run(accepted(node, mail(1)))
    asyncio.run(node.accept_callback("demo", "i", "7", b"{}", {}, work=False))
    statements: list[tuple[str, Any]] = []

    def note(_connection: Any, _cursor: Any, statement: str, values: Any, _context: Any, many: bool) -> None:  # noqa: FBT001 - SQLAlchemy's own form
        if statement.split(maxsplit=1)[0].upper() in {"SELECT", "UPDATE", "DELETE"}:
            statements.append((statement, values[0] if many else values))

    for engine in (node.database.writing, node.database.reading):
        event.listen(engine, "before_cursor_execute", note)
    yield node, statements
    node.close()


def plan(spool: Spool, statement: str, values: Any) -> str:
    sqlite = spool.database.reading.dialect.name == "sqlite"
    explain = "EXPLAIN QUERY PLAN " if sqlite else "EXPLAIN "
    rows = spool.read(lambda connection: list(connection.exec_driver_sql(explain + statement, values)))
    return "\n".join(row[-1] for row in rows) + "\n"


@pytest.mark.parametrize("name", OFTEN)
def test_what_is_done_often_goes_by_an_index(said: Any, name: str) -> None:
    spool, statements = said
    OFTEN[name](spool)
    assert statements
    plans = {statement: plan(spool, statement, values) for statement, values in list(statements)}
    for statement, found in plans.items():
        for line in found.splitlines():
            rightly = name in RIGHTLY and RIGHTLY[name] in line
            assert rightly or not LOOKS_AT_ALL.search(line), statement
    if name == "lease and conclude" and spool.database.reading.dialect.name == "sqlite":
        assert any("job_due" in found for found in plans.values()), "a lease goes by the lane"


# What is done or discarded may be millions, and is counted as it happens; what is to be seen to is counted here.
def test_what_is_finished_is_not_counted(spool: Spool, accept: Accept) -> None:
    for number in range(5):
        accept(mail(number))
    done, parked, discarded, _ = lease(spool, 4)
    conclude(spool, done, JobState.DONE)
    conclude(spool, parked, JobState.PARKED)
    conclude(spool, discarded, JobState.DISCARDED)
    assert sorted(spool.read(query.counts)) == [
        ("errand", "parked", 1),
        ("errand", "queued", 1),
        ("errand", "working", 1),
    ]
    assert spool.read(query.unfinished) == 2


@pytest.mark.parametrize("states", [["done"], ["done", "parked"], ["discarded"], []])
def test_jobs_are_listed_by_state_newest_first(spool: Spool, accept: Accept, states: list[str]) -> None:
    for number in range(8):
        accept(mail(number))
    for job, state in zip(lease(spool, 8), 2 * (JobState.DONE, JobState.PARKED, JobState.DISCARDED), strict=False):
        conclude(spool, job, state)
    listed = spool.read(partial(query.jobs, states=states, route="", most=5))
    every = spool.read(partial(query.jobs, states=[], route="", most=100))
    assert listed == [row for row in every if not states or row["state"] in states][:5]
    assert [row["id"] for row in every] == sorted((row["id"] for row in every), reverse=True)


def test_the_size_of_content_is_that_of_what_is_not_forgotten(spool: Spool, accept: Accept) -> None:
    sizes = 100, 2 * BLOB_THRESHOLD
    for number, size in enumerate(sizes):
        accept(mail(number, size - len(mail(number, 0))))
    assert spool.read(query.content_size) == sum(sizes)
    small, _ = lease(spool)
    conclude(spool, small, JobState.DONE)
    spool.forget(LATER, LONG_AGO)
    assert spool.read(query.content_size) == sizes[1]


# Each step is a transaction of its own, so that a mail that comes meanwhile waits for one step at most.
def test_much_is_forgotten_in_steps(spool: Spool, accept: Accept, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(7):
        accept(mail(number, 2 * BLOB_THRESHOLD if number < 2 else 10))
    for job in lease(spool):
        conclude(spool, job, JobState.DONE)
    steps: list[Any] = []
    monkeypatch.setattr(spools, "_FORGET_AT_ONCE", 2)
    event.listen(spool.database.writing, "commit", steps.append)
    assert spool.forget(LATER, LONG_AGO) == 7
    assert len(steps) > 4
    assert bodies(spool) == []
    assert spool.read(query.content_size) == 0


# A trace that is added to after the content was forgotten goes with the rows.
def test_nothing_is_left_of_what_is_forgotten(spool: Spool, accept: Accept) -> None:
    name = accept(mail(1)).id
    (job,) = lease(spool)
    conclude(spool, job, JobState.DONE)
    spool.forget(LATER, LONG_AGO)
    accept(mail(1))
    assert spool.forget(LATER, LATER) == 1
    assert spool.read(partial(query.subjects, name=name)) == []
    assert spool.read(lambda connection: connection.exec_driver_sql("select count(*) from event").scalar()) == 0


def fill(spool: Spool, first: int) -> None:
    for number in range(first, first + 30):
        asyncio.run(accepted(spool, mail(number, 50_000)))
    for job in lease(spool):
        conclude(spool, job, JobState.DONE)


def test_room_that_was_forgotten_is_used_again(sqlite_url: str, tmp_path: Path) -> None:
    spool = Spool(sqlite_url)
    fill(spool, 0)
    for first in (100, 200, 300):
        spool.forget(LATER, LATER)
        fill(spool, first)
    spool.close()
    assert (tmp_path / "spool.db").stat().st_size < 2 * 30 * 50_000


# While somebody reads, the log cannot begin anew and grows; afterwards it is cut back.
def test_the_log_is_cut_back(sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(store.PRAGMAS, "journal_size_limit", "100000")
    monkeypatch.setitem(store.PRAGMAS, "wal_autocheckpoint", "50")
    spool, log = Spool(sqlite_url), tmp_path / "spool.db-wal"
    with spool.database.reading.connect() as connection:
        query.counts(connection)
        fill(spool, 0)
        assert log.stat().st_size > 1_000_000
    fill(spool, 100)
    assert log.stat().st_size < 500_000
    spool.close()
