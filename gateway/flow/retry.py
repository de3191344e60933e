"""When to try again: exponential back-off with jitter, as a value."""

import random
from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, slots=True)
class Retry:
    """`least` seconds after the first failure, twice as long after each further one up to `most`, for `window`."""

    least: float = 60.0
    most: float = 3600.0
    window: float = 5 * 86400.0

    def wait(self, attempts: int, asked: timedelta | None = None) -> float:
        """Return the seconds to wait after `attempts` failures; what the other side asked for is the least.

        The jitter, up to a quarter more, spreads jobs that failed together.
        """
        doubled = self.least * 2.0 ** min(max(attempts - 1, 0), 60)
        ours = min(self.most, doubled) * random.uniform(1.0, 1.25)  # noqa: S311 - spreading, not secrecy
        return max(ours, asked.total_seconds() if asked is not None else 0.0)

    def exhausted(self, created_at: float, now: float) -> bool:
        """Whether a job made at `created_at` has been tried for long enough."""
        return now - created_at > self.window
