"""SIGKILL at random moments, of the whole program and of each kind of its processes: it accepts, works and forgets.

What had its 250 becomes an errand. One is made twice only where the main process was killed between Cention's answer
and our record of it.
"""

import asyncio
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from functools import partial
from pathlib import Path
from time import time
from typing import Any, TypeAlias

import pytest
from sqlalchemy import Connection, func, select, update
from sqlalchemy.engine import make_url

from gateway.errors import Temporary
from gateway.model import JobState
from gateway.spool import chunks
from gateway.spool.spool import Spool
from gateway.spool.tables import job, mail
from gateway.spool.writer import Change
from tests.fault.processes import Kind
from tests.fault.siege import THREADS, WHOLE, Siege, load_and_kill, made_twice_unasked, siege
from tests.fault.spools import bodies, digest, digests, named, opened, url_in
from tests.fault.table import Table
from tests.servers.postgres import running
from tests.servers.program import wait_until
from tests.spool.conftest import accepted as accept

VICTIMS = (WHOLE, Kind.MAIN, Kind.ACCEPTING, Kind.READER) * 3
LOADS = ((1000, 4096), (60, 200_000))
OLD = 1500
HOUR = 3600.0

NewStore: TypeAlias = Callable[[Path], str]
"""Makes an empty store for the program that lies in a folder; its URL."""


@pytest.fixture(params=["sqlite", "postgresql"])
def new_store(request: pytest.FixtureRequest) -> Iterator[NewStore]:
    if request.param == "sqlite":
        yield url_in
    else:
        with running() as server:
            yield lambda _folder: server.url(server.create())


def fill_with_old(url: str) -> None:
    """Put mails there that were done two hours ago, so that the program has something to forget all the time."""
    mails = [old_mail(number, 300_000 if number % 50 == 0 else 500) for number in range(OLD)]

    async def fill(spool: Spool) -> None:
        await asyncio.gather(*(accept(spool, one) for one in mails))

    with opened(url) as spool:
        asyncio.run(fill(spool))
        spool.change(partial(finish, when=time() - 2 * HOUR)).result()


def old_mail(number: int, size: int) -> bytes:
    return b"Message-ID: <old-%d@x>\r\n\r\n" % number + b"x" * size


def finish(connection: Connection, when: float) -> None:
    connection.execute(update(mail).values(received_at=when))
    connection.execute(update(job).values(state=JobState.DONE, next_at=when))


def old_are_gone(url: str) -> bool:
    """Whether there is no mail of more than an hour ago."""
    spool = Spool(url)
    old = select(func.count()).where(mail.c.received_at < time() - HOUR)
    try:
        return spool.read(lambda connection: connection.scalar(old)) == 0
    finally:
        spool.close()


def count(laid: Siege) -> dict[str, int]:
    """What came of it, as a row of the table; no mail has two errands without a kill between them."""
    accepted, made = laid.accepted(), laid.errands()
    errands = sum(map(len, made.values()))
    assert not made_twice_unasked(made, laid.starts())
    return {
        "accepted": len(accepted),
        "errands": errands,
        "repeats": errands - len(made),
        "left": laid.unfinished(),
        "lost": len(accepted - made.keys()),
    }


# Bodies that nobody names any more are those of mails whose process was killed: a start sweeps them, all at once here.
def test_what_had_its_250_outlives_kills(
    new_store: NewStore, tmp_path: Path, faults: Table, scale: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(chunks, "_ORPHAN_AGE", 0.0)
    counted: Counter[str] = Counter()
    for turn in range(scale):
        folder = tmp_path / str(turn)
        folder.mkdir()
        url = new_store(folder)
        fill_with_old(url)
        with siege(folder, url, LOADS) as laid:
            laid.start()
            asyncio.run(load_and_kill(laid, VICTIMS, f"kill {turn}"))
            laid.wait_until_done()
            counted.update(count(laid))
            wait_until(partial(old_are_gone, url), "everything old is forgotten")
        assert not laid.left_behind()
        assert named(url) == bodies(url)
        assert all(digests(url).values())
    faults.row(f"SIGKILL, {len(VICTIMS) * scale} times, {make_url(url).get_backend_name()}", **counted)
    assert counted["lost"] == counted["left"] == 0
    # Each thread may have had one errand in hand.
    assert counted["repeats"] <= (VICTIMS.count(WHOLE) + VICTIMS.count(Kind.MAIN)) * scale * THREADS


# The main process may be killed when it has committed and before the accepting process hears of it: the sender tries
# again, and is told that we have the mail. So we must have it, its large body too.
def test_a_commit_that_nobody_heard_of_keeps_the_body(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    raw = old_mail(1, 300_000)
    with opened(url_in(tmp_path)) as spool:

        def killed(change: Change[Any]) -> "Future[Any]":
            spool.change(change).result()
            unheard: Future[Any] = Future()
            unheard.set_exception(Temporary("the spool's process is gone"))
            return unheard

        with monkeypatch.context() as meanwhile:
            meanwhile.setattr(spool.acceptor, "_change", killed)
            with pytest.raises(Temporary):
                asyncio.run(accept(spool, raw))
        assert asyncio.run(accept(spool, raw)).repeat
    assert list(digests(url_in(tmp_path)).values()) == [digest(raw)]
