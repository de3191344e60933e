"""How fast mail goes to a domain: a count for a time, saved up to that count (a token bucket), on this node."""

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

EVERY = "*"
"""The name of the rate for each domain that has none of its own."""

_MOST_DOMAINS = 10_000


@dataclass(frozen=True, slots=True)
class Rate:
    """So many recipients in so many seconds."""

    count: int
    seconds: float
    text: str = ""


class Pace:
    """Knows what each domain was sent lately. Used from any thread; `clock` is in monotonic seconds.

    `left` is, of each domain, how many might have gone at a time.
    """

    def __init__(self, rates: Mapping[str, Rate], clock: Callable[[], float] = time.monotonic) -> None:
        self._rates = rates
        self._clock = clock
        self.left: dict[str, tuple[float, float]] = {}
        self._lock = threading.Lock()

    def takes_over(self, before: "Pace") -> None:
        """Go on with what another one has counted."""
        self.left = dict(before.left)

    def rate(self, domain: str) -> Rate | None:
        """Return the rate that a domain has, None for no limit."""
        return self._rates.get(domain) or self._rates.get(EVERY)

    def take(self, domain: str) -> float:
        """Count a recipient; return 0.0 where it may go now; else count nothing, and return the seconds to wait."""
        rate = self.rate(domain)
        if rate is None:
            return 0.0
        with self._lock:
            now = self._clock()
            left, at = self.left.get(domain, (float(rate.count), now))
            left = min(float(rate.count), left + (now - at) * rate.count / rate.seconds)
            may_go = left >= 1.0
            self.left[domain] = (left - 1.0 if may_go else left, now)
            self._forget(now)
        return 0.0 if may_go else (1.0 - left) * rate.seconds / rate.count

    def _forget(self, now: float) -> None:
        """Forget who was sent nothing for as long as the rate is counted over: all is saved up again there."""
        if len(self.left) > _MOST_DOMAINS:
            longest = max(rate.seconds for rate in self._rates.values())
            self.left = {domain: one for domain, one in self.left.items() if now - one[1] < longest}
