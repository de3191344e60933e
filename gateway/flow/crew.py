"""Who is at work: jobs in hand by lane, each lane in threads of its own, so that no lane waits for another's."""

import threading
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from gateway.model import Job


class Crew:
    """Lives as long as the worker. `on_free` is called (from any thread) whenever a job has ended."""

    def __init__(self, most: int, on_free: Callable[[], None]) -> None:
        self._most = threading.BoundedSemaphore(most)
        self._on_free = on_free
        self._pools: dict[str, tuple[int, ThreadPoolExecutor]] = {}
        self._busy: dict[tuple[int, int], Job] = {}
        self._lock = threading.Lock()

    def in_hand(self) -> list[Job]:
        """Return the jobs that were begun and have not ended."""
        with self._lock:
            return list(self._busy.values())

    def by_lane(self) -> Counter[str]:
        """Count the jobs in hand."""
        return Counter(job.lane for job in self.in_hand())

    def begin(self, job: Job, threads: int, work: Callable[[], None]) -> None:
        """Have a job done by one of its lane's threads."""
        with self._lock:
            self._busy[job.id, job.lease] = job
        self._pool(job.lane, threads).submit(self._work, job, work)

    def stop(self) -> None:
        """Begin nothing more; what is in hand goes on."""
        for _, pool in self._pools.values():
            pool.shutdown(wait=False, cancel_futures=True)

    def _pool(self, lane: str, threads: int) -> ThreadPoolExecutor:
        size, pool = self._pools.get(lane, (0, None))
        if pool is None or size != threads:
            if pool is not None:
                pool.shutdown(wait=False)
            pool = ThreadPoolExecutor(threads, thread_name_prefix=lane)
            self._pools[lane] = threads, pool
        return pool

    def _work(self, job: Job, work: Callable[[], None]) -> None:
        try:
            with self._most:
                work()
        finally:
            with self._lock:
                self._busy.pop((job.id, job.lease), None)
            self._on_free()
