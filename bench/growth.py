"""Whether a spool with a long past is as fast as an empty one: `scripts/bench growth`.

One million finished mails of 390 days are put into a spool; those of the last 30 days have their content still, as the
default retention leaves them. Accepting and working off are measured in this process, through `gateway.spool`, in turns
with an empty spool; then the program is started on it; then retention runs while mail is accepted; then a smaller spool
is filled and forgotten again and again.
"""

import argparse
import asyncio
import os
import shutil
import statistics
import threading
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path

from bench import history, ours, table
from bench.history import DAY, Past
from bench.pace import Rates, accept, measure, opened
from bench.peer import own_folder
from bench.program import BenchError, free_port, running

ROWS, CYCLE_ROWS, CYCLES, MAILS, ROUNDS = 1_000_000, 20_000, 4, 3000, 5
RETENTION, HISTORY, PAST = 30 * DAY, 400 * DAY, 390 * DAY
_DEMANDED_RATIO, _DEMANDED_START, _DEMANDED_FILE = 0.8, 3.0, 1.1
_LOOKS = 7


def in_turns(full: Path, mails: int, rounds: int) -> tuple[Rates, Rates]:
    """Measure the full spool and an empty one, by turns; return what was found of the full and of the empty one."""
    of_full, of_empty = Rates(), Rates()
    for number in range(rounds):
        empty = full.with_name("empty.db")
        history.make(empty)
        turns = [(full, of_full), (empty, of_empty)]
        for file, rates in turns if number % 2 else reversed(turns):
            measure(file, mails, rates)
        remove(empty)
    return of_full, of_empty


def remove(file: Path) -> None:
    """Remove a spool with all that belongs to it."""
    for path in file.parent.glob(f"{file.name}*"):
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    os.sync()


@dataclass(frozen=True, slots=True)
class Start:
    """Seconds until the program is ready, and that a look at its pages takes, median of several."""

    ready: float
    readyz: float
    metrics: float


def start(folder: Path) -> Start:
    """Start the program on the spool of a folder."""
    http = free_port()
    command = ours.command(folder, free_port(), http=http)
    began = time.perf_counter()
    with running("gateway", command, folder / "log", lambda: _page(http, "readyz") is not None):
        ready = time.perf_counter() - began
        looks = {name: [_look(http, name) for _ in range(_LOOKS)] for name in ("readyz", "metrics")}
    return Start(ready, *(statistics.median(seconds) for seconds in looks.values()))


def _look(port: int, name: str) -> float:
    seconds = _page(port, name)
    if seconds is None:
        raise BenchError(f"/{name} does not answer with 200")
    return seconds


def _page(port: int, name: str) -> float | None:
    """Return the seconds that a page takes; None where there is none."""
    began = time.perf_counter()
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/{name}", timeout=30) as page:
            page.read()
    except (urllib.error.URLError, ConnectionError):
        return None
    return time.perf_counter() - began


@dataclass(frozen=True, slots=True)
class Retention:
    """Seconds: of a look that finds nothing to forget, of a step (median, longest), of the longest wait meanwhile."""

    look: float
    steps: list[float]
    longest_wait: float


def retention(file: Path, mails: int) -> Retention:
    """Accept mails while retention goes, without pause, through all that has content, as if a month had passed."""
    with opened(file) as spool:
        now = time.time()
        began = time.perf_counter()
        spool.forget(now - RETENTION, now - HISTORY)
        look = time.perf_counter() - began
        ended, steps = threading.Event(), []

        def forget() -> None:
            while not ended.is_set():
                began = time.perf_counter()
                spool.forget(now, now - HISTORY)
                steps.append(time.perf_counter() - began)

        thread = threading.Thread(target=forget, name="retention")
        thread.start()
        try:
            waits = asyncio.run(accept(spool, mails))
        finally:
            ended.set()
            thread.join()
        return Retention(look, steps, max(waits))


def cycles(folder: Path, rows: int, times: int) -> list[int]:
    """Fill a spool and forget everything again, several times; return its bytes each time when it is full."""
    file, sizes = folder / "cycle.db", []
    history.make(file)
    for number in range(times):
        history.fill(file, Past(number * rows, (number + 1) * rows, number * rows, 1.0))
        with opened(file) as spool:
            sizes.append(history.size(file))
            while spool.forget(time.time(), time.time()):
                pass
    remove(file)
    return sizes


def _report(
    of_full: Rates, of_empty: Rates, starts: list[Start], forgot: Retention, sizes: list[int]
) -> list[list[str]]:
    full, empty = starts
    refilled = max(sizes[1:]) / sizes[0]
    return [
        _rates("mails accepted a second", of_full.accepts, of_empty.accepts),
        _rates("jobs leased and concluded a second", of_full.works, of_empty.works),
        ["longest wait of an accept, s", table.spread(of_full.longest, 3), table.spread(of_empty.longest, 3), ""],
        [
            "start until /readyz is 200, s",
            f"{full.ready:.2f}",
            f"{empty.ready:.2f}",
            _most(full.ready, _DEMANDED_START),
        ],
        ["/readyz, s", f"{full.readyz:.3f}", f"{empty.readyz:.3f}", ""],
        ["/metrics, s", f"{full.metrics:.3f}", f"{empty.metrics:.3f}", ""],
        ["retention looks and finds nothing, s", f"{forgot.look:.3f}", "", ""],
        [f"a step of retention ({len(forgot.steps)} steps), s", table.spread(forgot.steps, 3), "", ""],
        ["longest wait of an accept meanwhile, s", f"{forgot.longest_wait:.3f}", "", ""],
        ["file when filled again, to the first time", f"{refilled:.2f}", "", _most(refilled, _DEMANDED_FILE)],
    ]


def _rates(what: str, full: list[float], empty: list[float]) -> list[str]:
    return [what, table.spread(full), table.spread(empty), table.judged(table.ratios(full, empty), _DEMANDED_RATIO)]


def _most(value: float, demanded: float) -> str:
    return f"demanded up to {demanded:g}" + ("" if value <= demanded else " **missed**")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="scripts/bench growth", description=__doc__)
    parser.add_argument("--rows", type=int, default=ROWS)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--quick", action="store_true", help="a fiftieth of the rows, one round: does it work at all?")
    return parser.parse_args()


def main() -> None:
    """Print the table."""
    options = _options()
    rows, rounds, mails = (ROWS // 50, 1, 300) if options.quick else (options.rows, options.rounds, MAILS)
    try:
        with own_folder("growth") as folder:
            (folder / "empty").mkdir()
            full = ours.spool_file(folder)
            filled = _filled(full, rows)
            of_full, of_empty = in_turns(full, mails, rounds)
            starts = [start(folder), start(folder / "empty")]
            forgot = retention(full, mails)
            lines = _report(of_full, of_empty, starts, forgot, cycles(folder, min(rows, CYCLE_ROWS), CYCLES))
    except BenchError as error:
        raise SystemExit(str(error)) from error
    head = ["", "with the past", "empty", "past / empty"]
    print(f"{filled}; median (least to most) of {rounds} rounds:\n\n{table.markdown(head, lines)}\n\n{table.machine()}")


def _filled(file: Path, rows: int) -> str:
    history.make(file)
    began = time.perf_counter()
    history.fill(file, Past(0, rows, kept=rows - round(rows * RETENTION / PAST), days=PAST / DAY))
    os.sync()
    return f"{rows} finished mails, put in in {time.perf_counter() - began:.0f} s, {history.size(file) / 1e6:.0f} MB"


if __name__ == "__main__":
    main()
