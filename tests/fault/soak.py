"""A soak: mixed traffic and faults for a long time; nothing may be lost, and nothing that is used may grow.

`scripts/soak --minutes 30` prints two Markdown tables: what came of the mails, and what the program used, with its
slope. Samples of the first minutes, while caches fill and retention has nothing to do, do not count. Exit status 1 when
anything was lost or left over.
"""

import argparse
import asyncio
import contextlib
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Coroutine, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from tests.acceptance.conftest import House, house_settings
from tests.fault.census import census
from tests.fault.table import Table
from tests.fault.traffic import FAULTS, Books, Traffic, smarthost
from tests.fault.trend import MEGABYTE, Sample, markdown
from tests.servers.gateway import Gateway, Settings
from tests.servers.simulator import ATTACHMENT_TOKEN, SECRET, WORKSPACE, Simulator

MINUTE = 60.0
SAMPLE_SECONDS = 5.0
DRAIN_SECONDS = 300.0
IDLE = 30
# Mails are forgotten within the warm-up, so that the files have their size when it is over.
SETTINGS: Settings = {
    "gateway": {"retention": "60 s", "history": "90 s"},
    "smtp": {"command_timeout": "20 s", "data_timeout": "20 s"},
}


@asynccontextmanager
async def running(folder: Path, books: Books) -> AsyncIterator[House]:
    """A house in the folder, with a smarthost of ours."""
    sink = await smarthost(books)
    gateway = Gateway(folder, SETTINGS, {"ATTACHMENT_TOKEN": ATTACHMENT_TOKEN, "SECRET": SECRET})
    simulator = Simulator(folder, f"{gateway.url}/callbacks/{WORKSPACE}")
    more = house_settings(simulator.url, folder)
    more[f"cention.{WORKSPACE}"] |= {"timeout": "2 s"}
    smarthosts = [f"smtp://127.0.0.1:{sink.sockets[0].getsockname()[1]}"]
    gateway.change(more | {"outgoing": {"smarthosts": smarthosts}})
    with contextlib.closing(sink), contextlib.ExitStack() as stops:
        for server in (simulator, gateway):
            stops.callback(server.stop)
            await asyncio.to_thread(server.start)
        yield House(gateway, simulator)


def warm_up(seconds: float) -> float:
    """How many seconds at the beginning do not count."""
    return max(seconds / 5, min(5 * MINUTE, seconds / 2))


def sample(house: House, folder: Path, began: float) -> Sample:
    """What is used now."""
    sizes = {path: path.stat().st_size for path in folder.glob("spool.db*") if path.is_file()}
    bodies = 0
    for path in folder.glob("spool.db.blobs/*"):
        with contextlib.suppress(FileNotFoundError):
            bodies += path.stat().st_size
    spool, wal = (sizes.get(folder / name, 0) for name in ("spool.db", "spool.db-wal"))
    return Sample(time.monotonic() - began, census(house.gateway.pid), spool, wal, bodies)


async def watch(traffic: Traffic, folder: Path, seconds: float) -> list[Sample]:
    """Sample until the time is over, and say each minute how it goes."""
    samples: list[Sample] = []
    began = time.monotonic()
    every, said = min(SAMPLE_SECONDS, seconds / 12), 0.0
    while (gone := time.monotonic() - began) < seconds:
        samples.append(await asyncio.to_thread(sample, traffic.house, folder, began))
        if gone - said >= MINUTE:
            said = gone
            say(traffic, samples[-1])
        await traffic.pause(min(every, seconds - gone))
    return samples


def say(traffic: Traffic, now: Sample) -> None:
    """Tell whoever waits how it goes."""
    books, memory = traffic.books, now.processes.pss / MEGABYTE
    counts = f"{len(books.accepted)} accepted, {books.errands.total()} errands, {len(books.answered)} answered"
    wrong = f"{len(books.failed)} commands failed, {books.refusals.total()} refusals"
    line = f"{now.at / MINUTE:.0f} min: {counts}, {books.arrived.total()} arrived, {wrong}, {memory:.0f} MB"
    print(f"{line}, fault: {traffic.fault}", file=sys.stderr, flush=True)


async def soak(folder: Path, seconds: float, books: Books) -> list[Sample]:
    """Run it in the folder; what came of it is in the books afterwards, and nothing is on its way any more."""
    async with running(folder, books) as house:
        traffic, done = Traffic(house, books), asyncio.Event()
        async with asyncio.TaskGroup() as until_drained:
            agent = until_drained.create_task(traffic.agent(done))
            async with asyncio.TaskGroup() as until_over:
                for one in everything(traffic, min(15.0, seconds / (2 * len(FAULTS)))):
                    until_over.create_task(one)
                samples = await watch(traffic, folder, seconds)
                traffic.over.set()
            await drained(house, agent, done, books)
    return samples


def everything(traffic: Traffic, a_while: float) -> Sequence[Coroutine[None, None, None]]:
    """All that goes on until it is over; faults, reloads and commands change each `a_while` seconds."""
    return (
        traffic.kept(),
        traffic.kept(30_000),
        traffic.new(),
        traffic.new(1_000_000, seconds=5.0),
        traffic.new(recipients=200, seconds=2.0),
        traffic.cut(),
        *(traffic.idle() for _ in range(IDLE)),
        traffic.sicken(a_while),
        traffic.reload(a_while),
        traffic.operate(a_while),
    )


async def drained(house: House, agent: "asyncio.Task[None]", done: asyncio.Event, books: Books) -> None:
    """Wait until nothing is left to do, and each errand was seen; what does not come in time is left."""
    with contextlib.suppress(TimeoutError):
        await asyncio.to_thread(house.gateway.wait_until_idle, DRAIN_SECONDS)
    done.set()
    await asyncio.wait([agent])
    jobs = await asyncio.to_thread(house.gateway.jobs)
    books.left = jobs.total() - jobs["done"] - jobs["discarded"]


def counted(books: Books, table: Table) -> None:
    """Put what came of mails and answers into the table; an answer's column of errands is what arrived."""
    made, arrived = books.errands, books.arrived
    table.row(
        "soak: mails",
        accepted=len(books.accepted),
        errands=made.total(),
        repeats=made.total() - len(made),
        left=books.left,
        lost=len(books.lost),
    )
    table.row(
        "soak: answers, arrived",
        accepted=len(books.answered),
        errands=arrived.total(),
        repeats=arrived.total() - len(arrived),
        lost=len(books.lost_answers),
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """Run it and print the tables; the exit status."""
    parser = argparse.ArgumentParser(prog="scripts/soak", description=__doc__.partition("\n\n")[0])
    parser.add_argument("--minutes", type=float, default=30.0, help="how long the traffic lasts (default: 30)")
    seconds = parser.parse_args(arguments).minutes * MINUTE
    books, table = Books(), Table()
    with tempfile.TemporaryDirectory(prefix="soak-") as folder:
        samples = asyncio.run(soak(Path(folder), seconds, books))
    counted(books, table)
    count = [one for one in samples if one.at >= warm_up(seconds)]
    print(table.markdown())
    print(f"{len(count)} samples after {warm_up(seconds) / MINUTE:.1f} of {seconds / MINUTE:.1f} minutes:\n")
    print(markdown(count))
    print(f"Replies that were no 2xx: {dict(books.refusals.most_common())}")
    for line in books.failed:
        print(f"command failed: {line}")
    return 0 if books.sound else 1


if __name__ == "__main__":
    sys.exit(main())
