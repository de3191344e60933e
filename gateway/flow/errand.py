"""The jobs of the road in, as values: what is to be read, where it is posted, what is recorded of it."""

from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from typing import IO

from sqlalchemy import bindparam, select

from gateway.cention.integration import end_errand
from gateway.config.cention import Route
from gateway.errors import Permanent
from gateway.flow.inbound import Prepared, Reading
from gateway.flow.manner import manner
from gateway.flow.ruled import afterwards, arrived, came_to, rule_events
from gateway.flow.surroundings import Surroundings
from gateway.model import CallEnd, Event, Job, JobState
from gateway.spool.jobs import Conclusion
from gateway.spool.spool import Spool
from gateway.spool.tables import mail

_MAILS = select(mail.c.id, mail.c.sender, mail.c.recipients, mail.c.raw).where(
    mail.c.id.in_(bindparam("mails", expanding=True))
)


@dataclass(frozen=True, slots=True)
class Stored:
    """A mail as the spool has it: its envelope, and the bytes of a small one, None for a large one's."""

    sender: str = ""
    recipients: tuple[str, ...] = ()
    raw: bytes | None = None


def mails(spool: Spool, names: Sequence[str]) -> dict[str, Stored]:
    """Return mails by id, in one look."""
    rows = spool.read(lambda connection: list(connection.execute(_MAILS, {"mails": names})))
    return {
        name: Stored(sender or "", tuple(recipients), bytes(raw) if raw is not None else None)
        for name, sender, recipients, raw in rows
    }


def reading(job: Job, stored: Stored, around: Surroundings) -> Reading:
    """Return what reading a job's mail needs to know; Permanent where its route is gone."""
    hostname = around.settings.gateway.hostname
    return Reading(
        envelope_sender=stored.sender or f"mailer-daemon@{hostname}",
        fallback_id=f"<{job.subject}@{hostname}>",
        # Rules look at the writer: they see the same one wherever they have sent the mail.
        writer=(around.settings.route_named(came_to(job, around.settings)) or _route(job, around)).sender,
        smaller=bool(job.detail.get("smaller")),
        arrived=arrived(job, stored.sender, stored.recipients, around) if around.rules else None,
        manner=manner(around.settings.mail),
    )


def begin(job: Job, document: bytes | IO[bytes], around: Surroundings) -> "Future[str]":
    """Begin to create the errand; the future holds its id. Errors as `Client.create` has them, Permanent as above."""
    route = _route(job, around)
    return around.clients[route.workspace].begin(document, route.token)


def begin_end(job: Job, call: CallEnd, around: Surroundings) -> "Future[None]":
    """Begin to end the errand of a call. Errors as above."""
    route = _route(job, around)
    return around.clients[route.workspace].begin_end(end_errand(call), route.token)


def created(job: Job, prepared: Prepared, errand: str, around: Surroundings) -> Conclusion:
    """Say that the errand is there."""
    return Conclusion(
        JobState.DONE,
        events=(
            *_read_events(prepared),
            Event("created", {"errand": errand, "workspace": _route(job, around).workspace}),
        ),
        result=errand,
        keep=bool(prepared.left_out),
        mail=found_by(prepared),
        **afterwards(prepared),
    )


def ended(prepared: Prepared, call: CallEnd) -> Conclusion:
    """Say that an errand was ended; the job has no errand of its own."""
    told = Event("ended", {"errand": call.errand_id})
    events = (*_read_events(prepared), told)
    return Conclusion(JobState.DONE, events=events, mail=found_by(prepared), **afterwards(prepared))


def again_smaller(job: Job, prepared: Prepared, reason: Exception) -> Conclusion:
    """Have the job run once more at once, without the largest attachments; the whole mail stays for the operator."""
    return Conclusion(
        JobState.QUEUED,
        events=(*_read_events(prepared), Event("too large", {"reason": str(reason), "next": "once more, smaller"})),
        attempts=job.attempts,
        error=str(reason),
        keep=True,
        detail=job.detail | {"smaller": True},
        mail=found_by(prepared),
    )


def found_by(prepared: Prepared) -> dict[str, object]:
    """Return what the spool's mail row learns from reading."""
    return {
        "message_id": prepared.message_id,
        "subject": prepared.subject,
        "from_address": prepared.from_address,
        "thread": list(prepared.thread),
    }


def _route(job: Job, around: Surroundings) -> Route:
    route = around.settings.route_named(job.route)
    if route is None:
        raise Permanent(f'route "{job.route}" is not in the settings any more')
    return route


def _read_events(prepared: Prepared) -> list[Event]:
    seen = {"attachments": prepared.attachments, "bytes": prepared.size}
    events = [Event("read", seen | ({"notes": list(prepared.notes)} if prepared.notes else {}))]
    if prepared.left_out:
        events.append(Event("left out", {"attachments": list(prepared.left_out), "whole_mail": "kept"}))
    return [*events, *rule_events(prepared)]
