"""A program that takes mail, as the benches see it: ours, and those that it is measured against."""

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.program import BenchError, Command, free_port, listens, running

# On the disk that the work tree is on: a temporary folder may be memory, where what is durable costs nothing.
FOLDER = Path(".build/bench").resolve()
RECIPIENT = "support@example.com"


def always_there() -> str:
    """Say that nothing is missing."""
    return ""


@dataclass(frozen=True, slots=True)
class Peer:
    """A mail server to be measured.

    `prepare` writes what it needs into an empty folder and returns the command that makes it listen on a port of
    127.0.0.1. `stored` counts the mails that lie in that folder; None where it keeps none. `missing` says what is not
    on this machine, "" for nothing.
    """

    name: str
    prepare: Callable[[Path, int], Command]
    stored: Callable[[Path], int] | None = None
    missing: Callable[[], str] = always_there


@dataclass(frozen=True, slots=True)
class Running:
    """A peer that listens on `port`; `pid` is its first process."""

    peer: Peer
    folder: Path
    port: int
    pid: int

    def check_stored(self, mails: int) -> None:
        """Raise BenchError unless exactly so many mails lie in its folder."""
        if self.peer.stored is not None and (found := self.peer.stored(self.folder)) != mails:
            raise BenchError(f"{self.peer.name} said yes to {mails} mails and has stored {found}")


@contextmanager
def own_folder(name: str) -> Iterator[Path]:
    """Make a folder on the work tree's disk that every user can look into; at the end it is gone, the disk at rest."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix=f"{name.replace(' ', '-')}-", dir=FOLDER))
    folder.chmod(0o755)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        # What one leaves for the disk to do is not to be done while the next is measured.
        os.sync()


@contextmanager
def started(peer: Peer) -> Iterator[Running]:
    """Start a peer with nothing stored; at the end it is gone, with its folder."""
    port = free_port()
    with own_folder(peer.name) as folder:
        command = peer.prepare(folder, port)
        with running(peer.name, command, folder / "log", lambda: listens(port)) as pid:
            yield Running(peer, folder, port, pid)
