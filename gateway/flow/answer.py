"""A job of the road out: read the callback, fetch what it names, compose the mail, hand it over, say what became."""

import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from functools import partial
from typing import Any, TypeAlias

from ulid import ULID

from gateway.cention import callback
from gateway.config.cention import Route
from gateway.errors import Permanent, Reason
from gateway.flow.copies import copies_for
from gateway.flow.destination import Destination, Maker, destination, ignored
from gateway.flow.enclosure import Enclosures, fetch
from gateway.flow.notice import nobody
from gateway.flow.outbound import envelope_sender, recipients_of, says_nothing, to_reply
from gateway.flow.outcome import concluded
from gateway.flow.surroundings import Surroundings
from gateway.mail.compose import compose
from gateway.model import Address, Answer, AutoKind, Event, Job, JobState, Reply
from gateway.outgoing.dkim import sign
from gateway.outgoing.smarthost import Delivery
from gateway.spool import query
from gateway.spool.jobs import Conclusion
from gateway.spool.recall import Recalled, recall
from gateway.spool.spool import Spool

# An answer that comes so soon may be ahead of our own record of the errand, which is then looked for again.
_OVERTAKEN_SECONDS = 30.0
_LOOK_AGAIN_SECONDS = 1.0

Aside: TypeAlias = Callable[[], AbstractContextManager[None]]


def recalled(jobs: Sequence[Job], spool: Spool, around: Surroundings) -> dict[str, Recalled]:
    """Return what the spool knows of the answers of one lane, by their callbacks. Raises as `routes_of` does."""
    routes = [route.name for route in routes_of(_workspace(jobs[0]), around)]
    return spool.read(partial(recall, names=[job.subject for job in jobs], routes=routes))


def send_answer(
    job: Job, known: Recalled, spool: Spool, around: Surroundings, aside: Aside = nullcontext
) -> Conclusion:
    """Run the job to its end. Errors of the family say why it did not get there.

    `aside` is entered while the answer waits for what it names, so that others may go by meanwhile.
    """
    name = _workspace(job)
    answer = _answer(known.document) if known.document is not None else read_answer(job.subject, spool)
    routes = routes_of(name, around)
    workspace = around.settings.cention[name]
    # A callback that could not be read when it came was stored without its errand.
    same = known.errand == answer.errand_id
    maker = _maker(known.maker, around) if same else maker_of(answer, routes, spool, around)
    if maker is None and known.to_come and time.time() - job.created_at <= _OVERTAKEN_SECONDS:
        return _looked_for_again(job)
    if reason := ignored(answer, maker, workspace):
        return _discarded(job, reason)
    if says_nothing(answer):
        raise Permanent(
            "the answer has neither text nor a file in it; there is nothing to send", reason=Reason.ANSWER_EMPTY
        )
    goal = destination(answer, maker, name, routes)
    if all(one.email == nobody(around.settings.gateway.hostname) for one in goal.to):
        return _discarded(job, "it answers a notice of our own, which nobody would read")
    with aside() if answer.attachments or answer.archives else nullcontext():
        enclosed = fetch(answer, around.clients[name], workspace, job.attempts)
    cc = copies_for(goal, maker, spool, around)
    reply = reply_to(job.subject, answer, goal, enclosed, around, cc)
    before = (*goal.events, *enclosed.events)
    end = concluded(job, answer, goal, reply, _delivered(job, goal, reply, around), around.retry, before)
    return replace(end, copies=around.settings.copies_of(goal.route)) if end.sent is not None else end


def read_answer(name: str, spool: Spool) -> Answer:
    """Read the callback of that id; Permanent where it is no answer, or is not there."""
    return _answer(spool.document(name))


def _answer(document: bytes) -> Answer:
    answer = callback.read(callback.parse(document))
    if not isinstance(answer, Answer):
        raise Permanent(
            f"the callback's event is not known: {answer.type} {answer.event}", reason=Reason.ANSWER_UNREADABLE
        )
    return answer


def routes_of(workspace: str, around: Surroundings) -> tuple[Route, ...]:
    """Return the routes that a workspace's answers may leave by, its default first; Permanent where there is none."""
    if workspace not in around.settings.cention:
        raise Permanent(f"workspace {workspace} is not in the settings any more", reason=Reason.SETTINGS_GONE)
    routes = around.settings.routes_of(workspace)
    if not routes:
        raise Permanent(
            f"workspace {workspace} has no route, so there is no sender for its answers", reason=Reason.SETTINGS_GONE
        )
    return routes


def maker_of(answer: Answer, routes: Sequence[Route], spool: Spool, around: Surroundings) -> Maker | None:
    """Find the mail that made an answer's errand."""
    names = [route.name for route in routes]
    return _maker(spool.read(lambda connection: query.mail_of_errand(connection, answer.errand_id, names)), around)


def _maker(found: Mapping[str, Any] | None, around: Surroundings) -> Maker | None:
    if found is None:
        return None
    thread = (*(found["thread"] or ()), *([found["message_id"]] if found["message_id"] else ()))
    writer = found["from_address"] or ""
    # What stands in for a writer where a mail has none: us.
    ours = nobody(around.settings.gateway.hostname)
    kind = AutoKind(found["kind"] or AutoKind.PERSON)
    return Maker(found["route"], "" if writer == ours else writer, thread, found["id"], kind, not found["sender"])


def _workspace(job: Job) -> str:
    return job.lane.partition(":")[2]


def _looked_for_again(job: Job) -> Conclusion:
    later = time.time() + _LOOK_AGAIN_SECONDS
    return Conclusion(JobState.QUEUED, next_at=later, attempts=job.attempts, detail=job.detail)


def _discarded(job: Job, reason: str) -> Conclusion:
    events = (Event("discarded", {"by": "settings", "reason": reason}),)
    return Conclusion(JobState.DISCARDED, events, attempts=job.attempts, error=reason, detail=job.detail)


def reply_to(
    name: str,
    answer: Answer,
    goal: Destination,
    enclosed: Enclosures,
    around: Surroundings,
    cc: tuple[Address, ...],
) -> Reply:
    """Put the mail of an answer together, whose callback has that id. It is the same at each try."""
    trace = (("X-Cention-Errand", f"{around.settings.gateway.hostname}; errand={answer.errand_id}"),)
    # The id tells when the callback came: the same Date at each try, also after a person had it tried again.
    date = ULID.from_str(name).timestamp
    look = around.presentation_of(goal.route)
    return to_reply(replace(answer, to=goal.to), goal.origin, enclosed.found, date, trace, look, goal.route, cc)


def mail_of(reply: Reply, around: Surroundings) -> bytes:
    """Write an answer as it leaves, signed with the keys of its sender's domain; the same at each try."""
    return sign(compose(reply), reply.sender.email, reply.date, around.keys)


def _delivered(job: Job, goal: Destination, reply: Reply, around: Surroundings) -> Delivery:
    marked = around.presentation_of(goal.route).section.verp
    route = around.settings.route_named(goal.route)
    return around.transport.deliver(
        envelope_sender(goal.origin.reply_from, job.subject, marked=marked),
        job.detail.get("recipients") or recipients_of(reply),
        mail_of(reply, around),
        names=route.smarthosts if route is not None else (),
    )
