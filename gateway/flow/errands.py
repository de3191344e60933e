"""Mails on their way to an errand: read some at a time, then posted each by itself. What breaks on one breaks alone."""

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, replace
from functools import partial
from typing import IO, Any

from gateway.errors import Refused, TooLarge
from gateway.flow import errand
from gateway.flow.attempt import Attempt
from gateway.flow.bounce import came_back
from gateway.flow.breaker import Breakers
from gateway.flow.crew import Crew, Lane
from gateway.flow.inbound import Prepared, Reading
from gateway.flow.loop import Known, known, put_aside
from gateway.flow.readers import ReaderDied, Readers
from gateway.flow.recorder import Recorder
from gateway.flow.ruled import ending, set_aside
from gateway.flow.verdict import Credentials, Verdict, failed, postponed
from gateway.model import CallEnd, Job, JobState
from gateway.spool.spool import Spool

TOGETHER = 256 * 1024
"""Bytes of mails that are read by one question to a child."""


@dataclass(frozen=True, slots=True)
class _Unread:
    """A mail to be read; `raw` is None for one that lies in a file."""

    attempt: Attempt
    raw: bytes | None
    reading: Reading


@dataclass(frozen=True, slots=True)
class _Read:
    """A mail that was read; its document is in the file where one is given and `prepared` has none.

    `unread` is the question to which it is the answer. `end` is set for a mail by which an errand ends, and none is
    created.
    """

    unread: _Unread
    prepared: Prepared
    file: IO[bytes] | None
    end: CallEnd | None = None

    @property
    def attempt(self) -> Attempt:
        """The attempt that it was read for."""
        return self.unread.attempt


