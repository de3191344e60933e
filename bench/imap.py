"""How fast a mailbox is fetched, against others and from the same Dovecot: `scripts/bench imap`.

`mbsync` (Debian: isync) writes a Maildir and syncs each mail; `fetchmail` gives each to a program, here `cat`, and
syncs nothing; a plain loop on imapclient commits each to SQLite. Each round fetches the whole mailbox once by each,
into an empty place.
"""

import argparse
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from bench import table
from bench.dovecot import PASSWORD, USER, Mailbox, mailbox
from bench.peer import own_folder
from bench.processes import memory_of_tree
from bench.program import BenchError

SIZES = {4_000: 8000, 100_000: 2000, 10_000_000: 20}
_MBSYNC, _FETCHMAIL = "/usr/bin/mbsync", "/usr/bin/fetchmail"
_TICK_SECONDS = 0.02
_MBSYNCRC = """\
IMAPAccount bench
Host 127.0.0.1
Port {port}
User {user}
Pass {password}
SSLType None
AuthMechs LOGIN

IMAPStore far
Account bench

MaildirStore near
Path {folder}/
Inbox {folder}/INBOX

Channel bench
Far :far:
Near :near:
Patterns INBOX
Create Near
Sync Pull
SyncState *
"""
_FETCHMAILRC = """\
poll 127.0.0.1 protocol imap port {port} user "{user}" password "{password}"
  mda "/bin/cat >>{folder}/mbox" keep fetchall sslproto ""
"""


@dataclass(frozen=True, slots=True)
class Run:
    """What came of fetching a mailbox: mails a second, and the most memory (PSS, bytes)."""

    rate: float
    memory: int


Fetcher = Callable[[Mailbox, Path], "list[str]"]


def _own(name: str) -> Fetcher:
    def argv(box: Mailbox, folder: Path) -> list[str]:
        return [sys.executable, "-m", "bench.fetch", name, str(box.port), str(box.count), str(folder)]

    return argv


def _mbsync(box: Mailbox, folder: Path) -> list[str]:
    settings = folder / "mbsyncrc"
    settings.write_text(_MBSYNCRC.format(port=box.port, user=USER, password=PASSWORD, folder=folder))
    return [_MBSYNC, "-q", "-c", str(settings), "-a"]


def _fetchmail(box: Mailbox, folder: Path) -> list[str]:
    settings = folder / "fetchmailrc"
    settings.write_text(_FETCHMAILRC.format(port=box.port, user=USER, password=PASSWORD, folder=folder))
    settings.chmod(0o600)
    return [_FETCHMAIL, "-s", "-f", str(settings), "--pidfile", str(folder / "pid"), "-i", str(folder / "ids")]


FETCHERS: dict[str, Fetcher] = {
    "gateway": _own("ours"),
    "gateway, marking as read": _own("seen"),
    "mbsync": _mbsync,
    "fetchmail": _fetchmail,
    "imapclient loop": _own("plain"),
}


def fetched(fetcher: Fetcher, box: Mailbox) -> Run:
    """Fetch a mailbox once; one of ours says itself how long it took, without its start."""
    with own_folder("fetch") as folder:
        argv = fetcher(box, folder)
        began = time.perf_counter()
        environment = os.environ | {"FETCHMAILHOME": str(folder)}
        process = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, env=environment)
        most = 0
        while process.poll() is None:
            most = max(most, memory_of_tree(process.pid).pss)
            time.sleep(_TICK_SECONDS)
        took = time.perf_counter() - began
        said = process.communicate()[0].decode().strip()
    if process.returncode != 0:
        raise BenchError(f"{argv[0]} ended with status {process.returncode}")
    return Run(box.count / (float(said) if said else took), most)


def _there(name: str) -> bool:
    return not (name == "mbsync" and not shutil.which(_MBSYNC)) and not (
        name == "fetchmail" and not shutil.which(_FETCHMAIL)
    )


def measure(size: int, count: int, rounds: int, names: list[str]) -> dict[str, list[Run]]:
    """Fetch mailboxes of a size, each anew for every fetcher, since who marks as read changes it."""
    found: dict[str, list[Run]] = {name: [] for name in names}
    for _ in range(rounds):
        for name in names:
            with mailbox(count, size) as box:
                found[name].append(fetched(FETCHERS[name], box))
    return found


def main() -> None:
    """Print a table of rates with ratios to mbsync, and of memory."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--sizes", type=int, nargs="*", default=list(SIZES))
    parser.add_argument("--only", nargs="*", default=[name for name in FETCHERS if _there(name)])
    chosen = parser.parse_args()
    print(table.machine())
    rows = []
    for size in chosen.sizes:
        found = measure(size, SIZES[size], chosen.rounds, chosen.only)
        rates = {name: [run.rate for run in runs] for name, runs in found.items()}
        for name, runs in found.items():
            against = table.spread(table.ratios(rates[name], rates["mbsync"]), 2) if "mbsync" in rates else ""
            memory = f"{max(run.memory for run in runs) / 1e6:.0f} MB"
            rows.append([f"{size // 1000} KB", name, table.spread(rates[name]), against, memory])
    print(table.markdown(["size", "who", "mails a second", "to mbsync", "memory"], rows))


if __name__ == "__main__":
    main()
