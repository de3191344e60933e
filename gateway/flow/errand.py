"""A job of the road in: read the mail in a child, create the errand, say what came of it."""

from gateway.errors import Permanent, TooLarge
from gateway.flow.inbound import Prepared, Reading
from gateway.flow.readers import Readers
from gateway.flow.surroundings import Surroundings
from gateway.model import Event, Job, JobState
from gateway.spool import query
from gateway.spool.jobs import Conclusion
from gateway.spool.spool import Spool


def create_errand(job: Job, spool: Spool, readers: Readers, around: Surroundings) -> Conclusion:
    """Run the job to its end. Errors of the family and ReaderDied say why it did not get there."""
    route = around.settings.route_named(job.route)
    if route is None:
        raise Permanent(f'route "{job.route}" is not in the settings any more')
    smaller = bool(job.detail.get("smaller"))
    prepared = _read(job, spool, readers, around, smaller=smaller)
    try:
        errand = around.clients[route.workspace].create(prepared.document, route.token.value())
    except TooLarge as error:
        if smaller or not prepared.attachments:
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


def _read(job: Job, spool: Spool, readers: Readers, around: Surroundings, *, smaller: bool) -> Prepared:
    sender = spool.read(lambda connection: query.sender(connection, job.subject))
    route = around.settings.route_named(job.route)
    hostname = around.settings.gateway.hostname
    reading = Reading(
        envelope_sender=sender or f"mailer-daemon@{hostname}",
        fallback_id=f"<{job.subject}@{hostname}>",
        writer=route.sender if route else "from",
        smaller=smaller,
    )
    return readers.read(spool.raw(job.subject), reading)


def _read_events(prepared: Prepared) -> list[Event]:
    seen = {"attachments": prepared.attachments, "bytes": len(prepared.document)}
    events = [Event("read", seen | ({"notes": list(prepared.notes)} if prepared.notes else {}))]
    if prepared.left_out:
        events.append(Event("left out", {"attachments": list(prepared.left_out), "whole_mail": "kept"}))
    return events
