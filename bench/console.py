"""Whether the console's pages come quickly from a full spool while mail arrives, and what watching costs accepting.

`scripts/bench console` puts a million mails into a spool and starts the program on it. Each page is asked for again and
again, at rest and while smtp-source sends as fast as it can; then mail is accepted in turns with ten browsers that
watch the overview and with none. Figures are milliseconds and mails a second; `--mails` makes the spool smaller.
"""

import argparse
import statistics
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from urllib.parse import quote

import requests

from bench import load, ours, table
from bench.load import Load
from bench.peer import own_folder
from bench.program import Command, free_port, listens, running
from bench.search import fill
from gateway.spool import query
from gateway.spool.spool import Spool
from gateway.spool.wanted import Around, parse

_AIM, _LEAST, _WATCHERS, _ROUNDS = 300.0, 0.95, 10, 40
_LOAD = Load(size=4_000, mails=3_000, sessions=20)
SEARCHES = (
    "",
    "order",
    "from:ann late",
    "state:parked",
    "errand:500000",
    "route:rare order",
    "before:170d parcel",
    "nowhere",
)


def _console(command: Command) -> Command:
    return replace(command, environment=dict(command.environment) | {"CENTION_GATEWAY_CONSOLE__OPEN": "true"})


@contextmanager
def arriving(smtp: int) -> Iterator[None]:
    """Have mail arrive as fast as it is taken."""
    ended = threading.Event()

    def send() -> None:
        while not ended.is_set():
            load.send(_LOAD, smtp)

    thread = threading.Thread(target=send)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


@contextmanager
def watched(origin: str, browsers: int) -> Iterator[None]:
    """Have so many browsers follow the overview, as its script does: a look whenever something is told."""
    ended = threading.Event()

    def watch() -> None:
        session = requests.Session()
        with session.get(f"{origin}/live", stream=True, timeout=60) as told:
            for line in told.iter_lines(chunk_size=1):
                if ended.is_set():
                    return
                if line.startswith(b"data:"):
                    session.get(f"{origin}/", timeout=60).raise_for_status()

    threads = [threading.Thread(target=watch, daemon=True) for _ in range(browsers)]
    for thread in threads:
        thread.start()
    yield
    ended.set()


def pages(origin: str, paths: Sequence[str], rounds: int) -> Iterator[tuple[str, float, float]]:
    """Ask for each page; yield its path, the median and the 95th percentile in milliseconds."""
    session = requests.Session()
    for path in paths:
        taken = []
        for _ in range(rounds):
            began = time.perf_counter()
            session.get(f"{origin}{path}", timeout=60).raise_for_status()
            taken.append((time.perf_counter() - began) * 1000)
        yield path, statistics.median(taken), statistics.quantiles(taken, n=20)[-1]


def rates(smtp: int, origin: str, rounds: int) -> tuple[list[float], list[float]]:
    """Return mails a second without anybody who watches, and with ten, by turns."""
    found: tuple[list[float], list[float]] = ([], [])
    for number in range(rounds * 2):
        with watched(origin, _WATCHERS if number % 2 else 0):
            found[number % 2].append(_LOAD.mails / load.send(_LOAD, smtp))
    return found


def _paths(folder: Path) -> list[str]:
    """Return what is asked for: the overview, lists, an old mail and the newest, which has its content."""
    spool = Spool(f"sqlite:///{ours.spool_file(folder)}")
    newest = spool.read(lambda connection: query.jobs(connection, [], "", 1))[0]["mail_id"]
    old = spool.read(lambda connection: query.jobs_of(connection, "1000"))[0]["mail_id"]
    spool.close()
    said = [f"/mail?q={quote(text)}" for text in SEARCHES if not parse(text, Around(0.0)).troubles]
    return ["/", *said, f"/mail/{old}", f"/mail/{newest}"]


def _report(title: str, found: Iterator[tuple[str, float, float]]) -> None:
    print(f"\n{title}\n\n{table.markdown(['page', 'median', '95th percentile'], [])}")
    for path, middle, worst in found:
        missed = "" if worst <= _AIM else " **missed**"
        print(f"| `{path}` | {middle:.1f} | {worst:.1f}{missed} |", flush=True)


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(prog="scripts/bench console", description=__doc__)
    parser.add_argument("--mails", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--watching", action="store_true", help="only what ten who watch cost accepting")
    options = parser.parse_args()
    with own_folder("console") as folder:
        smtp, http = free_port(), free_port()
        origin = f"http://127.0.0.1:{http}"
        spool = Spool(f"sqlite:///{ours.spool_file(folder)}")
        fill(spool, options.mails)
        spool.close()
        print(f"{table.machine()}\n\n{options.mails} mails in the spool")
        command = _console(ours.command(folder, smtp, http=http))
        with running("gateway", command, folder / "log", lambda: listens(smtp) and listens(http)):
            load.send(_LOAD.warming(), smtp)
            paths = [] if options.watching else _paths(folder)
            _report("At rest", pages(origin, paths, _ROUNDS))
            with arriving(smtp):
                _report("While mail arrives", pages(origin, paths, _ROUNDS))
            alone, beside = rates(smtp, origin, options.rounds)
            print(f"\nMails a second: {table.spread(alone)} alone, {table.spread(beside)} with {_WATCHERS} who watch")
            print(f"ratio {table.judged(table.ratios(beside, alone), _LEAST)}")


if __name__ == "__main__":
    main()
