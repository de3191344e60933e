"""Who does the work: leases jobs, runs each in a thread, records what came of it. A job fails alone."""

import threading
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from typing import Any

from gateway import metrics
from gateway.errors import Permanent, Temporary
from gateway.flow.answer import send_answer
from gateway.flow.breaker import Breaker
from gateway.flow.child import NotRead
from gateway.flow.crew import Crew
from gateway.flow.errand import create_errand
from gateway.flow.lanes import Lanes, token_of
from gateway.flow.readers import ReaderDied, Readers
from gateway.flow.retry import Retry
from gateway.flow.surroundings import Surroundings
from gateway.flow.verdict import Credentials, Verdict, failed
from gateway.log import log
from gateway.model import Job, JobKind, JobState
from gateway.spool import jobs
from gateway.spool.jobs import Concluded, LaneRoom
from gateway.spool.spool import Spool
from gateway.spool.writer import Batched

_TICK = 1.0
_STRANGE_EVERY = 10.0
# A job's turn is never further away than this many times the longest wait; Cention may ask for more than ours.
_LONGEST_WAITS = 10.0
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
        self._threads = around.settings.threads
        self._crew = Crew(self.wake)
        self._breakers: dict[str, Breaker] = {}
        self._strange: list[str] = []
        self._turn = 0
        duties = (self._renew, self._probe, self._look_for_strange_lanes, self._forget)
        self._duties: dict[Callable[[], float], float] = dict.fromkeys(duties, 0.0)
        self._loop = threading.Thread(target=self._run, name="worker", daemon=True)

    def start(self) -> None:
        """Begin working."""
        self._loop.start()

    @property
    def alive(self) -> bool:
        """Whether its loop runs; where it does not before `stop`, nothing is worked on any more."""
        return self._loop.is_alive()

    def troubles(self) -> dict[str, str]:
        """Say of each lane whose other side is down since when, and why."""
        down = {lane: breaker for lane, breaker in list(self._breakers.items()) if breaker.down}
        return {
            lane: f"down since {datetime.fromtimestamp(one.since, UTC):%H:%M} UTC, tried one at a time: {one.reason}"
            for lane, one in down.items()
        }

    def wake(self) -> None:
        """There may be something to do."""
        self._wake.set()

    def stop(self, seconds: float) -> int:
        """Begin nothing new, wait for what is in hand; return how many jobs are left in hand after that time."""
        self._stopping.set()
        self.wake()
        deadline = time.monotonic() + seconds
        if self.alive:
            self._loop.join(timeout=seconds)
        self._crew.stop()
        while len(self._crew.in_hand()) and time.monotonic() < deadline:
            time.sleep(0.02)
        return len(self._crew.in_hand())

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
        """Lease what is due, in each lane as much as may be in hand; the lanes take turns at being the first."""
        rooms = self._rooms()
        free = 2 * self._threads - len(self._crew.in_hand())
        if not rooms or free <= 0:
            return 0
        seconds = self.around.settings.worker.lease
        taken = self._spool.change(partial(jobs.lease, rooms=rooms, most=free, seconds=seconds)).result()
        self._begin(taken)
        return len(taken)

    def _rooms(self) -> list[LaneRoom]:
        settings, in_hand, now = self.around.settings, self._crew.by_lane(), time.monotonic()
        rooms = []
        for lane in [*settings.lanes(), *self._strange]:
            most = settings.concurrency(lane)
            # As many again as may run, so that no thread waits for a lease.
            free = self._breaker(lane).room(2 * most, in_hand[lane], now)
            if free > 0:
                rooms.append(LaneRoom(lane, free, settings.newest_first(lane)))
        self._turn += 1
        first = self._turn % len(rooms) if rooms else 0
        return rooms[first:] + rooms[:first]

    def _breaker(self, lane: str) -> Breaker:
        return self._breakers.setdefault(lane, Breaker(Retry(1.0, self.around.settings.worker.probe)))

    def _begin(self, taken: list[Job], *, probing: bool = False) -> None:
        around = self.around
        for job in taken:
            at_once = around.settings.concurrency(job.lane)
            self._crew.begin(job, at_once, partial(self._work, job, around, probing=probing))

    def _do_duties(self) -> None:
        for duty, due in self._duties.items():
            if time.monotonic() >= due:
                self._duties[duty] = time.monotonic() + duty()

    def _renew(self) -> float:
        """Keep our leases, put back those of others that ran out, and what a clock that was set back would hold up."""
        worker = self.around.settings.worker
        held = self._crew.in_hand()
        self._spool.change(partial(jobs.renew, jobs=held, seconds=worker.lease)).result()
        self._spool.change(partial(jobs.unstall, furthest=_LONGEST_WAITS * worker.retry_max)).result()
        return worker.lease / 3

    def _look_for_strange_lanes(self) -> float:
        """Find jobs of routes that are in no settings any more: they are begun too, and parked with that reason."""
        known = set(self.around.settings.lanes())
        self._strange = [lane for lane in self._spool.read(jobs.lanes) if lane not in known]
        return _STRANGE_EVERY

    def _probe(self) -> float:
        self._lanes.probe(self.around, partial(self._begin, probing=True))
        return _TICK

    def _forget(self) -> float:
        now, gateway = time.time(), self.around.settings.gateway
        gone = self._spool.forget(now - gateway.retention, now - max(gateway.history, gateway.retention))
        return _TICK if gone else _FORGET_EVERY

    def _work(self, job: Job, around: Surroundings, turn: AbstractContextManager[Any], *, probing: bool) -> None:
        """Run one job in a thread of its lane, and record what came of it."""
        try:
            with turn:
                if self._stopping.is_set():
                    return  # it waited for its turn; the next start takes it up
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
            self._learn(job, error, around)
            return failed(job, error, around.retry, time.time())
        self._learn(job, None, around)
        return Verdict(conclusion, Credentials.WORK)

    def _learn(self, job: Job, error: Exception | None, around: Surroundings) -> None:
        """Remember what a try tells of its lane's other side; an answer's trouble is its recipient's more often."""
        breaker = self._breaker(job.lane)
        if error is None or isinstance(error, Permanent):
            breaker.works(2 * around.settings.concurrency(job.lane))
        elif isinstance(error, Temporary) and not isinstance(error, NotRead) and job.kind is JobKind.ERRAND:
            asked = error.delay.total_seconds() if error.delay is not None else 0.0
            longest = around.settings.worker.retry_max
            breaker.fails(job.id, str(error), time.monotonic(), asked=min(asked, longest))

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
            mine = self._spool.change(Batched(jobs.conclude_all, Concluded(job, conclusion, now))).result()
            if probing and verdict.credentials is Credentials.WORK:
                self._lanes.resume(job.lane)
        if not mine:
            log.stale(job.subject, job.id)
            return
        metrics.tries.labels(job.kind, conclusion.state).inc()
        for event in conclusion.events:
            log.step(job.subject, event.step, job.id, **event.detail)
