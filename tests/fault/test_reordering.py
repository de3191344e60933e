"""Torn and reordered writes: whatever a failing disk kept of what was not synced, SQLite finds every commit."""

import asyncio
import random
import time
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pytest

from gateway.model import Event, JobState
from gateway.spool import jobs
from gateway.spool.spool import Spool
from tests.fault.accepting import ENVELOPE, mail
from tests.fault.reordering import NOTHING, Committed, Statements, crash, found_after, replay
from tests.fault.table import Table
from tests.spool.conftest import accepted

SIZES = (500, 3_000, 40_000)
MAILS = 60
CRASHES = 250
CHECKPOINT_PAGES = 60  # so that the log goes into the database many times


def live(spool: Spool) -> None:
    """What the program does with a spool: accept, lease, conclude, forget."""
    for number in range(MAILS):
        asyncio.run(accepted(spool, mail(number, SIZES), "support", envelope=ENVELOPE))
        if number % 3:
            now = time.time()
            rooms = [jobs.LaneRoom("route:support", 1)]
            for job in spool.change(partial(jobs.lease, rooms=rooms, most=1, seconds=60.0)).result():
                end = jobs.Conclusion(JobState.DONE, events=(Event("created", {"errand": str(number)}),), result="1")
                spool.change(partial(jobs.conclude, done=job, end=end, now=now)).result()
        if number % 20 == 0:
            spool.forget(time.time(), 0.0, most=5)


@pytest.fixture(scope="module")
def statements(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """What our own code says to SQLite in such a life, pragmas, tables and transactions."""
    said = Statements()
    said.listen()
    try:
        spool = Spool(f"sqlite:///{tmp_path_factory.mktemp('life') / 'spool.db'}")
        live(spool)
        spool.close()
    finally:
        said.end()
    return said.of_the_writer()


@dataclass(frozen=True, slots=True)
class Losses:
    """What many crashes cost: how many commits the life had, and how many that had returned each crash undid."""

    commits: int
    undone: list[int]


def crash_often(statements: list[str], crashes: int, place: Path, seed: str) -> Losses:
    """Live that life on a disk in `place`, and crash at random moments of it.

    What is there is always what some commit left, whole: one that had returned, or the one under way.
    """
    (life := place / "life").mkdir()
    (disk := place / "disk").mkdir()
    steps, chance, undone = replay(statements, life, CHECKPOINT_PAGES), random.Random(seed), []
    contents = [NOTHING, *(step.content for step in steps if isinstance(step, Committed))]
    first = next(number for number, step in enumerate(steps) if isinstance(step, Committed)) + 1
    for _ in range(crashes):
        moment = chance.randrange(first, len(steps))
        returned = sum(isinstance(step, Committed) for step in steps[:moment])
        found = found_after(crash(steps, moment, chance), disk)
        left_by = [number for number, content in enumerate(contents[: returned + 2]) if content == found]
        assert left_by, "what is there is nothing that a commit left"
        undone.append(max(0, returned - left_by[-1]))
    return Losses(len(contents) - 1, undone)


def test_torn_and_reordered_writes_undo_no_commit(
    statements: list[str], tmp_path: Path, faults: Table, scale: int
) -> None:
    losses = crash_often(statements, CRASHES * scale, tmp_path, "torn")
    case = f"torn and reordered writes, {len(losses.undone)} crashes (commits)"
    faults.row(case, accepted=losses.commits, lost=sum(losses.undone))
    assert not any(losses.undone)


# What the program demands of SQLite is what keeps the promise: with less, the same crashes undo commits.
def test_without_full_sync_a_crash_undoes_commits(statements: list[str], tmp_path: Path, faults: Table) -> None:
    assert "PRAGMA synchronous=FULL" in statements
    weak = [statement.replace("synchronous=FULL", "synchronous=NORMAL") for statement in statements]
    losses = crash_often(weak, 20, tmp_path, "weak")
    faults.row("the same, synchronous=NORMAL, 20 crashes", accepted=losses.commits, lost=sum(losses.undone))
    assert any(losses.undone)
