"""A day of outage, and then Cention is there again, while all that came waits: it is done without a stampede."""

import asyncio
import time
from collections import Counter
from functools import partial
from pathlib import Path

import requests
from sqlalchemy import Connection, func, select, update

from gateway.flow.breaker import SEVERAL
from gateway.spool.spool import Spool
from gateway.spool.tables import job
from tests.fault import cention
from tests.fault.cention import Cention, Trouble, refusal
from tests.fault.houses import CONCURRENCY, started, workspaces
from tests.fault.spools import opened, url_in
from tests.fault.table import Table
from tests.servers.certificate import make_certificate
from tests.servers.gateway import Gateway
from tests.servers.program import wait_until
from tests.spool.conftest import accepted as accept

SUPPORT = "support"
MAILS = 2500
DAY, TRIES = 86400.0, 20


def fill_with_a_day(url: str, count: int) -> list[str]:
    """Have the spool as a day of outage leaves it: so many mails wait, tried a few times each. Their Message-IDs."""
    mails = [f"<{number}@outage.example>" for number in range(count)]

    async def fill(spool: Spool) -> None:
        for start in range(0, count, 500):
            some = (f"Message-ID: {name}\r\nSubject: {name}\r\n\r\nhello\r\n" for name in mails[start : start + 500])
            await asyncio.gather(*(accept(spool, text.encode(), SUPPORT) for text in some))

    with opened(url) as spool:
        asyncio.run(fill(spool))
        spool.change(partial(grow_old, now=time.time())).result()
    return mails


def grow_old(connection: Connection, now: float) -> None:
    """Spread all jobs over the day before; each was tried some times."""
    age = DAY * (1 - job.c.id * 1.0 / select(func.max(job.c.id)).scalar_subquery())
    connection.execute(update(job).values(created_at=now - age, next_at=now - age, attempts=job.c.id % TRIES))


def is_down(gateway: Gateway) -> bool:
    """Whether the lane is tried by one job at a time."""
    notes: dict[str, str] = requests.get(f"{gateway.url}/readyz", timeout=10).json()["notes"]
    return "tried one at a time" in notes.get(f"route:{SUPPORT}", "")


# A burst is what a host that has just come back does not need: the calls at once begin with one, and their number grows
# with the calls that go well, up to what the route may do.
def test_what_waits_after_a_day_of_outage_is_done_without_a_stampede(tmp_path: Path, faults: Table, scale: int) -> None:
    mails = fill_with_a_day(url_in(tmp_path), MAILS * scale)
    hospital = Cention({SUPPORT: Trouble(partial(refusal, 503, "closed"))}, make_certificate(tmp_path), pause=0.005)
    gateway = Gateway(tmp_path, workspaces({SUPPORT: hospital.url(SUPPORT)}, tmp_path))
    with cention.running(hospital), started(gateway):
        wait_until(lambda: is_down(gateway), "the lane is down")
        wait_until(lambda: not gateway.jobs()["working"], "what was in hand has failed too")
        before = len(hospital.calls)
        wait_until(lambda: len(hospital.calls) >= before + 3, "it is tried now and then")
        hospital.get_well()
        wait_until(lambda: len(hospital.errands) >= len(mails), "all errands are made", 60 * scale)
        gateway.wait_until_idle()
    made = Counter(name for _, name in hospital.errands)
    faults.row(
        "a day of outage",
        accepted=len(mails),
        errands=made.total(),
        repeats=made.total() - len(made),
        left=0,
        lost=len(set(mails) - made.keys()),
    )
    assert made == Counter(mails)
    assert before <= SEVERAL + 2 * CONCURRENCY + SEVERAL
    assert {call.at_once for call in hospital.calls[before : before + 3]} == {1}
    good = hospital.calls[-len(mails) :]
    assert all(call.at_once <= min(CONCURRENCY, call.done + 1) for call in good)
    assert max(call.at_once for call in good) > 1