class Errands:
    """Does the jobs of the road in. `readers` gives the children as they are now."""

    def __init__(
        self,
        spool: Spool,
        readers: Callable[[], Readers],
        crew: Crew,
        breakers: Breakers,
        recorder: Recorder,
        stopping: threading.Event,
    ) -> None:
        self._spool = spool
        self._readers = readers
        self._crew = crew
        self._breakers = breakers
        self._recorder = recorder
        self._stopping = stopping

    def work(self, attempts: Sequence[Attempt], lane: Lane) -> None:
        """Do jobs of one lane in one of its threads: read small mails together, leave the others to more threads."""
        if self._stopping.is_set():
            self._crew.let_go([attempt.job for attempt in attempts])
            return
        unread = self._unread(attempts)
        alone = [one for one in unread if one.raw is None or one.attempt.job.crashes]
        for one in alone:
            self._crew.have([one.attempt.job], partial(self._read_alone, one))
        for together in _parts([one for one in unread if one not in alone]):
            self._read_together(together, lane)

    def _unread(self, attempts: Sequence[Attempt]) -> list[_Unread]:
        """Look at the mails; those whose job cannot even begin are done with."""
        try:
            mails = errand.mails(self._spool, [attempt.job.subject for attempt in attempts])
        except Exception as error:  # noqa: BLE001 - every error ends in a verdict
            for attempt in attempts:
                self._failed(attempt, error)
            return []
        unread = []
        for attempt in attempts:
            with self._judged(attempt):
                stored = mails.get(attempt.job.subject, errand.Stored())
                unread.append(_Unread(attempt, stored.raw, errand.reading(attempt.job, stored, attempt.around)))
        return unread

    def _read_together(self, some: Sequence[_Unread], lane: Lane) -> None:
        questions = [(one.raw or b"", one.reading) for one in some]
        outcomes = self._readers().read_all(questions) if len(some) > 1 else []
        read = []
        for one, outcome in zip(some, outcomes, strict=False):
            if isinstance(outcome, Prepared):
                read.append(_Read(one, outcome, None))
            else:
                self._failed(one.attempt, outcome)
        self._go_on(read, lane)
        for one in some[len(outcomes) :]:
            if len(some) == 1:
                self._read_alone(one, lane)
            else:
                self._crew.have([one.attempt.job], partial(self._read_alone, one))

    def _read_alone(self, one: _Unread, lane: Lane) -> None:
        job = one.attempt.job
        if self._stopping.is_set():
            self._crew.let_go([job])
            return
        with self._judged(one.attempt):
            file = self._readers().scratch() if one.raw is None else None
            try:
                with self._spool.raw(job.subject) if one.raw is None else nullcontext(one.raw) as source:
                    prepared = self._readers().read(source, one.reading, file, suspect=job.crashes > 0)
            except BaseException:
                _close(file)
                raise
            self._go_on([_Read(one, prepared, file)], lane)

    def _go_on(self, some: Sequence[_Read], lane: Lane) -> None:
        """Have posted what was read; what belongs to an errand that the spool knows is read once more, to say so."""
        again = []
        for read, found in self._looked_up(some):
            decided = self._decided(read, found)
            if decided is None:
                _close(read.file)
            elif found.thread is None or read.prepared.belongs is not None or decided.end is not None:
                lane.turns.take(partial(self._call, decided, lane))
            else:
                _close(read.file)
                again.append(replace(read.unread, reading=replace(read.unread.reading, thread=found.thread)))
        if again and again[0].raw is not None and not again[0].attempt.job.crashes:
            self._read_together(again, lane)
        elif again:
            self._read_alone(again[0], lane)

    def _looked_up(self, some: Sequence[_Read]) -> list[tuple[_Read, Known]]:
        """Look in the spool for where mails belong; those read again have been looked up before."""
        fresh = [read for read in some if read.prepared.belongs is None]
        rest = [(read, Known(read.prepared.belongs)) for read in some if read.prepared.belongs is not None]
        if not fresh:
            return rest
        try:
            asked = [(read.attempt.job, read.prepared) for read in fresh]
            found = known(self._spool, asked, fresh[0].attempt.around.settings)
        except Exception as error:  # noqa: BLE001 - every error ends in a verdict
            for read in fresh:
                _close(read.file)
                self._failed(read.attempt, error)
            return rest
        return [*zip(fresh, found, strict=True), *rest]

    def _decided(self, read: _Read, found: Known) -> _Read | None:
        """Return what is to be posted; None, and that is recorded, where rules set the mail aside or it cannot be."""
        job, around = read.attempt.job, read.attempt.around
        with self._judged(read.attempt):
            aside = (
                set_aside(job, read.prepared)
                or came_back(job, read.prepared, read.unread.reading.recipients, self._spool, around)
                or put_aside(job, read.prepared, found, self._spool, around)
            )
            if aside is None:
                return replace(read, end=ending(job, read.prepared, self._spool, around.settings))
            aside = replace(aside, mail=errand.found_by(read.prepared), words=errand.words(read.prepared))
            self._recorder.begin(read.attempt, Verdict(aside, Credentials.UNASKED))
        return None

    def _call(self, read: _Read, lane: Lane) -> bool:
        if self._held_back(read.attempt):
            _close(read.file)
            return False
        self._crew.calls(read.attempt.job, lane.turns)
        try:
            calling = _begun(read)
        except Exception as error:  # noqa: BLE001 - every error ends in a verdict
            calling = Future()
            calling.set_exception(error)
        calling.add_done_callback(partial(self._answered, read, lane))
        return True

    def _held_back(self, attempt: Attempt) -> bool:
        """Whether a call would be in vain, by what was learned while it waited for its turn; then the job is let go."""
        job = attempt.job
        if self._stopping.is_set():
            self._crew.let_go([job])
        elif self._crew.is_late(attempt):
            self._crew.end([job])
        elif refusal := self._recorder.lanes.refusal(job.lane, attempt.token) if not attempt.probing else "":
            self._crew.have([job], lambda _lane: self._failed(attempt, Refused(refusal)))
        elif self._breakers.of(job.lane, attempt.around).waits(time.monotonic()):
            self._recorder.begin(attempt, postponed(job))
        else:
            return False
        return True

    def _answered(self, read: _Read, lane: Lane, call: "Future[Any]") -> None:
        """Take in what Cention said, in the thread of all calls: nothing here waits."""
        attempt, error = read.attempt, call.exception()
        if isinstance(error, Refused):
            self._recorder.lanes.refuses(attempt.job.lane, attempt.token, str(error))
        lane.turns.give_back()
        _close(read.file)
        if isinstance(error, TooLarge) and read.prepared.attachments and not read.unread.reading.smaller:
            conclusion = errand.again_smaller(attempt.job, read.prepared, error)
        elif error is not None:
            self._crew.have([attempt.job], lambda _lane: self._failed(attempt, error, read.prepared))
            return
        elif read.end is not None:
            conclusion = errand.ended(read.prepared, read.end)
        else:
            conclusion = errand.created(attempt.job, read.prepared, call.result(), attempt.around)
        self._breakers.learn(attempt, None)
        self._recorder.begin(attempt, Verdict(conclusion, Credentials.WORK))

    def _failed(self, attempt: Attempt, error: BaseException, prepared: Prepared | None = None) -> None:
        """Record that a try did not succeed, but for one that our own stopping ended; `prepared` is what was read."""
        if self._stopping.is_set() and isinstance(error, ReaderDied):
            self._crew.let_go([attempt.job])
            return
        self._breakers.learn(attempt, error)
        verdict = failed(attempt.job, error, attempt.around.retry, time.time())
        self._recorder.record(attempt, _known_by(verdict, attempt.job, prepared))

    @contextmanager
    def _judged(self, attempt: Attempt) -> Iterator[None]:
        try:
            yield
        except Exception as error:  # noqa: BLE001 - every error ends in a verdict
            self._failed(attempt, error)


def _parts(unread: Sequence[_Unread]) -> Iterator[list[_Unread]]:
    """Yield mails in such numbers that a child reads them together."""
    part: list[_Unread] = []
    size = 0
    for one in unread:
        length = len(one.raw or b"")
        if part and size + length > TOGETHER:
            yield part
            part, size = [], 0
        part.append(one)
        size += length
    if part:
        yield part


def _known_by(verdict: Verdict, job: Job, prepared: Prepared | None) -> Verdict:
    """Have a mail be found by what it says though no errand is there yet: once when it fails, and when it is parked."""
    conclusion = verdict.conclusion
    if prepared is None or (job.attempts and conclusion.state is not JobState.PARKED):
        return verdict
    # Not by what it is counted by against loops: when it is tried again it is not to count itself.
    learned = {name: value for name, value in errand.found_by(prepared).items() if name != "alike"}
    return replace(verdict, conclusion=replace(conclusion, mail=learned, words=errand.words(prepared)))


def _begun(read: _Read) -> "Future[Any]":
    job, around = read.attempt.job, read.attempt.around
    if read.end is not None:
        return errand.begin_end(job, read.end, around)
    return errand.begin(job, read.prepared.document or read.file or b"", around)


def _close(file: IO[bytes] | None) -> None:
    if file is not None:
        file.close()
