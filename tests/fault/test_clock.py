"""The machine's clock jumps by a day, forth and back, while mails come and are worked on (libfaketime).

Mails are accepted and created all the while, none is lost, and none is created twice because a lease looked run out.
"""

import asyncio
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.acceptance.conftest import SUPPORT, House
from tests.fault.houses import errands, house_in, unfinished
from tests.fault.table import Table
from tests.servers.load import Load, Outcome, send
from tests.servers.program import needs, wait_until

PROGRAM = "/usr/bin/faketime"
JUMPS = ("+1d", "+0", "-1d", "+0")
MAILS, SESSIONS, SIZE = 30, 4, 1000
# While the clock jumps jobs are in hand, and others wait for their next try.
BUSY = ({"target": "create", "status": 500, "rate": 0.3}, {"target": "create", "delay": 0.3, "rate": 0.5})
SECONDS = 30.0


class Clock:
    """The gateway's clock: the real one, moved by what the file says."""

    def __init__(self, folder: Path) -> None:
        needs(PROGRAM)
        [library] = Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1")
        self._file = folder / "clock"
        self.environment = {
            "LD_PRELOAD": str(library),
            "FAKETIME_TIMESTAMP_FILE": str(self._file),
            "FAKETIME_NO_CACHE": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
            "NO_FAKE_STAT": "1",
        }
        self.jumps("+0")

    def jumps(self, to: str) -> None:
        """Have it differ from the real one by this from now on."""
        new = self._file.with_suffix(".new")
        new.write_text(to)
        new.rename(self._file)


@dataclass(frozen=True, slots=True)
class Place:
    """A house whose clock is in our hands."""

    house: House
    clock: Clock


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    """Its leases are short: a job that takes its time must be held by renewing."""
    clock = Clock(tmp_path)
    with house_in(tmp_path, {"worker": {"lease": "2 s"}}, clock.environment) as house:
        yield Place(house, clock)


async def jump_under_load(place: Place, load: Load, to: str) -> set[tuple[str, str]]:
    """Jump in the middle of a load; return its mails, which are all accepted, once some of the rest are created."""
    outcome = Outcome()
    sending = asyncio.create_task(send(load, outcome))
    await asyncio.to_thread(wait_until, lambda: len(outcome.accepted) >= load.mails // 2, "half of a load is accepted")
    place.clock.jumps(to)
    before = errands(place.house).total()
    async with asyncio.timeout(SECONDS):
        await sending
    assert outcome.broken == 0
    assert not outcome.refusals
    wait_until(
        lambda: errands(place.house).total() >= before + load.mails // 3, f"errands are created at {to}", SECONDS
    )
    return {(load.sender, name) for name in outcome.accepted}


def test_a_clock_that_jumps_by_a_day_loses_no_mail_and_creates_none_twice(
    place: Place, faults: Table, scale: int
) -> None:
    place.house.simulator.faults(*BUSY)
    accepted: set[tuple[str, str]] = set()
    for number, to in enumerate(JUMPS * scale):
        load = Load(place.house.gateway.smtp_port, MAILS, SESSIONS, SIZE, f"{number}@example.net", SUPPORT)
        accepted |= asyncio.run(jump_under_load(place, load, to))
    wait_until(lambda: not unfinished(place.house), "everything is done", SECONDS)
    made = errands(place.house)
    faults.row(
        f"the clock jumps by a day, {len(JUMPS) * scale} times",
        accepted=len(accepted),
        errands=made.total(),
        repeats=made.total() - len(made),
        left=0,
        lost=len(accepted - made.keys()),
    )
    assert made == Counter(accepted)


# By the clock that was set back the next try is a day away.
def test_a_lane_that_waits_for_credentials_goes_on_when_the_clock_is_set_back(place: Place, faults: Table) -> None:
    gateway, simulator = place.house.gateway, place.house.simulator
    place.clock.jumps("+1d")
    simulator.faults({"target": "create", "status": 401})
    load = Load(gateway.smtp_port, 3, 1, SIZE, "paused@example.net", SUPPORT)
    asyncio.run(send(load, Outcome()))
    wait_until(lambda: gateway.jobs()["held"] == load.mails, "the lane is paused")
    wait_until(lambda: gateway.facts("paused"), "the log says so")
    place.clock.jumps("+0")
    simulator.faults()
    try:
        wait_until(lambda: not unfinished(place.house), "everything is done", SECONDS)
    finally:
        made, left = errands(place.house), unfinished(place.house)
        faults.row("the clock is set back while a lane is paused", accepted=3, errands=made.total(), left=left)
    assert len(made) == load.mails
