"""What `/readyz` and `/metrics` say: what is wrong with each part of the running gateway, what a person should know."""

import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from gateway import metrics
from gateway.config.settings import Settings
from gateway.errors import GatewayError
from gateway.flow.tokens import Standing, count, notes, shown, standings
from gateway.flow.worker import Worker
from gateway.sources.poller import State
from gateway.sources.supervisor import Supervisor
from gateway.spool import query
from gateway.spool.room import free
from gateway.spool.spool import Spool
from gateway.spool.threads import held_in_loops

_WORKER_SILENCE = 60.0


@dataclass(frozen=True, slots=True)
class Readiness:
    """Looks at the parts when it is asked. `smtp` says what is wrong with SMTP; None, as `worker`, where there is none.

    A mailbox that fails is a note and not a part: a node that is taken out for it would stop what works.
    """

    settings: Callable[[], Settings]
    spool: Spool
    smtp: Callable[[], str] | None
    worker: Worker | None
    supervisor: Supervisor
    others: metrics.Others
    roles: tuple[str, ...] = ()

    def parts(self) -> dict[str, str]:
        """What is wrong with each part, "" for nothing."""
        parts = {"spool": self._spool_trouble()}
        if self.smtp is not None:
            parts["smtp"] = self.smtp()
        if self.worker is not None:
            silence = time.monotonic() - self.worker.alive_at
            parts["worker"] = f"no sign of life for {silence:.0f} s" if silence > _WORKER_SILENCE else ""
        return parts

    def notes(self) -> dict[str, str]:
        """What a postmaster should know though everything works: pauses, parked jobs, failing mailboxes, old tokens."""
        lanes = self.worker.troubles() if self.worker is not None else {}
        return self._stored_notes() | lanes | self._mailbox_notes() | self._smarthost_notes() | notes(self._standings())

    def more(self) -> dict[str, Callable[[], Any]]:
        """Return what looks at the further members of the document, for `gateway.status.live` to read."""
        return {
            "roles": lambda: self.roles,
            "tokens": self.tokens,
            "mailboxes": self.mailboxes,
            "arrivals": lambda: metrics.arrivals(self.others),
            "down": lambda: self.worker.troubles() if self.worker is not None else {},
            "smarthosts": self.smarthosts,
        }

    def document(self) -> dict[str, Any]:
        """Return what /readyz says, for whoever looks from within the process."""
        said = {"parts": self.parts(), "notes": self.notes()}
        return said | {name: look() for name, look in self.more().items()}

    def smarthosts(self) -> dict[str, dict[str, Any]]:
        """How each smarthost is doing, by its address; none where this node sends no answers."""
        if self.worker is None:
            return {}
        found = self.worker.around.transport.standings()
        return {one.address: asdict(one) | {"state": one.state} for one in found}

    def _smarthost_notes(self) -> dict[str, str]:
        found = self.worker.around.transport.standings() if self.worker is not None else ()
        return {
            f"smarthost {one.name}": f"failing since {_minute(one.since)}: {one.reason}"
            for one in found
            if one.failures
        }

    def tokens(self) -> Any:
        """Of each token its source, claims, last day and days left."""
        return shown(self._standings())

    def mailboxes(self) -> list[Mapping[str, Any]]:
        """How each source that fetches is doing."""
        return [
            {
                "name": one.name,
                "kind": one.kind,
                "state": one.state,
                "since": one.since,
                "last_success": one.last_success or None,
                "error": one.error,
                "taken": one.taken,
                "copies": one.copies,
                "skipped": one.skipped,
            }
            for one in self.supervisor.statuses
        ]

    def count(self) -> None:
        """Set the gauges of all that is looked at; while the spool is away it has none, the rest is there."""
        count(self._standings())
        metrics.build.labels(_version()).set(1)
        for part, trouble in self.parts().items():
            metrics.ready.labels(part).set(not trouble)
        self._count_mailboxes()
        for smarthost, standing in self.smarthosts().items():
            metrics.smarthost_failing.labels(smarthost).set(bool(standing["failures"]))
            metrics.smarthost_mails.labels(smarthost).set(standing["mails"])
        self._count_stored()

    def _count_mailboxes(self) -> None:
        for one in self.supervisor.statuses:
            age = time.time() - (one.last_success or one.started)
            metrics.mailbox_age.labels(one.name).set(0.0 if one.state is State.ELSEWHERE else age)
            for outcome, number in (("taken", one.taken), ("seen_before", one.copies), ("skipped", one.skipped)):
                metrics.mailbox_mails.labels(one.name, outcome).set(number)
            for known in State:
                metrics.mailbox_state.labels(one.name, known).set(one.state is known)

    def _count_stored(self) -> None:
        if (door := self.spool.door) is not None:
            metrics.disk_free.set(free(door.parent))
        metrics.jobs.clear()
        metrics.lane_jobs.clear()
        lanes = self.settings().lanes()
        try:
            counts, oldest = self.spool.read(query.counts), self.spool.read(query.oldest_unfinished)
            by_lane = self.spool.read(lambda connection: query.lane_counts(connection, lanes))
            pauses = {pause["lane"] for pause in self.spool.read(query.pauses)}
        except GatewayError:
            return
        for kind, state, number in counts:
            metrics.jobs.labels(kind, state).set(number)
        for lane, state, number in by_lane:
            metrics.lane_jobs.labels(lane, state).set(number)
        for lane in lanes:
            metrics.paused.labels(lane).set(lane in pauses)
        metrics.oldest_waiting.set(max(0.0, time.time() - oldest) if oldest is not None else 0.0)

    def _standings(self) -> list[Standing]:
        return standings(self.settings(), time.time())

    def _spool_trouble(self) -> str:
        try:
            self.spool.check_room()
            self.spool.read(query.unfinished)
        except GatewayError as error:
            return str(error)
        return self.spool.writer.trouble

    def _stored_notes(self) -> dict[str, str]:
        try:
            pauses, counts = self.spool.read(query.pauses), self.spool.read(query.counts)
            loops = self.spool.read(held_in_loops) if any(state == "held" for _, state, _ in counts) else []
        except GatewayError:  # the spool's own part says what is wrong with it
            return {}
        notes = {pause["lane"]: f"paused: {pause['reason']}" for pause in pauses}
        if parked := sum(count for _, state, count in counts if state == "parked"):
            notes["parked"] = f"{parked} jobs need a person: cention-gateway queue list --state parked"
        for writer, subject, held in loops:
            notes[f"loop: {writer}"] = f'{held} mails "{subject}" are held: cention-gateway queue list --state held'
        return notes

    def _mailbox_notes(self) -> dict[str, str]:
        failing = (State.FAILING, State.REFUSED)
        return {
            one.name: _trouble(one.state, one.since, one.error)
            for one in self.supervisor.statuses
            if one.state in failing
        }


def _trouble(state: State, since: float, error: str) -> str:
    return f"{'login refused' if state is State.REFUSED else 'failing'} since {_minute(since)}: {error}"


@cache
def _version() -> str:
    """Return the program's version; it has none where it runs from its source alone."""
    try:
        return version("cention-gateway")
    except PackageNotFoundError:
        return "source"


def _minute(at: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime(at))
