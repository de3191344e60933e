"""Whether a lane's other side is there. One that is down is tried by one job at a time, at growing intervals.

It is down after several jobs in a row, each another one, met trouble that is the other side's: a single mail that is
answered with 500 each time does not take a lane down. When it is there again the lane begins slowly.
"""

import threading
import time
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from gateway.errors import Permanent, Temporary
from gateway.flow.attempt import Attempt
from gateway.flow.child import NotRead
from gateway.flow.retry import Retry
from gateway.flow.surroundings import Surroundings
from gateway.model import JobKind

SEVERAL = 10
"""So many jobs in a row that met trouble mean that the other side is down."""


@dataclass(frozen=True, slots=True)
class Health:
    """What the tries so far tell. `failed` are the jobs that met trouble since one did not.

    Down: `tries` in vain, since Unix time `since`; the next job may try at `try_at` (monotonic seconds).
    Beginning slowly: `most` jobs may be in hand, 0 for as many as the lane may; `worked` of them have.
    """

    failed: frozenset[int] = frozenset()
    reason: str = ""
    since: float = 0.0
    tries: int = 0
    try_at: float = 0.0
    most: int = 0
    worked: int = 0


class Breaker:
    """Learns from each try of a lane; called from any thread. `retry` tells the intervals while the lane is down."""

    def __init__(self, retry: Retry) -> None:
        self._retry = retry
        self._health = Health()
        self._lock = threading.Lock()

    @property
    def down(self) -> bool:
        """Whether one job at a time tries."""
        return self._health.tries > 0

    @property
    def since(self) -> float:
        """Return when it went down, in Unix seconds."""
        return self._health.since

    @property
    def reason(self) -> str:
        """Return what the last try in vain met."""
        return self._health.reason

    def room(self, most: int, in_hand: int, now: float) -> int:
        """Return how many jobs may be begun beside those `in_hand`, `most` being in hand at once at the best.

        `now` is in monotonic seconds, as it is for `fails`.
        """
        health = self._health
        if health.tries:
            return int(in_hand == 0 and now >= health.try_at)
        return max(0, min(health.most or most, most) - in_hand)

    def waits(self, now: float) -> bool:
        """Whether it is down and nobody is to try now, jobs in hand included."""
        return self._health.tries > 0 and now < self._health.try_at

    def works(self, most: int) -> None:
        """Take in that the other side answered a job, whatever it said of it; `most` as for `room`."""
        with self._lock:
            self._health = _answered(self._health, most)

    def fails(self, job: int, reason: str, now: float, asked: float = 0.0) -> None:
        """Take in that a job met trouble, after which the other side `asked` to wait so many seconds."""
        with self._lock:
            health = self._health
            if not health.tries:
                health = _troubled(health, job)
                if len(health.failed) < SEVERAL:
                    self._health = health
                    return
                health = Health(since=time.time())
            elif now < health.try_at:  # it was in hand when the lane went down, and tells nothing new
                return
            tries = health.tries + 1
            wait = self._retry.wait(tries, timedelta(seconds=asked))
            self._health = replace(health, reason=reason, tries=tries, try_at=now + wait)


class Breakers:
    """A breaker for each lane, of which `in_hand` times as many jobs are in hand as may call at once."""

    def __init__(self, in_hand: int) -> None:
        self._in_hand = in_hand
        self._lanes: dict[str, Breaker] = {}

    def of(self, lane: str, around: Surroundings) -> Breaker:
        """Return a lane's."""
        found = self._lanes.get(lane)
        return found or self._lanes.setdefault(lane, Breaker(Retry(1.0, around.settings.worker.probe)))

    def learn(self, attempt: Attempt, error: BaseException | None) -> None:
        """Take in what a try tells of its lane's other side; an answer's trouble is its recipient's more often."""
        breaker = self.of(attempt.job.lane, attempt.around)
        if error is None or isinstance(error, Permanent):
            breaker.works(self._in_hand * attempt.around.settings.concurrency(attempt.job.lane))
        elif isinstance(error, Temporary) and not isinstance(error, NotRead) and attempt.job.kind is JobKind.ERRAND:
            asked = error.delay.total_seconds() if error.delay is not None else 0.0
            longest = attempt.around.settings.worker.retry_max
            breaker.fails(attempt.job.id, str(error), time.monotonic(), asked=min(asked, longest))

    def troubles(self) -> dict[str, str]:
        """Say of each lane whose other side is down since when, and why."""
        down = {lane: breaker for lane, breaker in list(self._lanes.items()) if breaker.down}
        return {
            lane: f"down since {datetime.fromtimestamp(one.since, UTC):%H:%M} UTC, tried one at a time: {one.reason}"
            for lane, one in down.items()
        }


def _answered(health: Health, most: int) -> Health:
    if health.tries:
        return Health(most=1)
    if not health.most:
        return Health()
    if health.worked + 1 < health.most:
        return replace(health, failed=frozenset(), worked=health.worked + 1)
    return Health() if 2 * health.most >= most else Health(most=2 * health.most)


def _troubled(health: Health, job: int) -> Health:
    most = health.most and max(1, health.most // 2)
    return replace(health, failed=health.failed | {job}, most=most, worked=0)
