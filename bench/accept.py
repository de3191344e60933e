"""How fast mail is accepted, durably, against others: `scripts/bench accept`. Figures are mails a second.

Load by Postfix's smtp-source. The peers take turns within each round, each with an empty store; what is compared is
mails a second of the same round. Everyone but smtp-sink, the upper bound, syncs each mail to the disk before its 250.
"""

import argparse
import itertools
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bench import load, node, ours, table
from bench.load import Load
from bench.peer import Peer, started
from bench.postfix import POSTFIX
from bench.program import BenchError, Command

_SMTP_SINK = Path("/usr/sbin/smtp-sink")


def _sink(_folder: Path, port: int) -> Command:
    user = ["-u", "nobody"] if os.geteuid() == 0 else []
    return Command([str(_SMTP_SINK), *user, "-m", "1000", f"127.0.0.1:{port}", "1000"])


def _stock(folder: Path, port: int) -> Command:
    return Command([sys.executable, "-m", "bench.peers.stock_aiosmtpd", str(port), str(folder / "spool.db")])


SINK = Peer("smtp-sink", _sink, missing=lambda: "" if _SMTP_SINK.exists() else "smtp-sink is not installed")
# Its file and table are named as ours.
STOCK = Peer("aiosmtpd", _stock, ours.stored)
PEERS = {
    "gateway": ours.OURS,
    "gateway0": ours.accepting("gateway, one process", "processes = 0"),
    "postfix": POSTFIX,
    "sink": SINK,
    "aiosmtpd": STOCK,
    "smtp-server": node.SMTP_SERVER,
    "haraka": node.HARAKA,
}
_DEFAULT = [name for name in PEERS if name != "gateway0"]

SIZES = {"4k": Load(4_000, 3000, 20), "100k": Load(100_000, 1500, 20), "10m": Load(10_000_000, 48, 4)}
MODES = {"new": False, "kept": True}
# What issue 3 demands of us, by size and mode, against Postfix; and by size against stock aiosmtpd.
_DEMANDED = {
    ("postfix", "4k", "new"): 1.6,
    ("postfix", "100k", "new"): 1.1,
    ("postfix", "10m", "new"): 1.4,
    ("postfix", "4k", "kept"): 1.6,
    ("postfix", "100k", "kept"): 1.3,
    ("postfix", "10m", "kept"): 1.4,
    **{("aiosmtpd", "4k", mode): 1.5 for mode in MODES},
    **{("aiosmtpd", "100k", mode): 3.0 for mode in MODES},
    **{("aiosmtpd", "10m", mode): 5.0 for mode in MODES},
}


@dataclass(frozen=True, slots=True)
class Cell:
    """What was measured of each peer, round by round, for one size and mode."""

    size: str
    mode: str
    rates: dict[str, list[float]]


def rate(peer: Peer, what: Load) -> float:
    """Return the mails a second that a fresh peer accepts, once it is warm."""
    with started(peer) as running:
        load.send(what.warming(), running.port)
        seconds = load.send(what, running.port)
        running.check_stored(what.warming().mails + what.mails)
    return what.mails / seconds


def measure(names: Sequence[str], size: str, mode: str, rounds: int, share: float) -> Cell:
    """Let the peers take turns; who begins moves on by one with each round."""
    whole = SIZES[size]
    what = Load(whole.size, max(whole.sessions, round(whole.mails * share)), whole.sessions, MODES[mode])
    rates: dict[str, list[float]] = {name: [] for name in names}
    for number in range(rounds):
        turn = number % len(names)
        for name in (*names[turn:], *names[:turn]):
            rates[name].append(rate(PEERS[name], what))
            print(f"{size} {mode} round {number + 1}: {name} {rates[name][-1]:.0f}", file=sys.stderr)
    return Cell(size, mode, rates)


def report(cells: Sequence[Cell], names: Sequence[str]) -> str:
    """Write mails a second, and how many times as many ours are as everyone else's."""
    head = ["size", "connections", *(PEERS[name].name for name in names)]
    rows = [[cell.size, cell.mode, *(table.spread(cell.rates[name]) for name in names)] for cell in cells]
    text = [table.markdown(head, rows)]
    others = [name for name in names if name != "gateway"]
    if "gateway" in names and others:
        head = ["size", "connections", *(f"gateway / {PEERS[name].name}" for name in others)]
        text.append(table.markdown(head, [_compared(cell, others) for cell in cells]))
    return "\n\n".join(text)


def _compared(cell: Cell, others: Sequence[str]) -> list[str]:
    mine = cell.rates["gateway"]
    ratios = (
        table.judged(table.ratios(mine, cell.rates[name]), _DEMANDED.get((name, cell.size, cell.mode)))
        for name in others
    )
    return [cell.size, cell.mode, *ratios]


def present(names: Sequence[str]) -> list[str]:
    """Leave out the peers that this machine does not have, and say so."""
    found = []
    for name in names:
        if reason := PEERS[name].missing():
            print(f"{PEERS[name].name} is left out: {reason}\n")
        else:
            found.append(name)
    return found


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="scripts/bench accept", description=__doc__)
    parser.add_argument("--peers", default=",".join(_DEFAULT), help=f"of {','.join(PEERS)}; by default %(default)s")
    parser.add_argument("--sizes", default=",".join(SIZES))
    parser.add_argument("--modes", default=",".join(MODES))
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--quick", action="store_true", help="one round of a tenth of the mails: does it work at all?")
    return parser.parse_args()


def main() -> None:
    """Print the tables."""
    options = _options()
    if not load.SMTP_SOURCE.exists():
        raise SystemExit("smtp-source is needed, which comes with Postfix")
    print(f"{table.machine()}\n")
    names = present(options.peers.split(","))
    rounds, share = (1, 0.1) if options.quick else (options.rounds, 1.0)
    cells: list[Cell] = []
    try:
        for mode, size in itertools.product(options.modes.split(","), options.sizes.split(",")):
            cells.append(measure(names, size, mode, rounds, share))
    except BenchError as error:
        raise SystemExit(str(error)) from error
    finally:
        # What was found before something broke is worth having.
        print(f"Mails a second, median (least to most) of {rounds} rounds:\n\n{report(cells, names)}")
        print(f"\n{table.machine()}")


if __name__ == "__main__":
    main()
