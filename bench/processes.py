"""What a program with all that it started uses, as the kernel tells it: memory, many times a second, and CPU time."""

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

_TICK_SECONDS = 0.05
_KB = 1024


@dataclass(frozen=True, slots=True)
class Memory:
    """Bytes: `pss` shares what processes share (proc(5), smaps_rollup), `rss` counts it for each of them."""

    pss: int = 0
    rss: int = 0
    processes: int = 0

    def __add__(self, other: "Memory") -> "Memory":
        return Memory(self.pss + other.pss, self.rss + other.rss, self.processes + other.processes)


def tree(pid: int) -> Iterator[int]:
    """Yield a process and all that descend from it."""
    yield pid
    try:
        children = [int(child) for task in Path(f"/proc/{pid}/task").iterdir() for child in _words(task / "children")]
    except OSError:
        return
    for child in children:
        yield from tree(child)


def _words(file: Path) -> list[str]:
    return file.read_text().split()


def cpu_of_tree(pid: int) -> float:
    """Add up the seconds of CPU, user and system, of a process and all that descend from it and are there."""
    return sum(map(_cpu_of, tree(pid)))


def _cpu_of(pid: int) -> float:
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def memory_of(pid: int) -> Memory:
    """Return what a process has in memory; nothing for one that has just gone."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return Memory()
    sizes = {name: int(rest.split()[0]) * _KB for name, _, rest in (line.partition(":") for line in lines[1:])}
    return Memory(sizes.get("Pss", 0), sizes.get("Rss", 0), 1)


def memory_of_tree(pid: int) -> Memory:
    """Add up what a process and all that descend from it have in memory."""
    return sum(map(memory_of, tree(pid)), Memory())


class Watch:
    """The most memory that a program had while it was watched, and the most of its `rss`."""

    def __init__(self, pid: int) -> None:
        self.most = memory_of_tree(pid)
        self._pid = pid
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._look, name="watch", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End."""
        self._ended.set()
        self._thread.join()

    def _look(self) -> None:
        while not self._ended.wait(_TICK_SECONDS):
            found = memory_of_tree(self._pid)
            if found.pss > self.most.pss:
                self.most = found


@contextmanager
def watched(pid: int) -> Iterator[Watch]:
    """Watch a program; `most` of what is yielded is the peak so far."""
    watch = Watch(pid)
    watch.start()
    try:
        yield watch
    finally:
        watch.stop()
