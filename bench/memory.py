"""How much memory the whole program takes at its worst: `scripts/bench memory`.

What is added up is the PSS of all of its processes, which counts what they share once. Two loads: 50 connections that
send 25 MB each at once, while errands are made of them at `bench/sink.py`; and 2,000 connections that said EHLO and are
silent then.
"""

import argparse
import asyncio
import resource
from dataclasses import dataclass

from bench import load, ours, road, sink, table
from bench.load import Load
from bench.peer import Peer, started
from bench.processes import Memory, memory_of_tree, watched
from bench.program import BenchError, wait_until

_MB = 1_000_000
LARGE = Load(25 * _MB, 50, 50)
_FIRST = Load(4_000, 20, 4)
IDLE = 2000
_MOST_LARGE, _MOST_IDLE = 400 * _MB, 150 * _MB
_LIMITS = "max_connections = 5000\nmax_connections_per_address = 5000"
_WAIT_SECONDS = 300.0
_OPEN_AT_ONCE = 100
_Connection = tuple[asyncio.StreamReader, asyncio.StreamWriter]


@dataclass(frozen=True, slots=True)
class Found:
    """Memory at rest and at the worst of a load."""

    before: Memory
    most: Memory

    @property
    def growth(self) -> int:
        """Bytes of PSS that the load added."""
        return self.most.pss - self.before.pss


def large_mails(more: str, what: Load) -> Found:
    """Send large mails all at once; watch until the last of their errands is made."""
    with road.cention() as port, started(_gateway(road.url_of(port), more)) as running:
        load.send(_FIRST, running.port)
        wait_until(lambda: sink.count(port).errands >= _FIRST.mails, "the first errands", _WAIT_SECONDS)
        before = memory_of_tree(running.pid)
        with watched(running.pid) as watch:
            load.send(what, running.port)
            wait_until(lambda: sink.count(port).errands >= _FIRST.mails + what.mails, "the last errand", _WAIT_SECONDS)
        return Found(before, watch.most)


def idle_connections(more: str, count: int) -> Found:
    """Open connections that say EHLO and no more."""
    with started(_gateway(ours.NOWHERE, f"{more}\n{_LIMITS}")) as running:
        load.send(_FIRST, running.port)
        before = memory_of_tree(running.pid)
        most = asyncio.run(_open(running.port, running.pid, count))
        return Found(before, most)


def _gateway(url: str, more: str) -> Peer:
    return Peer("gateway", lambda folder, port: ours.command(folder, port, url, more=more), ours.stored)


async def _open(port: int, pid: int, count: int) -> Memory:
    connections: list[_Connection] = []
    for start in range(0, count, _OPEN_AT_ONCE):
        waiting = (_greeted(port) for _ in range(start, min(count, start + _OPEN_AT_ONCE)))
        connections += await asyncio.gather(*waiting)
    most = memory_of_tree(pid)
    for connection in connections:
        await _say(connection, b"NOOP\r\n")
        connection[1].close()
    return most


async def _greeted(port: int) -> _Connection:
    connection = await asyncio.open_connection("127.0.0.1", port)
    await _say(connection, b"")
    await _say(connection, b"EHLO idle.example.net\r\n")
    return connection


async def _say(connection: _Connection, command: bytes) -> None:
    """Send a command and read the reply; BenchError when it is none of success."""
    reader, writer = connection
    writer.write(command)
    while (line := await reader.readline())[3:4] == b"-":
        pass
    if not line.startswith(b"2"):
        raise BenchError(f"{command or 'a connection'!r} was answered with {line!r}")


def _row(what: str, found: Found, counted: int, demanded: int) -> list[str]:
    before, most = (f"{one.pss / _MB:.0f} MB" for one in (found.before, found.most))
    verdict = f"under {demanded / _MB:.0f} MB" + ("" if counted < demanded else " **missed**")
    rss = f"{found.most.rss / _MB:.0f} MB in {found.most.processes} processes"
    return [what, before, most, f"{found.growth / _MB:.0f} MB", verdict, rss]


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="scripts/bench memory", description=__doc__)
    parser.add_argument("--processes", default="", help="smtp.processes; by default what the program takes")
    parser.add_argument("--quick", action="store_true", help="a tenth of everything: does it work at all?")
    return parser.parse_args()


def main() -> None:
    """Print the table."""
    options = _options()
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    more = f"processes = {options.processes}" if options.processes else ""
    share = 10 if options.quick else 1
    what = Load(LARGE.size, LARGE.mails // share, LARGE.sessions // share)
    idle = IDLE // share
    try:
        large, silent = large_mails(more, what), idle_connections(more, idle)
    except BenchError as error:
        raise SystemExit(str(error)) from error
    rows = [
        _row(f"{what.mails} mails of 25 MB at once (most)", large, large.most.pss, _MOST_LARGE),
        _row(f"{idle} idle connections (growth)", silent, silent.growth, _MOST_IDLE),
    ]
    head = ["load", "PSS before", "PSS at most", "growth", "demanded", "RSS at most"]
    print(f"{table.markdown(head, rows)}\n\n{table.machine()}")


if __name__ == "__main__":
    main()
