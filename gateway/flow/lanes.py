"""Lanes that wait for credentials: what is refused once is not asked a thousand times, and goes on by itself.

A paused lane's jobs are held; one of them is tried at intervals, and at once when its token is another one.
"""

import time
from collections.abc import Callable, Container
from functools import partial

from gateway import metrics
from gateway.errors import SettingsError
from gateway.flow.surroundings import Surroundings
from gateway.log import log
from gateway.model import Job
from gateway.spool import jobs, query
from gateway.spool.jobs import Conclusion
from gateway.spool.spool import Spool


class Lanes:
    """Knows, of each paused lane, the token that was refused last. Used by one worker."""

    def __init__(self, spool: Spool) -> None:
        self._spool = spool
        self._refused: dict[str, str] = {}
        self._reasons: dict[str, str] = {}

    def pause(self, job: Job, held: Conclusion, around: Surroundings, token: str) -> bool:
        """Hold the job and its whole lane, in one transaction; False when the job was not ours any more.

        `token` is the lane's as it was before the job began: one that is there now may be the one that works.
        """
        now, reason = time.time(), held.error or ""
        next_probe = now + around.settings.worker.probe
        change = partial(jobs.pause_with, done=job, held=held, now=now, next_probe=next_probe)
        mine, new = self._spool.change(change).result()
        self.refuses(job.lane, token, reason)
        metrics.paused.labels(job.lane).set(1)
        if new:
            log.paused(job.lane, reason)
        return mine

    def refuses(self, lane: str, token: str, reason: str) -> None:
        """Take in that a token was refused: what is in hand with it need not ask."""
        self._reasons[lane] = reason
        self._refused[lane] = token

    def refusal(self, lane: str, token: str) -> str:
        """Say why a paused lane's token was refused, if it is still this one; "" otherwise."""
        return self._reasons.get(lane, "") if token and self._refused.get(lane) == token else ""

    def resume(self, lane: str) -> None:
        """Let a lane go on."""
        self._refused.pop(lane, None)
        self._reasons.pop(lane, None)
        if self._spool.change(partial(jobs.resume_lane, lane=lane, now=time.time())).result():
            metrics.paused.labels(lane).set(0)
            log.resumed(lane)

    def probe(
        self, around: Surroundings, begin: Callable[[list[Job]], None], halted: Container[str] = frozenset()
    ) -> None:
        """Begin one job of each lane whose time has come, or whose token is not the one that was refused.

        Nothing of a lane is tried that a person has `halted`.
        """
        for pause in self._spool.read(query.pauses):
            lane = pause["lane"]
            if lane in halted:
                continue
            token = token_of(lane, around)
            # A turn further ahead than the interval is long was set before the clock was set back.
            waits = 0 < pause["probe_at"] - time.time() <= 2 * around.settings.worker.probe
            if waits and self._refused.get(lane) == token:
                continue
            self._refused[lane] = token
            self._probe_lane(lane, around, begin)

    def probe_another(self, lane: str) -> None:
        """Have the next look try another job of a paused lane: the last one ended without asking the other side."""
        self._refused.pop(lane, None)

    def _probe_lane(self, lane: str, around: Surroundings, begin: Callable[[list[Job]], None]) -> None:
        worker = around.settings.worker
        next_probe = time.time() + worker.probe
        change = partial(jobs.probe, lane=lane, seconds=worker.lease, next_probe=next_probe)
        taken = self._spool.change(change).result()
        if taken:
            begin(taken)
        elif not self._spool.read(lambda connection: query.in_hand(connection, lane)):
            self.resume(lane)


def token_of(lane: str, around: Surroundings) -> str:
    """Return the token of a lane as it is now, "" where there is none."""
    secret = around.token_of(lane)
    try:
        return secret.value() if secret is not None else ""
    except SettingsError:
        return ""
