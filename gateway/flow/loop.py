"""Mail that no errand is made of, by the settings: our own that came back, too many alike, and kinds that nobody wants.

It is decided where the spool is at hand, after a mail was read; what rules say of it goes first.
"""

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection

from gateway import metrics
from gateway.config.settings import Settings
from gateway.flow.handling import Aside, aside, choices
from gateway.flow.inbound import Prepared
from gateway.flow.surroundings import Surroundings
from gateway.log import log
from gateway.model import AutoKind, Event, Job, JobState, Thread
from gateway.spool.jobs import Conclusion
from gateway.spool.spool import Spool
from gateway.spool.threads import LOOP, Clues, alike_since, held_alike, threads


@dataclass(frozen=True, slots=True)
class Known:
    """What the spool knows of a mail: where it belongs, and how many were like it of late."""

    thread: Thread | None = None
    alike: int = 0


def known(spool: Spool, some: Sequence[tuple[Job, Prepared]], settings: Settings) -> list[Known]:
    """Look mails of one lane up in the spool, all in one."""
    return spool.read(lambda connection: list(_known(connection, some, settings)))


def _known(connection: Connection, some: Sequence[tuple[Job, Prepared]], settings: Settings) -> Iterator[Known]:
    job = some[0][0]
    routes = _beside(job.route, settings)
    belongs = threads(connection, [_clues(prepared) for _, prepared in some], routes)
    counts = _counts(connection, [prepared for _, prepared in some], job.route, settings)
    for (_, prepared), thread in zip(some, belongs, strict=True):
        yield Known(thread, counts.get(prepared.signs.alike, 0) if prepared.signs is not None else 0)


def _counts(connection: Connection, some: Sequence[Prepared], name: str, settings: Settings) -> Mapping[int, int]:
    route = settings.route_named(name)
    chosen = choices(settings, route) if route is not None else settings.automatic
    values = list({one.signs.alike for one in some if one.signs is not None})
    return alike_since(connection, values, time.time() - chosen.alike_within) if chosen.most_alike and values else {}


def _clues(prepared: Prepared) -> Clues:
    """Gather what a mail names; a report, what the mail that it is about is called."""
    signs = prepared.signs
    if signs is None:
        return Clues(prepared.thread)
    about = (signs.report.message_id,) if signs.report is not None and signs.report.message_id else ()
    return Clues((*prepared.thread, *about), signs.errand, signs.named_by)


def _beside(name: str, settings: Settings) -> list[str]:
    """Return the routes of a route's workspace: an errand's number means something there only."""
    own = settings.route_named(name)
    return [one.name for one in settings.route if own is None or one.workspace == own.workspace]


def put_aside(job: Job, prepared: Prepared, found: Known, spool: Spool, around: Surroundings) -> Conclusion | None:
    """Return what becomes of a mail of which the settings make no errand; None where it goes on.

    Who releases a held job, or retries a discarded one, means the mail to go on: `released`.
    """
    signs, route = prepared.signs, around.settings.route_named(job.route)
    if signs is None or route is None or job.detail.get("released"):
        return None
    chosen = choices(around.settings, route)
    if why := aside(signs, chosen, around.settings.gateway.hostname):
        return _ended(job, prepared, why)
    if chosen.most_alike and found.alike >= chosen.most_alike:
        minutes = chosen.alike_within / 60
        reason = f"{found.alike} mails of this sender and subject within {minutes:g} minutes: perhaps a loop"
        _alert(prepared, reason, spool)
        return _ended(job, prepared, Aside("most_alike", reason, held=True), hold=LOOP)
    return None


def _alert(prepared: Prepared, reason: str, spool: Spool) -> None:
    """Say it once for all mails that are alike: where one is held already, that was said."""
    assert prepared.signs is not None
    number = prepared.signs.alike
    if not spool.read(lambda connection: held_alike(connection, number)):
        metrics.loops.inc()
        log.looping(prepared.from_address, prepared.subject, reason)


def _ended(job: Job, prepared: Prepared, why: Aside, hold: str = "rule") -> Conclusion:
    told = {"by": f"settings: {why.setting}", "reason": why.reason}
    told |= {"until": "a person releases it"} if why.held else {}
    return Conclusion(
        JobState.HELD if why.held else JobState.DISCARDED,
        events=(*sign_events(prepared), Event("held" if why.held else "discarded", told)),
        attempts=job.attempts,
        crashes=job.crashes,
        error=why.reason,
        hold=hold if why.held else None,
        detail=job.detail | {"released": True},
    )


def sign_events(prepared: Prepared) -> Iterator[Event]:
    """Tell who wrote a mail, where that is no person, and where it belongs, where that is known."""
    if prepared.signs is not None and prepared.signs.kind is not AutoKind.PERSON:
        yield Event("automatic", {"kind": prepared.signs.kind.value, "why": prepared.signs.why})
    if prepared.belongs is not None:
        found = prepared.belongs
        yield Event("thread", {"errand": found.errand, "found_by": found.found_by, "history": list(found.history)})
