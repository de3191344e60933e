"""What PostgreSQL promises besides: several nodes on one store, a server that may go away, large bodies as rows."""

import asyncio
import os
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, text
from ulid import ULID

from gateway.errors import GatewayError, SettingsError, Temporary
from gateway.model import Job, JobState, Receipt
from gateway.spool import arrival, fetching, index, intake, jobs, patience, postgresql, pulse, query
from gateway.spool.accept import BLOB_THRESHOLD
from gateway.spool.jobs import Conclusion, LaneRoom
from gateway.spool.spool import Spool
from tests.servers.postgres import PASSWORD, Postgres
from tests.servers.program import wait_until
from tests.spool.conftest import ENVELOPE, accepted, bodies, content

Accept = Callable[..., Receipt]
LARGE = b"Message-ID: <1@x>\r\n\r\nhello\r\n" + b"x" * (2 * BLOB_THRESHOLD)


def mail(number: int) -> bytes:
    return b"Message-ID: <%d@x>\r\n\r\nhello\r\n" % number


@pytest.fixture
def url(postgresql_url: str) -> str:
    return postgresql_url


@pytest.fixture
def other(spool: Spool, url: str) -> Iterator[Spool]:
    """Another node on the store of `spool`."""
    node = Spool(url)
    node.own()
    yield node
    node.close()


def lease(spool: Spool, most: int = 10, seconds: float = 60.0) -> list[Job]:
    rooms = [LaneRoom("route:support", most)]
    return spool.change(partial(jobs.lease, rooms=rooms, most=most, seconds=seconds)).result(30)


def setting(connection: Connection, name: str) -> str:
    return str(connection.scalar(text("select current_setting(:name)"), {"name": name}))


# "Yes" means durable, whatever the server's owner has set for speed; what waits for more than our disk stays.
@pytest.mark.parametrize(("theirs", "ours"), [("off", "on"), ("local", "on"), ("remote_apply", "remote_apply")])
def test_a_commit_returns_when_it_is_on_the_disk(postgres: Postgres, url: str, theirs: str, ours: str) -> None:
    postgres.execute(f"alter database {url.rpartition('/')[2]} set synchronous_commit = {theirs}")
    spool = Spool(url)
    assert spool.change(partial(setting, name="synchronous_commit")).result() == ours
    spool.close()


# Only the server's owner can mend these: a gateway that runs on such a server says so instead of promising.
@pytest.mark.parametrize("careless", ["fsync", "full_page_writes"])
def test_a_server_that_may_lose_what_it_committed_is_told_of(postgres: Postgres, spool: Spool, careless: str) -> None:
    assert spool.doubts() == []
    postgres.execute(f"alter system set {careless} = off")
    try:
        postgres.execute("select pg_reload_conf()")
        wait_until(spool.doubts, "the server reads its settings again")
        assert [f"{careless} = off" in line for line in spool.doubts()] == [True]
    finally:
        postgres.execute(f"alter system reset {careless}")
        postgres.execute("select pg_reload_conf()")
        wait_until(lambda: not spool.doubts(), "the server reads its settings again")


def test_a_reading_connection_cannot_write(spool: Spool) -> None:
    with pytest.raises(Temporary, match="read-only"):
        spool.read(lambda connection: connection.execute(text("delete from mail")))


def hold_after(connection: Connection, change: Callable[[Connection], Any], reached: Any, release: Any) -> Any:
    """Make a change, and keep its transaction open until told."""
    result = change(connection)
    reached.set()
    release.wait(20)
    return result


def test_nodes_that_lease_at_once_never_take_the_same_and_do_not_wait(
    spool: Spool, other: Spool, accept: Accept
) -> None:
    for number in range(6):
        accept(mail(number))
    reached, release = threading.Event(), threading.Event()
    take = partial(jobs.lease, rooms=[LaneRoom("route:support", 4)], most=4, seconds=60.0)
    held = spool.change(partial(hold_after, change=take, reached=reached, release=release))
    assert reached.wait(20)
    theirs = lease(other)
    assert not held.done()
    release.set()
    ours = held.result()
    assert sorted(job.id for job in ours + theirs) == [1, 2, 3, 4, 5, 6]


# A node that stands still may do so in the middle of a transaction. What all nodes write to, others then leave for
# another time: their one writer has mails and leases to commit.
@pytest.mark.parametrize(
    ("held", "change", "result"),
    [
        ("counted", partial(pulse.keep, tally=pulse.Tally(0, 1, {}), now=1.0), False),
        ("unindexed", partial(index.fill, most=1), True),
        ("holding", partial(fetching.take_holds, names=["alerts"], holder="me", seconds=60.0), set()),
    ],
)
def test_what_another_node_has_in_hand_holds_up_no_writer(
    spool: Spool, other: Spool, held: str, change: Callable[[Connection], Any], result: Any
) -> None:
    spool.change(partial(fetching.take_holds, names=["alerts"], holder="me", seconds=0.0)).result(20)
    spool.change(lambda connection: connection.execute(text("update unindexed set top = 1"))).result(20)
    reached, release = threading.Event(), threading.Event()
    lock = partial(lambda connection, table: connection.execute(text(f"select * from {table} for update")), table=held)
    standing = other.change(partial(hold_after, change=lock, reached=reached, release=release))
    try:
        assert reached.wait(20)
        assert spool.change(change).result(5) == result
    finally:
        release.set()
        standing.result(20)
    assert spool.change(change).result(20) != result


