"""What a program's processes use, all of them together, as the kernel counts it (proc_pid_smaps_rollup(5))."""

import re
from dataclasses import dataclass
from pathlib import Path

from tests.fault.processes import of_session

_PROC = Path("/proc")
_SIZE = re.compile(r"^(Rss|Pss): +(\d+) kB", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Census:
    """Bytes, and counts. `rss` counts a page in each process that has it, `pss` counts it once."""

    rss: int = 0
    pss: int = 0
    descriptors: int = 0
    threads: int = 0

    def __add__(self, other: "Census") -> "Census":
        return Census(
            self.rss + other.rss,
            self.pss + other.pss,
            self.descriptors + other.descriptors,
            self.threads + other.threads,
        )


def census(session: int) -> Census:
    """Count what the processes of a session use; one that ends meanwhile counts for nothing."""
    return sum((_of(pid) for pid in of_session(session)), Census())


def _of(pid: int) -> Census:
    process = _PROC / str(pid)
    try:
        sizes = {name: 1024 * int(size) for name, size in _SIZE.findall((process / "smaps_rollup").read_text())}
        descriptors, threads = (sum(1 for _ in (process / what).iterdir()) for what in ("fd", "task"))
    except OSError:
        return Census()
    return Census(sizes.get("Rss", 0), sizes.get("Pss", 0), descriptors, threads)
