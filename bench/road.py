"""The whole road, from smtp-source to the errand, against others: `scripts/bench road`. Figures are errands a second.

The errands are made at `bench/sink.py`, which answers like Cention at once. The gateway stores each mail and syncs it
before its 250; the others store nothing and say 250 once the errand is made. The time runs from the first mail's
sending until the last errand is made. Connections are kept by default: smtp-server greets each new one only after
100 ms, to catch those that talk too early, and would be measured by that.
"""

import argparse
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from bench import load, node, ours, sink, table
from bench.load import Load
from bench.peer import Peer, own_folder, started
from bench.program import BenchError, Command, free_port, listens, running, wait_until

_TOKEN = {"BENCH_TOKEN": "token-of-the-bench"}
SIZES = {"4k": Load(4_000, 2000, 20), "100k": Load(100_000, 800, 20)}
_DEMANDED = {"node": 1.5, "python": 5.0}
_LAST_SECONDS = 120.0


def _ours(url: str) -> Peer:
    return Peer("gateway", lambda folder, port: ours.command(folder, port, url), ours.stored)


def _node(url: str) -> Peer:
    def prepare(_folder: Path, port: int) -> Command:
        command = node.command("road.js", str(port), url)
        return Command(command.argv, {**command.environment, **_TOKEN})

    return Peer("Node", prepare, missing=node.missing)


def _python(name: str, *more: str) -> Callable[[str], Peer]:
    def peer(url: str) -> Peer:
        def prepare(_folder: Path, port: int) -> Command:
            return Command([sys.executable, "-m", "bench.peers.road", str(port), url, *more], _TOKEN)

        return Peer(name, prepare)

    return peer


ROADS: dict[str, Callable[[str], Peer]] = {
    "gateway": _ours,
    "node": _node,
    "python": _python("Python"),
    "python-kept": _python("Python with a Session", "kept"),
}


@contextmanager
def cention() -> Iterator[int]:
    """Run the sink; yield its port."""
    port = free_port()
    command = Command([sys.executable, "-m", "bench.sink", str(port)])
    with own_folder("sink") as folder, running("the sink", command, folder / "log", lambda: listens(port)):
        yield port


def url_of(port: int) -> str:
    """Return the base address of the sink's workspace."""
    return f"http://127.0.0.1:{port}/s/demo"


def rate(road: Callable[[str], Peer], what: Load) -> float:
    """Return the errands a second that a fresh peer makes of mails, once it is warm; BenchError when one is missing."""
    with cention() as port, started(road(url_of(port))) as running_peer:
        warming = what.warming()
        load.send(warming, running_peer.port)
        _wait_for(port, warming.mails)
        began = time.monotonic()
        load.send(what, running_peer.port)
        last = _wait_for(port, warming.mails + what.mails)
        running_peer.check_stored(warming.mails + what.mails)
    return what.mails / (last - began)


def _wait_for(port: int, errands: int) -> float:
    """Wait until so many errands are made; return when the last one was. BenchError for repeats and refusals."""
    wait_until(lambda: sink.count(port).errands >= errands, f"{errands} errands at the sink", _LAST_SECONDS)
    found = sink.count(port)
    if (found.errands, found.repeats, found.refused) != (errands, 0, 0):
        raise BenchError(f"the sink should have {errands} errands, and nothing else: {found}")
    return found.last


def measure(names: Sequence[str], what: Load, rounds: int) -> dict[str, list[float]]:
    """Let the peers take turns; who begins moves on by one with each round."""
    rates: dict[str, list[float]] = {name: [] for name in names}
    for number in range(rounds):
        turn = number % len(names)
        for name in (*names[turn:], *names[:turn]):
            rates[name].append(rate(ROADS[name], what))
            print(f"{what.size} bytes, round {number + 1}: {name} {rates[name][-1]:.0f}", file=sys.stderr)
    return rates


def report(found: dict[str, dict[str, list[float]]], names: Sequence[str]) -> str:
    """Write errands a second by size, and how many times as many ours are."""
    others = [name for name in names if name != "gateway"]
    head = ["size", *names, *(f"gateway / {name}" for name in others)]
    rows = []
    for size, rates in found.items():
        compared = [table.judged(table.ratios(rates["gateway"], rates[name]), _DEMANDED.get(name)) for name in others]
        rows.append([size, *(table.spread(rates[name]) for name in names), *compared])
    return table.markdown(head, rows)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="scripts/bench road", description=__doc__)
    parser.add_argument("--peers", default=",".join(name for name in ROADS if name != "gateway"))
    parser.add_argument("--sizes", default=",".join(SIZES))
    parser.add_argument("--new", action="store_true", help="a connection for each mail")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--quick", action="store_true", help="one round of a tenth of the mails: does it work at all?")
    return parser.parse_args()


def main() -> None:
    """Print the table."""
    options = _options()
    names = ["gateway"]
    for name in filter(None, options.peers.split(",")):
        if reason := ROADS[name]("").missing():
            print(f"{name} is left out: {reason}\n")
        else:
            names.append(name)
    rounds, share = (1, 0.1) if options.quick else (options.rounds, 1.0)
    print(f"{table.machine()}\n")
    sized = partial(_sized, share=share, kept=not options.new)
    try:
        found = {size: measure(names, sized(SIZES[size]), rounds) for size in options.sizes.split(",")}
    except BenchError as error:
        raise SystemExit(str(error)) from error
    print(
        f"Errands a second, median (least to most) of {rounds} rounds:\n\n{report(found, names)}\n\n{table.machine()}"
    )


def _sized(what: Load, share: float, *, kept: bool) -> Load:
    return Load(what.size, round(what.mails * share), what.sessions, kept)


if __name__ == "__main__":
    main()