def test_what_needs_a_row_that_another_node_has_fails_alone_and_soon(
    spool: Spool, other: Spool, accept: Accept
) -> None:
    accept(mail(1))
    reached, release = threading.Event(), threading.Event()
    touch = partial(lambda connection, _: connection.execute(text("update job set error = 'x'")), _=None)
    standing = other.change(partial(hold_after, change=touch, reached=reached, release=release))
    try:
        assert reached.wait(20)
        waits, goes_on = spool.change(touch), spool.change(partial(jobs.lanes))
        with pytest.raises(Temporary, match="lock timeout"):
            waits.result(8)
        assert goes_on.result(8) == ["route:support"]
    finally:
        release.set()
        standing.result(20)


def test_many_leases_of_several_nodes_take_each_job_once(spool: Spool, other: Spool, accept: Accept) -> None:
    for number in range(60):
        accept(mail(number))

    def drain(node: Spool) -> list[int]:
        taken: list[int] = []
        while got := lease(node, most=3):
            taken += [job.id for job in got]
        return taken

    with ThreadPoolExecutor(2) as pool:
        both = [number for taken in pool.map(drain, [spool, other]) for number in taken]
    assert sorted(both) == list(range(1, 61))


# A node that was stopped past its lease finds that its result is not recorded.
def test_a_late_result_does_not_overwrite_that_of_another_node(spool: Spool, other: Spool, accept: Accept) -> None:
    accept(mail(1))
    (late,) = lease(spool, seconds=-1.0)
    other.own()
    (holder,) = lease(other)

    def concluded(node: Spool, job: Job, result: str) -> bool:
        end = Conclusion(JobState.DONE, result=result)
        return node.change(partial(jobs.conclude, done=job, end=end, now=time.time())).result()

    assert not concluded(spool, late, "late")
    assert concluded(other, holder, "7")
    assert not concluded(spool, late, "later still")
    (row,) = other.read(lambda connection: query.jobs_of(connection, str(late.id)))
    assert (row["state"], row["result"]) == ("done", "7")


def test_a_start_leaves_the_leases_of_other_nodes(spool: Spool, url: str, accept: Accept) -> None:
    accept(mail(1))
    (job,) = lease(spool, seconds=60.0)
    late = Spool(url)
    late.own()
    (row,) = late.read(lambda connection: query.jobs_of(connection, str(job.id)))
    assert row["state"] == "working"
    late.close()


def store_one(connection: Connection, new: arrival.Arrival) -> list[Receipt]:
    return intake.accept_mails(connection, [new])


# The sender gave up waiting for one node and went to the other: one mail, and both nodes say yes.
def test_a_mail_that_two_nodes_take_in_at_once_is_one(spool: Spool, other: Spool) -> None:
    hashed = "0" * 64
    row = arrival.mail_row(str(ULID()), ENVELOPE, hashed, 1, b"x", time.time())
    new = arrival.Arrival(row, ("support",), distinct=True)
    second = new._replace(row=row | {"id": str(ULID())})
    reached, release = threading.Event(), threading.Event()
    store = partial(store_one, new=new)
    first = spool.change(partial(hold_after, change=store, reached=reached, release=release))
    assert reached.wait(20)
    copy = other.change(partial(store_one, new=second))
    wait_until(lambda: waits_for_lock(spool), "the other node waits for the first")
    release.set()
    assert first.result(20) == [Receipt(row["id"], repeat=False)]
    assert copy.result(20) == [Receipt(row["id"], repeat=True)]


def waits_for_lock(spool: Spool) -> bool:
    waiting = "select count(*) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'"
    return bool(spool.read(lambda connection: connection.scalar(text(waiting))))


def test_what_one_node_takes_in_wakes_the_others(spool: Spool, other: Spool, accept: Accept) -> None:
    woken = threading.Event()
    wait_until(lambda: listeners(spool) == 2, "both nodes listen")
    other.on_work = woken.set
    accept(mail(1))
    assert woken.wait(20)


def listeners(spool: Spool) -> int:
    found = "select count(*) from pg_stat_activity where datname = current_database() and query like 'LISTEN%'"
    return int(spool.read(lambda connection: connection.scalar(text(found))))


# "Later" while it is away, and by itself again when it is back: accepting, reading, and being woken.
def test_a_server_that_goes_away_and_comes_back(postgres: Postgres, spool: Spool, other: Spool, accept: Accept) -> None:
    first = accept(mail(1))
    postgres.stop()
    for _ in range(2):
        with pytest.raises(Temporary):
            accept(mail(2))
        with pytest.raises(Temporary):
            spool.read(query.counts)
    postgres.start()
    assert not accept(mail(2)).repeat
    assert accept(mail(1)) == Receipt(first.id, repeat=True)
    assert spool.read(query.counts) == [("errand", "queued", 2)]
    woken = threading.Event()
    wait_until(lambda: listeners(spool) == 2, "both nodes listen again")
    other.on_work = woken.set
    accept(mail(3))
    assert woken.wait(20)


