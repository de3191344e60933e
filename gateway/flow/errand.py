"""A job of the road in: read the mail in a child, create the errand, say what came of it."""

from contextlib import nullcontext
from typing import IO

from sqlalchemy import bindparam, select

from gateway.config.settings import Route
from gateway.errors import Permanent, TooLarge
from gateway.flow.inbound import Prepared, Reading
from gateway.flow.readers import Readers
from gateway.flow.surroundings import Surroundings
from gateway.model import Event, Job, JobState
from gateway.spool.jobs import Conclusion
from gateway.spool.spool import Spool
from gateway.spool.tables import mail

_SENDER_AND_RAW = select(mail.c.sender, mail.c.raw).where(mail.c.id == bindparam("mail"))


def create_errand(job: Job, spool: Spool, readers: Readers, around: Surroundings) -> Conclusion:
    """Run the job to its end. Errors of the family and ReaderDied say why it did not get there."""
    route = around.settings.route_named(job.route)
    if route is None:
        raise Permanent(f'route "{job.route}" is not in the settings any more')
    sender, raw = _mail(job, spool)
    reading = _reading(job, sender, route, around)
    with readers.scratch() if raw is None else nullcontext() as file:
        with spool.raw(job.subject) if raw is None else nullcontext(raw) as source:
            prepared = readers.read(source, reading, file, suspect=job.crashes > 0)
        try:
            errand = around.clients[route.workspace].create(_document(prepared, file), route.token.value())
        except TooLarge as error:
            if reading.smaller or not prepared.attachments:
                raise
            return _again_smaller(job, prepared, error)
    return Conclusion(
        JobState.DONE,
        events=(*_read_events(prepared), Event("created", {"errand": errand, "workspace": route.workspace})),
        result=errand,
        keep=bool(prepared.left_out),
        mail=found_by(prepared),
    )


def _again_smaller(job: Job, prepared: Prepared, error: TooLarge) -> Conclusion:
    """Have the job run once more at once, without the largest attachments; the whole mail stays for the operator."""
    return Conclusion(
        JobState.QUEUED,
        events=(*_read_events(prepared), Event("too large", {"reason": str(error), "next": "once more, smaller"})),
        attempts=job.attempts,
        error=str(error),
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


def _mail(job: Job, spool: Spool) -> tuple[str, bytes | None]:
    """Return a mail's envelope sender and, in the same look, the bytes of a small one; None for a large one's."""
    row = spool.read(lambda connection: connection.execute(_SENDER_AND_RAW, {"mail": job.subject}).first())
    sender, raw = row if row is not None else ("", None)
    return sender or "", bytes(raw) if raw is not None else None


def _reading(job: Job, sender: str, route: Route, around: Surroundings) -> Reading:
    hostname = around.settings.gateway.hostname
    return Reading(
        envelope_sender=sender or f"mailer-daemon@{hostname}",
        fallback_id=f"<{job.subject}@{hostname}>",
        writer=route.sender,
        smaller=bool(job.detail.get("smaller")),
    )


def _document(prepared: Prepared, file: IO[bytes] | None) -> bytes | IO[bytes]:
    return prepared.document if file is None or prepared.document else file


def _read_events(prepared: Prepared) -> list[Event]:
    seen = {"attachments": prepared.attachments, "bytes": prepared.size}
    events = [Event("read", seen | ({"notes": list(prepared.notes)} if prepared.notes else {}))]
    if prepared.left_out:
        events.append(Event("left out", {"attachments": list(prepared.left_out), "whole_mail": "kept"}))
    return events
