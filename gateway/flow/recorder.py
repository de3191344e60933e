"""What came of each try, recorded: what is not would be done a second time.

Of most tries nobody waits for the record: it is committed together with others, and told by the worker when it is.
"""

import threading
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import replace
from functools import partial

from gateway.errors import Temporary
from gateway.flow.attempt import Attempt
from gateway.flow.counted import count
from gateway.flow.crew import Crew
from gateway.flow.lanes import Lanes
from gateway.flow.traced import traced
from gateway.flow.verdict import Credentials, Verdict
from gateway.log import log
from gateway.model import JobState
from gateway.spool import jobs
from gateway.spool.batched import Batched
from gateway.spool.jobs import Concluded, Conclusion
from gateway.spool.spool import Spool

_AGAIN_SECONDS = 1.0


class Recorder:
    """Lives as long as the worker. `on_recorded` is called, from any thread, when there is something to `tell`."""

    def __init__(self, spool: Spool, crew: Crew, stopping: threading.Event, on_recorded: Callable[[], None]) -> None:
        self.lanes = Lanes(spool)
        self._spool = spool
        self._crew = crew
        self._stopping = stopping
        self._on_recorded = on_recorded
        self._recorded: deque[tuple[Attempt, Verdict, Future[bool]]] = deque()

    def begin(self, attempt: Attempt, verdict: Verdict) -> None:
        """Have a verdict recorded, without waiting; the job is in hand until that is told."""
        if attempt.probing or verdict.credentials is Credentials.REFUSED:
            self._crew.have([attempt.job], lambda _lane: self.record(attempt, verdict))
            return
        committed = self._commit(attempt, verdict.conclusion)
        committed.add_done_callback(lambda done: self._settled(attempt, verdict, done))

    def record(self, attempt: Attempt, verdict: Verdict) -> None:
        """Record a verdict, waiting for the spool if it must, and let the job go. For a thread of its lane."""
        try:
            while True:
                try:
                    self._record(attempt, verdict)
                except Temporary as error:
                    log.trouble(f"recording job {attempt.job.id}", error)
                    if self._stopping.wait(_AGAIN_SECONDS):
                        return
                else:
                    return
        finally:
            self._crew.end([attempt.job])
            self._on_recorded()

    def tell(self) -> None:
        """Tell, in log and metrics, what was recorded since, and let the jobs go."""
        while self._recorded:
            attempt, verdict, committed = self._recorded.popleft()
            if committed.cancelled() or committed.exception() is not None:
                self._crew.have([attempt.job], partial(self._record_again, attempt, verdict))
                continue
            self._told(attempt, verdict.conclusion, mine=committed.result())
            self._crew.end([attempt.job])

    def _record_again(self, attempt: Attempt, verdict: Verdict, _lane: object) -> None:
        self.record(attempt, verdict)

    def _settled(self, attempt: Attempt, verdict: Verdict, committed: "Future[bool]") -> None:
        self._recorded.append((attempt, verdict, committed))
        self._on_recorded()

    def _record(self, attempt: Attempt, verdict: Verdict) -> None:
        conclusion = verdict.conclusion
        if verdict.credentials is Credentials.REFUSED:
            mine = self.lanes.pause(attempt.job, conclusion, attempt.around, attempt.token)
        else:
            if attempt.probing and verdict.credentials is Credentials.UNKNOWN:
                conclusion = replace(conclusion, state=JobState.HELD, hold="token")
            mine = self._commit(attempt, conclusion).result()
            if attempt.probing and verdict.credentials is Credentials.WORK:
                self.lanes.resume(attempt.job.lane)
            elif attempt.probing and verdict.credentials is Credentials.UNASKED:
                self.lanes.probe_another(attempt.job.lane)
        self._told(attempt, conclusion, mine=mine)

    def _commit(self, attempt: Attempt, conclusion: Conclusion) -> "Future[bool]":
        return self._spool.change(Batched(jobs.conclude_all, Concluded(attempt.job, conclusion, time.time())))

    def _told(self, attempt: Attempt, conclusion: Conclusion, *, mine: bool) -> None:
        job = attempt.job
        if not mine:
            log.stale(job.subject, job.id)
            return
        if conclusion.events:  # without any, the job was put back untried
            count(attempt, conclusion, time.time())
            traced(attempt, conclusion, time.time())
        for event in conclusion.events:
            log.step(job.subject, event.step, job.id, **event.detail)
