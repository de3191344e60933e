"""Answers on their way out: looked up some at a time, then each sent in a thread. One that fails is alone."""

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial

from gateway.errors import Temporary
from gateway.flow.answer import recalled, send_answer
from gateway.flow.attempt import Attempt
from gateway.flow.breaker import Breakers
from gateway.flow.crew import Crew, Lane
from gateway.flow.recorder import Recorder
from gateway.flow.sentcopy import keep_copy
from gateway.flow.telling import told
from gateway.flow.verdict import Credentials, Verdict, failed
from gateway.log import log
from gateway.model import JobKind
from gateway.spool.jobs import Conclusion
from gateway.spool.recall import Recalled
from gateway.spool.spool import Spool

_AGAIN_SECONDS = 1.0


class Answers:
    """Does the jobs of the road out. `on_room` is called when an answer stands aside, so that another may be leased."""

    def __init__(
        self,
        spool: Spool,
        crew: Crew,
        breakers: Breakers,
        recorder: Recorder,
        stopping: threading.Event,
        on_room: Callable[[], None],
    ) -> None:
        self._spool = spool
        self._crew = crew
        self._breakers = breakers
        self._recorder = recorder
        self._stopping = stopping
        self._on_room = on_room

    def work(self, attempts: Sequence[Attempt], lane: Lane) -> None:
        """Do jobs of one lane in one of its threads: look up what is known of them, leave each to a thread."""
        if self._stopping.is_set():
            self._crew.let_go([attempt.job for attempt in attempts])
            return
        try:
            roads = self._roads(attempts, lane)
        except Exception as error:  # noqa: BLE001 - every error ends in a verdict
            for attempt in attempts:
                self._failed(attempt, error)
            return
        for attempt, road in zip(attempts, roads, strict=True):
            self._crew.have([attempt.job], partial(self._go, attempt, road))

    def _roads(self, attempts: Sequence[Attempt], lane: Lane) -> list[Callable[[], Conclusion]]:
        """Return, for each job, what brings it to its end."""
        if attempts[0].job.kind is JobKind.COPY:
            return [partial(keep_copy, one.job, self._spool, one.around) for one in attempts]
        known = recalled([attempt.job for attempt in attempts], self._spool, attempts[0].around)
        return [
            partial(send_answer, one.job, known.get(one.job.subject, Recalled()), self._spool, one.around, aside)
            for one in attempts
            for aside in [partial(self._aside, one, lane)]
        ]

    def _go(self, attempt: Attempt, road: Callable[[], Conclusion], _lane: Lane) -> None:
        if self._stopping.is_set():
            self._crew.let_go([attempt.job])
            return
        if self._crew.is_late(attempt):
            self._crew.end([attempt.job])
            return
        try:
            conclusion = road()
        except Exception as error:  # noqa: BLE001 - every error ends in a verdict
            self._failed(attempt, error)
            return
        self._breakers.learn(attempt, None)
        self._record(attempt, Verdict(conclusion, Credentials.WORK))

    def _failed(self, attempt: Attempt, error: BaseException) -> None:
        self._breakers.learn(attempt, error)
        self._record(attempt, failed(attempt.job, error, attempt.around.retry, time.time()))

    def _record(self, attempt: Attempt, verdict: Verdict) -> None:
        while True:
            try:
                conclusion = told(attempt.job, verdict.conclusion, self._spool, attempt.around)
            except Temporary as error:
                log.trouble(f"telling of job {attempt.job.id}", error)
                if self._stopping.wait(_AGAIN_SECONDS):  # it stays leased, and is taken again when that runs out
                    self._crew.end([attempt.job])
                    return
            else:
                self._recorder.begin(attempt, replace(verdict, conclusion=conclusion))
                return

    @contextmanager
    def _aside(self, attempt: Attempt, lane: Lane) -> Iterator[None]:
        """Let others of the lane go by while an answer waits for what it names."""
        with self._crew.aside(attempt.job.lane, lane):
            self._on_room()
            with lane.waiting.entered():
                yield