# A connection that died while nothing happened is found out by the next change alone.
def test_a_restart_costs_one_change_at_most(postgres: Postgres, spool: Spool, accept: Accept) -> None:
    accept(mail(1))
    postgres.restart()
    assert spool.read(query.unfinished) == 1
    with pytest.raises(Temporary):
        accept(mail(2))
    assert not accept(mail(2)).repeat


# A server that keeps the connection and says nothing (a stopped machine, a disk that hangs) must not hold us for ever.
def test_a_server_that_does_not_answer_is_given_up(
    postgres: Postgres, spool: Spool, accept: Accept, monkeypatch: pytest.MonkeyPatch
) -> None:
    accept(mail(1))
    monkeypatch.setattr(patience.PatientConnection, "patience", 0.5)
    postgres.pause()
    try:
        with pytest.raises(Temporary, match="has not answered"):
            accept(mail(2))
    finally:
        postgres.resume()
    monkeypatch.undo()
    assert not accept(mail(3)).repeat


@pytest.mark.parametrize(
    "change",
    [
        lambda url: url.replace(PASSWORD, "not-the-" + PASSWORD),
        lambda url: url + "_which_is_not_there",
        lambda url: url.replace("127.0.0.1", "db.invalid"),
        lambda url: url.replace(":" + PASSWORD, "") + "?password=" + PASSWORD + "x",
        lambda url: url.replace("+psycopg", "+asyncpg"),
        lambda url: url.replace("postgresql+psycopg", "mysql"),
        lambda url: url.replace("127.0.0.1:", "127.0.0.1:nonsense"),
    ],
)
def test_no_error_shows_the_password(url: str, change: Callable[[str], str]) -> None:
    with pytest.raises(GatewayError, match=r"^gateway.spool: ") as raised:
        Spool(change(url))
    assert PASSWORD not in str(raised.value)
    assert len(str(raised.value).splitlines()) == 1


def test_a_spool_says_where_it_is_without_the_password(postgres: Postgres, spool: Spool) -> None:
    assert spool.name.startswith(f"postgresql://gateway@127.0.0.1:{postgres.port}/")


def test_a_server_that_is_too_old_is_a_clear_line(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(postgresql, "_OLDEST", 990000)
    with pytest.raises(SettingsError, match="15 or later is needed"):
        Spool(database)


# The chunks of a large mail are committed before the row that names them, so a mail that is there is whole.
def test_the_row_of_a_large_mail_comes_after_its_chunks(spool: Spool, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[int] = []
    real = spool.acceptor._change

    def change(one: Any) -> Any:
        if one.function is arrival.store:
            seen.append(spool.read(lambda connection: connection.scalar(text("select sum(length(data)) from chunk"))))
        return real(one)

    monkeypatch.setattr(spool.acceptor, "_change", change)
    asyncio.run(accepted(spool, LARGE))
    assert seen == [len(LARGE)]


# A body without a mail is being written, or is left by a crash: that cannot be told, but after a day it can.
def test_orphaned_chunks_are_swept_when_they_are_old(spool: Spool, accept: Accept, url: str) -> None:
    kept = accept(LARGE).id
    young, old = str(ULID()), str(ULID.from_timestamp(time.time() - 100_000))
    for name in (young, old):
        body = spool.bodies.create(name)
        body.write(LARGE)
        body.sync()
    node = Spool(url)
    assert node.own() == 1
    assert bodies(node) == sorted([kept, young])
    node.close()


@pytest.fixture
def shared(url: str, tmp_path: Path) -> Iterator[Spool]:
    """A node whose large bodies lie in a folder that all nodes share."""
    node = Spool(url, bodies=str(tmp_path))
    yield node
    node.close()


def test_by_setting_large_mails_lie_in_a_shared_folder(shared: Spool, tmp_path: Path) -> None:
    name = asyncio.run(accepted(shared, LARGE)).id
    assert [path.name for path in tmp_path.iterdir()] == [name]
    assert content(shared, name) == LARGE


def test_orphaned_files_of_a_shared_folder_are_swept_when_they_are_old(shared: Spool, tmp_path: Path) -> None:
    kept = asyncio.run(accepted(shared, LARGE)).id
    for name in ("YOUNG", "OLD", kept):
        (tmp_path / name).write_bytes(b"x")
    for name in ("OLD", kept):
        os.utime(tmp_path / name, (1, 1))
    assert shared.own() == 1
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted([kept, "YOUNG"])


def test_a_shared_folder_that_is_not_there_is_a_clear_line(url: str, tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"gateway.bodies: no folder .*nowhere; create it"):
        Spool(url, bodies=str(tmp_path / "nowhere"))
