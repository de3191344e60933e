"""What became of an answer's recipients: refused for now is tried again alone, refused for good is for a person."""

import time
from collections.abc import Iterator, Sequence
from typing import Any

from gateway.errors import Reason
from gateway.flow.destination import Destination
from gateway.flow.reason import status_in
from gateway.flow.retry import Retry
from gateway.mail.embed import missing_cids
from gateway.model import Answer, Event, Job, JobState, Reply
from gateway.outgoing.smarthost import Delivery, Refusal
from gateway.spool.delivery import Fate, Outcome, Standing
from gateway.spool.index import Words
from gateway.spool.jobs import Conclusion


def concluded(
    job: Job,
    answer: Answer,
    goal: Destination,
    reply: Reply,
    delivery: Delivery,
    retry: Retry,
    before: Sequence[Event] = (),
) -> Conclusion:
    """Say what became of each recipient: refused for now is tried again alone, refused for good is for a person.

    `before` is what the trace should say of the steps that led here.
    """
    again = {one.recipient: _said(one) for one in delivery.refused if not one.permanent}
    refused = job.detail.get("refused", {}) | {one.recipient: _said(one) for one in delivery.refused if one.permanent}
    sent = [*job.detail.get("sent", []), *delivery.sent]
    error = "; ".join(f"{recipient}: {said}" for recipient, said in (refused | again).items())
    events, left = [*before, *_events(reply, delivery)], {}
    if again:
        left = {"recipients": list(again), "refused": refused, "sent": sent}
    elif refused:
        left = {"recipients": list(refused), "sent": sent}
        events.append(Event("parked", {"reason": error}))
    return Conclusion(
        JobState.QUEUED if again else JobState.PARKED if refused else JobState.DONE,
        events=tuple(events),
        next_at=time.time() + retry.wait(job.attempts + 1) if again else 0.0,
        attempts=job.attempts + 1 if again else job.attempts,
        result=reply.message_id,
        error=error or None,
        reason=Reason.RECIPIENT_REFUSED if refused and not again else None,
        route=goal.route,
        detail=left,
        sent=_row(job, answer, goal, reply, sent) if sent else None,
        outcome=Outcome(job.subject, tuple(_standings(delivery))),
        words=_words(reply),
    )


def _words(reply: Reply) -> Words:
    """Return what a search finds an answer by."""
    return Words(
        subject=reply.subject,
        sender=f"{reply.sender.name} {reply.sender.email}",
        recipients=tuple(f"{one.name} {one.email}" for one in reply.to),
        attachments=len(reply.files),
    )


def _standings(delivery: Delivery) -> Iterator[Standing]:
    """Yield what the smarthost said of each recipient."""
    for recipient in delivery.sent:
        yield Standing(recipient, Fate.SENT, delivery.reply, "", delivery.smarthost, delivery.queue_id)
    for one in delivery.refused:
        fate = Fate.FAILED if one.permanent else Fate.DELAYED
        yield Standing(one.recipient, fate, _said(one), status_in(one.text), delivery.smarthost)


def _row(job: Job, answer: Answer, goal: Destination, reply: Reply, sent: list[str]) -> dict[str, Any]:
    """Return what replies and bounces will be matched against."""
    return {
        "message_id": reply.message_id,
        "callback_id": job.subject,
        "errand": answer.errand_id,
        "route": goal.route,
        "recipients": sent,
        "sent_at": time.time(),
    }


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
