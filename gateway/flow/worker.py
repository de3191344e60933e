"""Who does the work: leases jobs, runs each in a thread, records what came of it. A job fails alone."""

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial

from sqlalchemy import Connection

from gateway import metrics
from gateway.errors import Temporary
from gateway.flow.answer import send_answer
from gateway.flow.errand import create_errand
from gateway.flow.lanes import Lanes, token_of
from gateway.flow.readers import ReaderDied, Readers
from gateway.flow.surroundings import Surroundings
from gateway.flow.verdict import Credentials, Verdict, failed
from gateway.log import log
from gateway.model import Job, JobKind, JobState
from gateway.spool import jobs
from gateway.spool.spool import Spool

_TICK = 1.0
_FORGET_EVERY = 60.0


class Worker:
    """Lives from start to stop. `around` may be replaced at any time; jobs in hand keep what they began with.

    `alive_at` is when its loop last went round (monotonic seconds).
    """

    def __init__(self, spool: Spool, readers: Readers, around: Surroundings) -> None:
        self.around = around
        self.alive_at = time.monotonic()
        self._spool = spool
        self._readers = readers
        self._lanes = Lanes(spool)
        self._wake = threading.Event()
        self._stopping = threading.Event()
        self._busy: dict[tuple[int, int], Job] = {}
        self._lock = threading.Lock()
        self._threads = around.settings.worker.threads
        self._pool = ThreadPoolExecutor(self._threads, thread_name_prefix="job")
        self._duties: dict[Callable[[], float], float] = dict.fromkeys((self._renew, self._probe, self._forget), 0.0)
        self._loop = threading.Thread(target=self._run, name="worker", daemon=True)

    def start(self) -> None:
        """Begin working."""
        self._loop.start()

    @property
    def alive(self) -> bool:
        """Whether its loop runs; where it does not before `stop`, nothing is worked on any more."""
        return self._loop.is_alive()

    def wake(self) -> None:
        """There may be something to do."""
        self._wake.set()

    def stop(self, seconds: float) -> int:
        """Begin nothing new, wait for what is in hand; return how many jobs are left in hand after that time."""
        self._stopping.set()
        self.wake()
        deadline = time.monotonic() + seconds
        self._loop.join(timeout=seconds)
        self._pool.shutdown(wait=False, cancel_futures=True)
        while self._working() and time.monotonic() < deadline:
            time.sleep(0.02)
        return self._working()

    def _working(self) -> int:
        with self._lock:
            return len(self._busy)

    def _run(self) -> None:
        while not self._stopping.is_set():
            self._wake.clear()
            try:
                taken = self._take()
                self._do_duties()
            except Exception as error:  # noqa: BLE001 - the loop outlives whatever the spool meets
                log.trouble("worker", error)
                taken = 0
            self.alive_at = time.monotonic()
            if not taken:
                self._wake.wait(_TICK)

    def _take(self) -> int:
        """Lease what is due: as much as the threads can work on, and as much again, so that none waits for a lease."""
        free = 2 * self._threads - self._working()
        if free <= 0:
            return 0
        now = time.time()
        until = now + self.around.settings.worker.lease
        taken = self._spool.change(lambda connection: jobs.lease(connection, free, now, until)).result()
        self._begin(taken)
        return len(taken)

    def _begin(self, taken: list[Job], *, probing: bool = False) -> None:
        for job in taken:
            with self._lock:
                self._busy[job.id, job.lease] = job
            done = self._pool.submit(self._work, job, self.around, probing=probing)
            done.add_done_callback(partial(self._finished, job))

    def _finished(self, job: Job, _done: object) -> None:
        with self._lock:
            self._busy.pop((job.id, job.lease), None)
        self.wake()

    def _do_duties(self) -> None:
        for duty, due in self._duties.items():
            if time.monotonic() >= due:
                self._duties[duty] = time.monotonic() + duty()

    def _renew(self) -> float:
        """Keep our leases, and put back those that ran out."""
        lease, now = self.around.settings.worker.lease, time.time()
        with self._lock:
            held = list(self._busy.values())

        def change(connection: Connection) -> None:
            jobs.renew(connection, held, now + lease)
            jobs.recover(connection, now)

        self._spool.change(change).result()
        return lease / 3

    def _probe(self) -> float:
        self._lanes.probe(self.around, partial(self._begin, probing=True))
        return _TICK

    def _forget(self) -> float:
        now, gateway = time.time(), self.around.settings.gateway
        gone = self._spool.forget(now - gateway.retention, now - max(gateway.history, gateway.retention))
        return _TICK if gone else _FORGET_EVERY

    def _work(self, job: Job, around: Surroundings, *, probing: bool) -> None:
        """Run one job in a thread of the pool, and record what came of it."""
        try:
            token = token_of(job.lane, around)
            verdict = self._judged(job, around)
            if verdict is not None:
                self._record_surely(job, verdict, around, token, probing=probing)
        except Exception as error:  # noqa: BLE001 - the job stays leased, and is taken again when that runs out
            log.trouble(f"job {job.id}", error)

    def _judged(self, job: Job, around: Surroundings) -> Verdict | None:
        """Try a job; None when it was ended by our own stopping, so that the next start takes it up."""
        try:
            if job.kind is JobKind.ERRAND:
                conclusion = create_errand(job, self._spool, self._readers, around)
            else:
                conclusion = send_answer(job, self._spool, around)
        except Exception as error:  # noqa: BLE001 - every error ends in a verdict
            if self._stopping.is_set() and isinstance(error, ReaderDied):
                return None
            return failed(job, error, around.retry, time.time())
        return Verdict(conclusion, Credentials.WORK)

    def _record_surely(self, job: Job, verdict: Verdict, around: Surroundings, token: str, *, probing: bool) -> None:
        """Record a verdict, waiting for the spool if it must: what is not recorded would be done a second time."""
        while True:
            try:
                self._record(job, verdict, around, token, probing=probing)
            except Temporary as error:
                log.trouble(f"recording job {job.id}", error)
                if self._stopping.wait(_TICK):
                    return
            else:
                return

    def _record(self, job: Job, verdict: Verdict, around: Surroundings, token: str, *, probing: bool) -> None:
        conclusion = verdict.conclusion
        if verdict.credentials is Credentials.REFUSED:
            mine = self._lanes.pause(job, conclusion, around, token)
        else:
            if probing and verdict.credentials is Credentials.UNKNOWN:
                conclusion = replace(conclusion, state=JobState.HELD, hold="token")
            now = time.time()
            mine = self._spool.change(lambda connection: jobs.conclude(connection, job, conclusion, now)).result()
            if probing and verdict.credentials is Credentials.WORK:
                self._lanes.resume(job.lane)
        if not mine:
            log.stale(job.subject, job.id)
            return
        metrics.tries.labels(job.kind, conclusion.state).inc()
        for event in conclusion.events:
            log.step(job.subject, event.step, job.id, **event.detail)
