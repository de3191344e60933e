"""Who is at work: jobs in hand by lane, each lane in threads of its own, so that no lane waits for another's."""

import threading
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

from gateway.model import Job


@dataclass(frozen=True, slots=True)
class _Lane:
    """A lane's threads, and how many of them may call the other side at once: the rest record what came of it."""

    at_once: int
    pool: ThreadPoolExecutor
    calling: threading.BoundedSemaphore


class Crew:
    """Lives as long as the worker. `on_free` is called (from any thread) whenever a job has ended."""

    def __init__(self, on_free: Callable[[], None]) -> None:
        self._on_free = on_free
        self._lanes: dict[str, _Lane] = {}
        self._busy: dict[tuple[int, int], Job] = {}
        self._lock = threading.Lock()

    def in_hand(self) -> list[Job]:
        """Return the jobs that were begun and have not ended."""
        with self._lock:
            return list(self._busy.values())

    def by_lane(self) -> Counter[str]:
        """Count the jobs in hand."""
        return Counter(job.lane for job in self.in_hand())

    def begin(self, job: Job, at_once: int, work: Callable[[AbstractContextManager[Any]], None]) -> None:
        """Have a job done by one of its lane's threads; `work` calls the other side within the context it is given."""
        with self._lock:
            self._busy[job.id, job.lease] = job
        lane = self._lane(job.lane, at_once)
        lane.pool.submit(self._work, job, work, lane.calling)

    def stop(self) -> None:
        """Begin nothing more; what is in hand goes on."""
        for lane in self._lanes.values():
            lane.pool.shutdown(wait=False, cancel_futures=True)

    def _lane(self, name: str, at_once: int) -> _Lane:
        lane = self._lanes.get(name)
        if lane is None or lane.at_once != at_once:
            if lane is not None:
                lane.pool.shutdown(wait=False)
            pool = ThreadPoolExecutor(2 * at_once, thread_name_prefix=name)
            self._lanes[name] = lane = _Lane(at_once, pool, threading.BoundedSemaphore(at_once))
        return lane

    def _work(
        self, job: Job, work: Callable[[AbstractContextManager[Any]], None], turn: AbstractContextManager[Any]
    ) -> None:
        try:
            work(turn)
        finally:
            with self._lock:
                self._busy.pop((job.id, job.lease), None)
            self._on_free()
