"""Who is told of an answer that did not arrive: every try's end is looked at, and what it says of the recipients kept.

A failure is told at once, a delay after `notices.warn_after`, each once for a recipient. To the agent it is told by a
mail of ours that becomes an errand in the answer's route, stored in the same commit as the try's end.
"""

import time
from collections.abc import Sequence
from dataclasses import replace

from ulid import ULID

from gateway.errors import GatewayError, Temporary
from gateway.flow import notice
from gateway.flow.account import Account, account
from gateway.flow.errand import NOTICE
from gateway.flow.surroundings import Surroundings
from gateway.log import log
from gateway.model import Envelope, Event, Job, JobKind, JobState
from gateway.outgoing.dkim import sign
from gateway.spool import delivery
from gateway.spool.accept import BLOB_THRESHOLD
from gateway.spool.arrival import mail_row
from gateway.spool.delivery import Fate, Notice, Outcome, Standing, Told
from gateway.spool.identity import ContentHash
from gateway.spool.jobs import Conclusion
from gateway.spool.spool import Spool

_ENDS = {JobState.PARKED: Fate.FAILED, JobState.QUEUED: Fate.DELAYED}
_SAID = 1000


def told(job: Job, end: Conclusion, spool: Spool, around: Surroundings) -> Conclusion:
    """Return an answer's conclusion with what it says of each recipient, and with the notice that is due.

    What goes wrong here is told in the trace: a conclusion that was lost for it would have the mail sent once more.
    Temporary while the spool is away, which is to be waited for: what is told in no commit is told to nobody.
    """
    if job.kind is not JobKind.ANSWER or end.state not in _ENDS or not end.events:
        return end
    try:
        return _told(job, end, spool, around)
    except Temporary:
        raise
    except Exception as error:  # noqa: BLE001 - see above
        log.trouble(f"telling of job {job.id}", error)
        return replace(end, events=(*end.events, Event("not told", {"why": repr(error)})))


def _told(job: Job, end: Conclusion, spool: Spool, around: Surroundings) -> Conclusion:
    standings = end.outcome.standings if end.outcome is not None else _standings(job, end, spool, around)
    due = _due(job, standings, spool, around)
    outcome = end.outcome or Outcome(job.subject, standings)
    if not due or around.settings.notices.failures == "park":
        return replace(end, outcome=outcome)
    found = account(job.subject, spool, around, files=True)
    if found is None:
        return replace(end, outcome=outcome)
    until = job.created_at + around.settings.worker.give_up
    outcome, event = tell(outcome, found, due, spool, around, until)
    return replace(end, outcome=outcome, events=(*end.events, event))


def tell(
    outcome: Outcome, about: Account, due: Sequence[Standing], spool: Spool, around: Surroundings, until: float
) -> tuple[Outcome, Event]:
    """Return an outcome with the notice of these recipients, or with the mark that the operator has it, and the step.

    An operator's mail that nobody takes now is told of at the next try, where there is one; else the agent is told.
    """
    kind, recipients = notice.told_of(due), tuple(one.recipient for one in due)
    said: dict[str, object] = {"of": [one for one in recipients if one], "what": kind.value}
    if around.settings.notices.failures == "operator":
        to = around.settings.notices.operator
        refused = _sent_to(to, about, due, around, until)
        if not refused:
            return outcome._replace(told=(kind, recipients)), Event("told", {"whom": to} | said)
        if kind is Told.DELAYED:
            return outcome, Event("not told", {"whom": to, "why": refused} | said)
        said |= {"why": f"{to} could not be: {refused}"}
    now, to = time.time(), about.about.address
    row = _stored(notice.notice(about.about, due, to, around.settings.gateway.hostname, until, now), to, spool, now)
    made = Notice(row, about.about.route, notice.link(about.about, due), kind, recipients)
    return outcome._replace(notice=made), Event("told", {"whom": "agent", "mail": row["id"]} | said)


def _sent_to(operator: str, about: Account, due: Sequence[Standing], around: Surroundings, until: float) -> str:
    """Send the operator a mail of it; return why nobody has taken it, "" for nothing."""
    now, hostname = time.time(), around.settings.gateway.hostname
    raw = notice.notice(about.about, due, operator, hostname, until, now)
    try:
        around.transport.deliver("", [operator], sign(raw, notice.nobody(hostname), now, around.keys))
    except GatewayError as error:
        log.trouble(f"notice to {operator}", error)
        return str(error)
    return ""


def _standings(job: Job, end: Conclusion, spool: Spool, around: Surroundings) -> tuple[Standing, ...]:
    """Return what a try that ended in an error says of those whom it was for; "" stands for nobody known."""
    found = account(job.subject, spool, around)
    recipients = job.detail.get("recipients") or (found.recipients if found is not None else ()) or ("",)
    error = end.error or ""
    return tuple(Standing(one, _ENDS[end.state], _said_of(one, recipients, error)) for one in recipients)


def _said_of(recipient: str, recipients: Sequence[str], error: str) -> str:
    """Return what an error says of a recipient: its own reply where the sentence has each one's, else all of it."""
    _, found, rest = error.partition(f"{recipient}: ") if recipient else ("", "", "")
    if not found:
        return error[:_SAID]
    ends = [rest.find(f"; {other}: ") for other in recipients]
    return rest[: min((end for end in ends if end >= 0), default=_SAID)][:_SAID]


def _due(job: Job, standings: Sequence[Standing], spool: Spool, around: Surroundings) -> list[Standing]:
    """Return those of whom something is to be told now, and was not before: failures first, else delays."""
    failed = [one for one in standings if one.fate is Fate.FAILED]
    after = around.settings.notices.warn_after
    late = bool(after) and time.time() - job.created_at >= after
    delayed = [one for one in standings if late and one.fate is Fate.DELAYED]
    for some, known in ((failed, {Told.FAILED}), (delayed, {Told.DELAYED, Told.FAILED})):
        if some and (news := not_told(spool, job.subject, some, known)):
            return news
    return []


def not_told(spool: Spool, answer: str, standings: Sequence[Standing], known: set[Told]) -> list[Standing]:
    """Return those recipients of whom none of these was told yet."""
    rows = spool.read(lambda connection: delivery.of_answer(connection, answer))
    before = {row["recipient"] for row in rows if row.get("told", "") in known}
    return [one for one in standings if delivery.named(one.recipient) not in before]


def _stored(raw: bytes, to: str, spool: Spool, now: float) -> dict[str, object]:
    """Return the row of a notice; a large one's bytes are stored already, and swept if the row never comes."""
    identifier, content = str(ULID()), ContentHash(len(raw))
    content.update(raw)
    if len(raw) > BLOB_THRESHOLD:
        body = spool.bodies.create(identifier)
        body.write(raw)
        body.sync()
        body.end(kept=True)
    kept = raw if len(raw) <= BLOB_THRESHOLD else None
    return mail_row(identifier, Envelope(NOTICE, "", (to,)), content.digest(), len(raw), kept, now)
