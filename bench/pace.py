"""How fast a spool takes mails and gives work, measured in this process through `gateway.spool`."""

import asyncio
import itertools
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from bench.program import BenchError
from gateway.model import Envelope, Event, JobState
from gateway.spool import jobs
from gateway.spool.jobs import Conclusion, LaneRoom
from gateway.spool.spool import Spool

_SENDERS, _LEASED, _LEASE_SECONDS = 20, 16, 120.0
_ENVELOPE = Envelope("smtp", "ann@example.net", ("support@example.com",), "192.0.2.1", "mx.example.net")
_TEXT = (b"-" * 78 + b"\r\n") * 50
_EVENTS = (Event("read", {"attachments": 0, "bytes": 4242}), Event("created", {"errand": "1", "workspace": "demo"}))
_DONE = Conclusion(JobState.DONE, _EVENTS, result="1", mail={"subject": "Order", "from_address": "ann@example.net"})
_ROOMS = (LaneRoom("route:support", _LEASED),)
_numbers = itertools.count()


@dataclass(slots=True)
class Rates:
    """What was measured of one spool, round by round."""

    accepts: list[float] = field(default_factory=list)
    works: list[float] = field(default_factory=list)
    longest: list[float] = field(default_factory=list)


@contextmanager
def opened(file: Path) -> Iterator[Spool]:
    """Open a spool."""
    spool = Spool(f"sqlite:///{file}")
    try:
        yield spool
    finally:
        spool.close()


async def accept(spool: Spool, mails: int) -> list[float]:
    """Accept small mails from several senders at once; return how long each waited for its yes."""
    numbers, waits = iter(range(mails)), []

    async def sender() -> None:
        for _ in numbers:
            with closing(spool.body()) as body:
                await body.write(b"Message-ID: <bench-%d@example.net>\r\n\r\n%b" % (next(_numbers), _TEXT))
                began = time.perf_counter()
                await spool.accept(_ENVELOPE, body, ["support"])
                waits.append(time.perf_counter() - began)

    await asyncio.gather(*(sender() for _ in range(_SENDERS)))
    return waits


def work_off(spool: Spool, mails: int) -> None:
    """Lease jobs as the worker does, and conclude each as done."""
    left = mails
    while left:
        now = time.time()
        taken = spool.change(partial(jobs.lease, rooms=_ROOMS, most=_LEASED, seconds=_LEASE_SECONDS)).result()
        if not taken:
            raise BenchError(f"{left} jobs that were accepted cannot be leased")
        concluded = [spool.change(partial(jobs.conclude, done=job, end=_DONE, now=now)) for job in taken]
        if not all(done.result() for done in concluded):
            raise BenchError("a job that was leased could not be concluded")
        left -= len(taken)


def measure(file: Path, mails: int, rates: Rates) -> None:
    """Accept mails into a spool and work them off."""
    with opened(file) as spool:
        began = time.perf_counter()
        waits = asyncio.run(accept(spool, mails))
        accepted = time.perf_counter()
        work_off(spool, mails)
        rates.accepts.append(mails / (accepted - began))
        rates.works.append(mails / (time.perf_counter() - accepted))
        rates.longest.append(max(waits))
