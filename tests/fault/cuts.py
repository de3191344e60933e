"""Power cuts under load: a program that accepts mails as fast as it can, and moments of it at which the power fails."""

import random
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.fault.accepting import SIZES, mail
from tests.fault.power import Disk
from tests.fault.spools import content, opened

CUTS = 6
MAILS = 150  # between two cuts


@dataclass(frozen=True, slots=True)
class Cut:
    """What a power cut left: the disk's folder, mails that had their yes (id by number), names that POSIX forgets."""

    folder: Path
    accepted: Mapping[int, str]
    names_in_the_air: set[Path]


class Accepting:
    """The program `accepting`, running; what it has said so far is what it has said yes to."""

    def __init__(self, url: str, *options: str) -> None:
        argv = [sys.executable, "-m", "tests.fault.accepting", url, *options]
        self._process = subprocess.Popen(
            argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[2]
        )
        self._said: list[list[str]] = []
        self._more = threading.Condition()
        self._reading = threading.Thread(target=self._read)
        self._reading.start()
        self._wait_for(lambda: ["open"] in self._said)

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            with self._more:
                self._said.append(line.split())
                self._more.notify()

    def _wait_for(self, true: Callable[[], bool]) -> None:
        with self._more:
            assert self._more.wait_for(true, timeout=30), self._said[-10:]

    def wait_for_accepted(self, mails: int) -> None:
        """Wait until it has said yes to that many mails."""
        self._wait_for(lambda: len(self.accepted()) >= mails)

    def accept(self, up_to: int) -> None:
        """Have it accept mails until it has that many in all."""
        assert self._process.stdin is not None
        self._process.stdin.write(f"{up_to}\n")
        self._process.stdin.flush()

    def accepted(self) -> dict[int, str]:
        """The ids of the mails that it said yes to, by number."""
        return {int(words[1]): words[2] for words in list(self._said) if words[0] == "accepted"}

    def names_in_the_air(self) -> set[Path]:
        """What was created in a folder that was not synced since."""
        found: set[Path] = set()
        for word, *path in list(self._said):
            if word == "created":
                found.add(Path(path[0]))
            elif word == "synced":
                found = {name for name in found if name.parent != Path(path[0])}
        return found

    def end(self) -> None:
        """Kill it."""
        self._process.kill()
        self._process.wait()
        self._reading.join()
        for pipe in (self._process.stdin, self._process.stdout):
            assert pipe is not None
            pipe.close()


@contextmanager
def accepting(url: str, *options: str) -> Iterator[Accepting]:
    """The program, running meanwhile on a spool."""
    running = Accepting(url, *options)
    try:
        yield running
    finally:
        running.end()


def cut_many_times(on: Disk, child: Accepting, seed: str) -> Iterator[Cut]:
    """Cut the power at random moments of the load."""
    moment = random.Random(seed)
    for cut in range(CUTS):
        child.accept(up_to=(cut + 1) * MAILS)
        child.wait_for_accepted(cut * MAILS + moment.randrange(10, MAILS * 2 // 3))
        # Before the cut: what is said in between may be on the disk or not.
        accepted, names = child.accepted(), child.names_in_the_air()
        with on.after_power_cut() as folder:
            yield Cut(folder, accepted, {folder / name.relative_to(on.folder) for name in names})


def lost(url: str, accepted: Mapping[int, str], sizes: tuple[int, ...] = SIZES) -> list[int]:
    """Which of the accepted mails are not in the spool, or not whole, when our own program opens it."""
    with opened(url) as spool:
        return [number for number, name in accepted.items() if content(spool, name) != mail(number, sizes)]
