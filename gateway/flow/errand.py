"""The jobs of the road in, as values: what is to be read, where it is posted, what is recorded of it."""

from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from typing import IO

from sqlalchemy import bindparam, select

from gateway.cention.integration import end_errand
from gateway.config.cention import Route
from gateway.errors import Permanent, Reason
from gateway.flow.handling import handling
from gateway.flow.inbound import Prepared, Reading
from gateway.flow.loop import sign_events
from gateway.flow.manner import manner
from gateway.flow.ruled import afterwards, arrived, came_to, rule_events
from gateway.flow.surroundings import Surroundings
from gateway.model import CallEnd, Event, Job, JobState
from gateway.spool.index import Words
from gateway.spool.jobs import Conclusion
from gateway.spool.spool import Spool
from gateway.spool.tables import mail

NOTICE = "notice"
"""The source of mails that the gateway has written itself, for an agent to read."""

_MAILS = select(mail.c.id, mail.c.source, mail.c.sender, mail.c.recipients, mail.c.raw).where(
    mail.c.id.in_(bindparam("mails", expanding=True))
)


@dataclass(frozen=True, slots=True)
class Stored:
    """A mail as the spool has it: its envelope, and the bytes of a small one, None for a large one's."""

    sender: str = ""
    recipients: tuple[str, ...] = ()
    raw: bytes | None = None
    source: str = ""


def mails(spool: Spool, names: Sequence[str]) -> dict[str, Stored]:
    """Return mails by id, in one look."""
    rows = spool.read(lambda connection: list(connection.execute(_MAILS, {"mails": names})))
    return {
        name: Stored(sender or "", tuple(recipients), bytes(raw) if raw is not None else None, source)
        for name, source, sender, recipients, raw in rows
    }


def reading(job: Job, stored: Stored, around: Surroundings) -> Reading:
    """Return what reading a job's mail needs to know; Permanent where its route is gone."""
    hostname, route = around.settings.gateway.hostname, _route(job, around)
    own = stored.source == NOTICE
    return Reading(
        envelope_sender=stored.sender or f"mailer-daemon@{hostname}",
        fallback_id=f"<{job.subject}@{hostname}>",
        # Rules look at the writer: they see the same one wherever they have sent the mail.
        writer=(around.settings.route_named(came_to(job, around.settings)) or route).sender,
        smaller=bool(job.detail.get("smaller")),
        # What tells an agent that an answer failed is not for rules to move or discard.
        arrived=arrived(job, stored.sender, stored.recipients, around) if around.rules and not own else None,
        manner=manner(around.settings.mail),
        handling=handling(around.settings, route, own=own),
        reverse_path=stored.sender,
        recipients=stored.recipients,
        link=job.detail.get("notice"),
        edited=job.detail.get("edited"),
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
        words=words(prepared),
        **(afterwards(prepared) or _linked(job)),
    )


def _linked(job: Job) -> dict[str, object]:
    """Return what a notice of our own is remembered by: the trace of its answer leads to it, and from it."""
    return {"detail": {"notice": job.detail["notice"]}} if "notice" in job.detail else {}


def ended(prepared: Prepared, call: CallEnd) -> Conclusion:
    """Say that an errand was ended; the job has no errand of its own."""
    told = Event("ended", {"errand": call.errand_id})
    events = (*_read_events(prepared), told)
    return Conclusion(
        JobState.DONE, events=events, mail=found_by(prepared), words=words(prepared), **afterwards(prepared)
    )


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
        words=words(prepared),
    )


def words(prepared: Prepared) -> Words:
    """Return what a search finds a mail by, besides its rows."""
    return Words(sender=prepared.name, attachments=prepared.attachments)


def found_by(prepared: Prepared) -> dict[str, object]:
    """Return what the spool's mail row learns from reading."""
    learned: dict[str, object] = {
        "message_id": prepared.message_id,
        "subject": prepared.subject,
        "from_address": prepared.from_address,
        "thread": list(prepared.thread),
    }
    signs = prepared.signs
    return learned | ({"kind": signs.kind.value, "alike": signs.alike} if signs is not None else {})


def _route(job: Job, around: Surroundings) -> Route:
    route = around.settings.route_named(job.route)
    if route is None:
        raise Permanent(f'route "{job.route}" is not in the settings any more', reason=Reason.SETTINGS_GONE)
    return route


def _read_events(prepared: Prepared) -> list[Event]:
    seen = {"attachments": prepared.attachments, "bytes": prepared.size}
    events = [Event("read", seen | ({"notes": list(prepared.notes)} if prepared.notes else {}))]
    if prepared.left_out:
        events.append(Event("left out", {"attachments": list(prepared.left_out), "whole_mail": "kept"}))
    return [*events, *sign_events(prepared), *rule_events(prepared)]
