"""A job of the road out: read the callback, fetch what it names, compose the mail, hand it over, say what became."""

import time
from collections.abc import Sequence
from dataclasses import replace

from ulid import ULID

from gateway.cention import callback
from gateway.config.cention import Route
from gateway.errors import Permanent
from gateway.flow.destination import Destination, Maker, destination, ignored
from gateway.flow.enclosure import Enclosures, fetch
from gateway.flow.outbound import says_nothing, to_reply
from gateway.flow.outcome import concluded
from gateway.flow.surroundings import Surroundings
from gateway.mail.compose import compose
from gateway.model import Answer, Event, Job, JobState, Reply
from gateway.outgoing.smarthost import Delivery, deliver
from gateway.spool import query
from gateway.spool.intake import errand_lane
from gateway.spool.jobs import Conclusion
from gateway.spool.spool import Spool

# An answer that comes so soon may be ahead of our own record of the errand, which is then looked for again.
_OVERTAKEN_SECONDS = 30.0
_LOOK_AGAIN_SECONDS = 1.0


def send_answer(job: Job, spool: Spool, around: Surroundings) -> Conclusion:
    """Run the job to its end. Errors of the family say why it did not get there."""
    name = job.lane.partition(":")[2]
    answer = _answer(job, spool)
    routes = _routes(name, around)
    workspace = around.settings.cention[name]
    maker = _maker(answer, routes, spool, around)
    if maker is None and _may_be_being_made(job, routes, spool):
        return _looked_for_again(job)
    if reason := ignored(answer, maker, workspace):
        return _discarded(job, reason)
    if says_nothing(answer):
        raise Permanent("the answer has neither text nor a file in it; there is nothing to send")
    goal = destination(answer, maker, name, routes)
    enclosed = fetch(answer, around.clients[name], workspace, job.attempts)
    reply = _reply(job, answer, goal, enclosed, around)
    before = (*goal.events, *enclosed.events)
    return concluded(job, answer, goal, reply, _delivered(job, reply, around), around.retry, before)


def _answer(job: Job, spool: Spool) -> Answer:
    answer = callback.read(callback.parse(spool.document(job.subject)))
    if not isinstance(answer, Answer):
        raise Permanent(f"the callback's event is not known: {answer.type} {answer.event}")
    return answer


def _routes(workspace: str, around: Surroundings) -> tuple[Route, ...]:
    """Return the routes that a workspace's answers may leave by, its default first; Permanent where there is none."""
    if workspace not in around.settings.cention:
        raise Permanent(f"workspace {workspace} is not in the settings any more")
    routes = around.settings.routes_of(workspace)
    if not routes:
        raise Permanent(f"workspace {workspace} has no route, so there is no sender for its answers")
    return routes


def _maker(answer: Answer, routes: Sequence[Route], spool: Spool, around: Surroundings) -> Maker | None:
    """Find the mail that made an answer's errand."""
    names = [route.name for route in routes]
    found = spool.read(lambda connection: query.mail_of_errand(connection, answer.errand_id, names))
    if found is None:
        return None
    thread = (*(found["thread"] or ()), *([found["message_id"]] if found["message_id"] else ()))
    writer = found["from_address"] or ""
    # What stands in for a writer where a mail has none: us.
    nobody = f"mailer-daemon@{around.settings.gateway.hostname}"
    return Maker(found["route"], "" if writer == nobody else writer, thread)


def _may_be_being_made(job: Job, routes: Sequence[Route], spool: Spool) -> bool:
    """Whether the answer may have overtaken what we record of its errand: Cention made that, and we are about to."""
    if time.time() - job.created_at > _OVERTAKEN_SECONDS:
        return False
    lanes = [errand_lane(route.name) for route in routes]
    return spool.read(lambda connection: any(query.in_hand(connection, lane) for lane in lanes))


def _looked_for_again(job: Job) -> Conclusion:
    later = time.time() + _LOOK_AGAIN_SECONDS
    return Conclusion(JobState.QUEUED, next_at=later, attempts=job.attempts, detail=job.detail)


def _discarded(job: Job, reason: str) -> Conclusion:
    events = (Event("discarded", {"by": "settings", "reason": reason}),)
    return Conclusion(JobState.DISCARDED, events, attempts=job.attempts, error=reason, detail=job.detail)


def _reply(job: Job, answer: Answer, goal: Destination, enclosed: Enclosures, around: Surroundings) -> Reply:
    trace = (("X-Cention-Errand", f"{around.settings.gateway.hostname}; errand={answer.errand_id}"),)
    # The id tells when the callback came: the same Date at each try, also after a person had it tried again.
    date = ULID.from_str(job.subject).timestamp
    return to_reply(replace(answer, to=goal.to), goal.origin, enclosed.found, date, trace)


def _delivered(job: Job, reply: Reply, around: Surroundings) -> Delivery:
    return deliver(
        around.smarthosts,
        reply.sender.email,
        job.detail.get("recipients") or [address.email for address in reply.to],
        compose(reply),
        hostname=around.settings.gateway.hostname,
        timeout=around.settings.outgoing.timeout,
        tls=around.tls,
    )
