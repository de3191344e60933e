"""Who is at work: jobs in hand by lane, each lane in threads of its own, so that no lane waits for another's."""

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import dataclass
from functools import partial

from gateway.flow.attempt import Attempt
from gateway.flow.door import Door
from gateway.flow.hands import Hands
from gateway.flow.turns import Turns
from gateway.model import Job, JobKind

MOST_ASIDE = 1000
"""So many answers may wait for what they name, in all lanes, beside those that are worked on: each has a thread."""

# So many times the calls at once may be in hand, and all of them wait for a reader.
_READING = 4


@dataclass(frozen=True, slots=True)
class Lane:
    """A lane's threads, how many of its jobs may call the other side at once, and the door to what answers wait for."""

    at_once: int
    hands: Hands
    turns: Turns
    waiting: Door


class Crew:
    """Lives as long as the worker. A job is in hand from `begin` to `end`, whichever threads have it meanwhile.

    `renewed_at` is when the leases of those in hand were renewed last (monotonic seconds).
    """

    def __init__(self) -> None:
        self._lanes: dict[str, Lane] = {}
        self._busy: dict[tuple[int, int], Job] = {}
        self._count: Counter[str] = Counter()
        self._aside: Counter[str] = Counter()
        self._called: dict[tuple[int, int], Turns] = {}
        self._untried: list[Job] = []
        self._lock = threading.Lock()
        self.renewed_at = 0.0

    def in_hand(self) -> list[Job]:
        """Return the jobs that were begun and have not ended."""
        with self._lock:
            return list(self._busy.values())

    def by_lane(self) -> Counter[str]:
        """Count the jobs in hand, but for those that wait aside."""
        with self._lock:
            return self._count - self._aside

    @contextmanager
    def aside(self, name: str, lane: Lane) -> Iterator[None]:
        """Leave an answer's place to others of its lane while it waits for what it names, and take it again.

        So many may wait at once that slow ones delay none that is quick; with more than that, places are kept.
        """
        with self._lock:
            leaves = self._aside.total() < MOST_ASIDE
            self._aside[name] += leaves
        try:
            with lane.hands.aside() if leaves else nullcontext():
                yield
        finally:
            with self._lock:
                self._aside[name] -= leaves

    def begin(self, jobs: Sequence[Job], at_once: int, work: Callable[[Lane], None]) -> None:
        """Have jobs of one lane done in one of its threads."""
        with self._lock:
            for job in jobs:
                self._busy[job.id, job.lease] = job
                self._count[job.lane] += 1
        self._prepare(jobs[0], at_once)
        self.have(jobs, work)

    def have(self, jobs: Sequence[Job], work: Callable[[Lane], None]) -> None:
        """Have something more done, in another thread, for jobs of one lane that are in hand."""
        lane = self._lanes[jobs[0].lane]
        if not lane.hands.take(partial(work, lane)):
            self.end(jobs)

    def calls(self, job: Job, turns: Turns) -> None:
        """Take in that a job's call begins: what came of it is recorded when the job is let go."""
        self._called[job.id, job.lease] = turns

    def end(self, jobs: Sequence[Job]) -> None:
        """Let jobs go; one that is not in hand any more is none of ours."""
        with self._lock:
            for job in jobs:
                with suppress(KeyError):
                    del self._busy[job.id, job.lease]
                    self._count[job.lane] -= 1
        for job in jobs:
            if (turns := self._called.pop((job.id, job.lease), None)) is not None:
                turns.recorded()

    def is_late(self, attempt: Attempt) -> bool:
        """Whether a lease may have run out, since we were stopped or the spool was away: another may have the job."""
        held_since = max(attempt.leased_at, self.renewed_at)
        return time.monotonic() - held_since > attempt.around.settings.worker.lease

    def let_go(self, jobs: Sequence[Job]) -> None:
        """Let jobs go that were not tried, since all stops."""
        with self._lock:
            self._untried += jobs
        self.end(jobs)

    def untried(self) -> list[Job]:
        """Return the jobs that were let go without a try."""
        with self._lock:
            return list(self._untried)

    def stop(self) -> None:
        """Begin nothing more, and let go of what was not begun; what is in a thread goes on."""
        for lane in self._lanes.values():
            lane.hands.stop()

    def _prepare(self, job: Job, at_once: int) -> None:
        """Have the lane of a job be as it should be. Threads that it had before end when they have nothing to do."""
        lane = self._lanes.get(job.lane)
        if lane is None or lane.at_once != at_once:
            # An answer calls from its thread; an errand waits there to be read, and its calls are counted by turns.
            hands = Hands(job.lane, _READING * at_once if job.kind is JobKind.ERRAND else at_once)
            self._lanes[job.lane] = Lane(at_once, hands, Turns(at_once, 2 * at_once), Door(at_once))
