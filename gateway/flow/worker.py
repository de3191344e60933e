"""Who does the work: leases jobs by the batch, has them done, each lane apart, and recorded. A job fails alone."""

import math
import threading
import time
from collections.abc import Callable, Container, Mapping, Sequence
from functools import partial
from itertools import groupby

from gateway.errors import GatewayError
from gateway.flow.answers import Answers
from gateway.flow.attempt import Attempt
from gateway.flow.breaker import Breakers
from gateway.flow.crew import Crew, Lane
from gateway.flow.errands import Errands
from gateway.flow.lanes import token_of
from gateway.flow.readers import Readers
from gateway.flow.recorder import Recorder
from gateway.flow.surroundings import Surroundings
from gateway.log import log
from gateway.model import Job, JobKind
from gateway.spool import index, jobs
from gateway.spool.jobs import LaneRoom
from gateway.spool.spool import Spool

_TICK = 1.0
_STRANGE_EVERY = 10.0
# A job's turn is never further away than this many times the longest wait; Cention may ask for more than ours.
_LONGEST_WAITS = 10.0
_FORGET_EVERY = 60.0
_GIVE_BACK_SECONDS = 5.0
_INDEX_AT_ONCE = 100
# So often in the time of a lease: another node's lost ones are taken over by so much later than they run out.
_RENEWALS = 10
# A lane has as many jobs in hand as it may call at once, and as many again that are read or recorded meanwhile.
_IN_HAND = 4


class Worker:
    """Lives from start to stop. `around` may be replaced at any time; jobs in hand keep what they began with.

    `alive_at` is when its loop last went round (monotonic seconds). `halted` are the lanes that a person has paused,
    and may be replaced at any time as well.
    """

    def __init__(self, spool: Spool, readers: Readers, around: Surroundings) -> None:
        self.around = around
        self.alive_at = time.monotonic()
        self.halted: Container[str] = ()
        self._spool = spool
        self._readers = readers
        self._wake = threading.Event()
        self._stopping = threading.Event()
        self._threads = around.settings.threads
        self._crew = Crew()
        self._breakers = Breakers(_IN_HAND)
        self._recorder = Recorder(spool, self._crew, self._stopping, self.wake)
        self._errands = Errands(
            spool, lambda: self._readers, self._crew, self._breakers, self._recorder, self._stopping
        )
        self._answers = Answers(spool, self._crew, self._breakers, self._recorder, self._stopping, self.wake)
        self._strange: list[str] = []
        self._turn = 0
        duties = (self._renew, self._probe, self._look_for_strange_lanes, self._forget, self._index)
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
        return self._breakers.troubles()

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
        while self._crew.in_hand() and time.monotonic() < deadline:
            self._recorder.tell()
            time.sleep(0.02)
        self._crew.stop()
        self._give_back()
        return len(self._crew.in_hand())

    def _give_back(self) -> None:
        """Let other nodes have at once what we leased and did not try."""
        if untried := self._crew.untried():
            try:
                self._spool.change(partial(jobs.give_back, jobs=untried)).result(_GIVE_BACK_SECONDS)
            except (GatewayError, TimeoutError) as error:
                log.trouble("giving leases back", error)

    def _run(self) -> None:
        while not self._stopping.is_set():
            self._wake.clear()
            try:
                self._recorder.tell()
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
        in_hand = self._crew.by_lane()
        free = _IN_HAND * self._threads - in_hand.total()
        rooms = self._rooms(in_hand)
        if not rooms or free <= 0:
            return 0
        seconds, asked = self.around.settings.worker.lease, time.monotonic()
        taken = self._spool.change(partial(jobs.lease, rooms=rooms, most=free, seconds=seconds)).result()
        self._begin(taken, asked)
        return len(taken)

    def _rooms(self, in_hand: Mapping[str, int]) -> list[LaneRoom]:
        settings, now = self.around.settings, time.monotonic()
        rooms = []
        for lane in [*settings.lanes(), *self._strange]:
            if lane in self.halted:
                continue
            most = _IN_HAND * settings.concurrency(lane)
            free = self._breakers.of(lane, self.around).room(most, in_hand[lane], now)
            # A lane that is half full waits for company: several are leased and read together at the price of one.
            if free > 0 and in_hand[lane] <= most // 2:
                rooms.append(LaneRoom(lane, free, settings.newest_first(lane)))
        self._turn += 1
        first = self._turn % len(rooms) if rooms else 0
        return rooms[first:] + rooms[:first]

    def _begin(self, taken: Sequence[Job], asked: float, *, probing: bool = False) -> None:
        around = self.around
        for lane, some in groupby(sorted(taken, key=lambda job: job.lane), key=lambda job: job.lane):
            token = token_of(lane, around)
            attempts = [Attempt(job, around, token, asked, probing) for job in some]
            for together in self._parts(attempts):
                work = partial(self._work, together)
                self._crew.begin([attempt.job for attempt in together], around.settings.concurrency(lane), work)

    def _parts(self, attempts: Sequence[Attempt]) -> list[Sequence[Attempt]]:
        """Share a lane's jobs out to as many threads as there are readers; answers are looked up together."""
        errand = attempts[0].job.kind is JobKind.ERRAND
        size = -(-len(attempts) // self.around.settings.worker.readers) if errand else len(attempts)
        return [attempts[start : start + size] for start in range(0, len(attempts), size)]

    def _work(self, attempts: Sequence[Attempt], lane: Lane) -> None:
        """Do some jobs in a thread of their lane."""
        try:
            road = self._errands if attempts[0].job.kind is JobKind.ERRAND else self._answers
            road.work(attempts, lane)
        except Exception as error:  # noqa: BLE001 - the jobs stay leased, and are taken again when that runs out
            log.trouble(f"job {attempts[0].job.id}", error)
            self._crew.end([attempt.job for attempt in attempts])

    def _do_duties(self) -> None:
        for duty, due in self._duties.items():
            if time.monotonic() >= due:
                self._duties[duty] = time.monotonic() + duty()

    def _renew(self) -> float:
        """Keep our leases, put back those of others that ran out, and what a clock that was set back would hold up."""
        worker = self.around.settings.worker
        held, asked = self._crew.in_hand(), time.monotonic()
        self._spool.change(partial(jobs.renew, jobs=held, seconds=worker.lease)).result()
        self._crew.renewed_at = asked
        self._spool.change(partial(jobs.unstall, furthest=_LONGEST_WAITS * worker.retry_max)).result()
        return worker.lease / _RENEWALS

    def _look_for_strange_lanes(self) -> float:
        """Find jobs of routes that are in no settings any more: they are begun too, and parked with that reason."""
        known = set(self.around.settings.lanes())
        self._strange = [lane for lane in self._spool.read(jobs.lanes) if lane not in known]
        return _STRANGE_EVERY

    def _probe(self) -> float:
        begin = partial(self._begin, asked=time.monotonic(), probing=True)
        self._recorder.lanes.probe(self.around, begin, self.halted)
        return _TICK

    def _forget(self) -> float:
        now, gateway = time.time(), self.around.settings.gateway
        gone = self._spool.forget(now - gateway.retention, now - max(gateway.history, gateway.retention))
        return _TICK if gone else _FORGET_EVERY

    def _index(self) -> float:
        """Have what an older program left be found by its words: a little at a time, until all of it is."""
        return 0.0 if self._spool.change(partial(index.fill, most=_INDEX_AT_ONCE)).result() else math.inf
