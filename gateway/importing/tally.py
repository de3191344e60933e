"""What an import has come to so far."""

import time
from collections import Counter
from dataclasses import dataclass, field
from typing import Any


@dataclass(slots=True)
class Tally:
    """Counts of mails, and bytes of their sources. `earlier` are bytes that were done in an earlier run.

    `reasons` counts the refused mails by why; `stopped` says what ended the import before its end, "" for nothing.
    """

    size: int
    earlier: int = 0
    done: int = 0
    taken: int = 0
    seen: int = 0
    older: int = 0
    reasons: Counter[str] = field(default_factory=Counter)
    stopped: str = ""
    began: float = field(default_factory=time.monotonic)

    @property
    def refused(self) -> int:
        """How many mails, and files that are none, were refused."""
        return self.reasons.total()

    @property
    def mails(self) -> int:
        """How many mails were dealt with in this run."""
        return self.taken + self.seen + self.older + self.refused

    @property
    def left(self) -> int:
        """Bytes that are left."""
        return max(0, self.size - self.earlier - self.done)

    @property
    def rate(self) -> float:
        """Mails a second, in this run."""
        return self.mails / max(time.monotonic() - self.began, 1e-6)

    @property
    def seconds_left(self) -> float | None:
        """How long it will take still, at the pace until now; None where nothing is known of it yet."""
        return self.left * (time.monotonic() - self.began) / self.done if self.done else None

    def told(self) -> dict[str, Any]:
        """Return the figures for a program."""
        counts = {"taken": self.taken, "seen_before": self.seen, "older": self.older, "refused": self.refused}
        seconds = round(time.monotonic() - self.began, 3)
        sizes = {"bytes": self.size, "bytes_left": self.left, "bytes_done_earlier": self.earlier}
        return counts | sizes | {"seconds": seconds, "mails_per_second": round(self.rate, 1)}
