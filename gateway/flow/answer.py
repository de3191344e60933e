"""A job of the road out: read the callback, fetch what it names, compose the mail, hand it over, say what became."""

import time
from collections.abc import Iterator

from ulid import ULID

from gateway.cention import callback
from gateway.errors import Permanent
from gateway.flow.outbound import Origin, to_reply
from gateway.flow.surroundings import Surroundings
from gateway.mail.compose import compose
from gateway.mail.embed import missing_cids
from gateway.model import Answer, Event, Job, JobState, Reply
from gateway.outgoing.smarthost import Delivery, Refusal, deliver
from gateway.spool import query
from gateway.spool.jobs import Conclusion
from gateway.spool.spool import Spool


def send_answer(job: Job, spool: Spool, around: Surroundings) -> Conclusion:
    """Run the job to its end. Errors of the family say why it did not get there."""
    workspace = job.lane.partition(":")[2]
    answer = callback.read(callback.parse(spool.document(job.subject)))
    if not isinstance(answer, Answer):
        raise Permanent(f"the callback's event is not known: {answer.type} {answer.event}")
    if not answer.to:
        raise Permanent("the answer names no recipient with an e-mail address")
    route, origin = _origin(answer, workspace, spool, around)
    reply = _reply(job, answer, workspace, origin, around)
    recipients = job.detail.get("recipients") or [address.email for address in answer.to]
    delivery = deliver(
        around.smarthosts,
        reply.sender.email,
        recipients,
        compose(reply),
        hostname=around.settings.gateway.hostname,
        timeout=around.settings.outgoing.timeout,
        tls=around.tls,
    )
    return _concluded(job, answer, route, reply, delivery, around)


def _origin(answer: Answer, workspace: str, spool: Spool, around: Surroundings) -> tuple[str, Origin]:
    """Find the route that an answer leaves by, and the thread of the mail that made its errand."""
    if workspace not in around.settings.cention:
        raise Permanent(f"workspace {workspace} is not in the settings any more")
    routes = around.settings.routes_of(workspace)
    if not routes:
        raise Permanent(f"workspace {workspace} has no route, so there is no sender for its answers")
    names = [route.name for route in routes]
    mail = spool.read(lambda connection: query.mail_of_errand(connection, answer.errand_id, names))
    if mail is None:
        return routes[0].name, Origin(workspace, routes[0].reply_from)
    route = next(route for route in routes if route.name == mail["route"])
    thread = (*(mail["thread"] or ()), *([mail["message_id"]] if mail["message_id"] else ()))
    return route.name, Origin(workspace, route.reply_from, thread)


def _reply(job: Job, answer: Answer, workspace: str, origin: Origin, around: Surroundings) -> Reply:
    client, token = around.clients[workspace], around.settings.cention[workspace].attachment_token
    resources = dict.fromkeys((*answer.attachments, *answer.archives))
    fetched = {resource: client.fetch(resource, token.value()) for resource in resources}
    trace = (("X-Cention-Errand", f"{around.settings.gateway.hostname}; errand={answer.errand_id}"),)
    # The id tells when the callback came: the same Date at each try, also after a person had it tried again.
    date = ULID.from_str(job.subject).timestamp
    return to_reply(answer, origin, fetched, date, trace)


def _concluded(
    job: Job, answer: Answer, route: str, reply: Reply, delivery: Delivery, around: Surroundings
) -> Conclusion:
    """Say what became of each recipient: refused for now is tried again alone, refused for good is for a person."""
    again = {one.recipient: _said(one) for one in delivery.refused if not one.permanent}
    refused = dict(job.detail.get("refused", {})) | {
        one.recipient: _said(one) for one in delivery.refused if one.permanent
    }
    sent = [*job.detail.get("sent", []), *delivery.sent]
    error = "; ".join(f"{recipient}: {said}" for recipient, said in (refused | again).items())
    row = {
        "message_id": reply.message_id,
        "callback_id": job.subject,
        "errand": answer.errand_id,
        "route": route,
        "recipients": sent,
        "sent_at": time.time(),
    }
    events, left = list(_events(reply, delivery)), {}
    if again:
        left = {"recipients": list(again), "refused": refused, "sent": sent}
    elif refused:
        left = {"recipients": list(refused), "sent": sent}
        events.append(Event("parked", {"reason": error}))
    return Conclusion(
        JobState.QUEUED if again else JobState.PARKED if refused else JobState.DONE,
        events=tuple(events),
        next_at=time.time() + around.retry.wait(job.attempts + 1) if again else 0.0,
        attempts=job.attempts + 1 if again else job.attempts,
        result=reply.message_id,
        error=error or None,
        route=route,
        detail=left,
        sent=row if sent else None,
    )


def _said(refusal: Refusal) -> str:
    return f"{refusal.code} {refusal.text}"


def _events(reply: Reply, delivery: Delivery) -> Iterator[Event]:
    if missing := missing_cids(reply.html_body, [picture.content_id for picture in reply.inline]):
        yield Event("pictures not found", {"cids": list(missing)})
    if delivery.sent:
        handed = {"to": list(delivery.sent), "smarthost": delivery.smarthost, "reply": delivery.reply}
        yield Event("sent", handed | {"message_id": reply.message_id})
    for one in delivery.refused:
        meaning = "for good" if one.permanent else "for now"
        yield Event("refused", {"recipient": one.recipient, "reply": _said(one), "meaning": meaning})
