"""What comes back of an answer by mail: a delivery status, or a complaint. It ends where a smarthost's refusal does.

The answer is found by the envelope sender that it had (VERP), by the Message-ID that the report names or returns, or by
our header in what it returns. Nobody is written to: a report changes the recipients' states and tells the agent.
"""

from collections.abc import Iterator, Sequence
from typing import Any

from gateway.flow import notice
from gateway.flow.account import account
from gateway.flow.inbound import Prepared
from gateway.flow.loop import sign_events
from gateway.flow.surroundings import Surroundings
from gateway.flow.telling import not_told, tell
from gateway.mail.report import Report, ReportedRecipient
from gateway.model import AutoKind, Event, Job, JobState
from gateway.route.tag import Returned, answer_of
from gateway.spool import delivery
from gateway.spool.delivery import Fate, Outcome, Standing, Told
from gateway.spool.jobs import Conclusion
from gateway.spool.spool import Spool

_ACTIONS = {"failed": Fate.BOUNCED, "delayed": Fate.DELAYED}
_SUCCESS = frozenset({"delivered", "relayed", "expanded"})
_LONGEST = 10_000_000
_SOMEBODY = ""


def came_back(
    job: Job, prepared: Prepared, recipients: Sequence[str], spool: Spool, around: Surroundings
) -> Conclusion | None:
    """Return what becomes of a report on an answer of ours; None where the mail is none, or a person lets it go on.

    `recipients` are the envelope's. The job ends with it: what there is to know is in the answer's trace.
    """
    report = prepared.signs.report if prepared.signs is not None else None
    if report is None or report.kind not in {AutoKind.BOUNCE, AutoKind.COMPLAINT} or job.detail.get("released"):
        return None
    if notice.is_ours(report.message_id, around.settings.gateway.hostname):
        return _ended(job, prepared, JobState.DISCARDED, "a notice of our own came back", {})
    returned = next((found for one in recipients if (found := answer_of(one))), None)
    answer = _answer(report, returned, spool, around)
    if answer is None:
        return None
    rows = spool.read(lambda connection: delivery.of_answer(connection, answer))
    standings = tuple(_standings(report, returned, [row["recipient"] for row in rows], job.subject))
    return _concluded(job, prepared, answer, standings, spool, around)


def _answer(report: Report, returned: Returned | None, spool: Spool, around: Surroundings) -> str | None:
    """Find the answer that a report is about, by its callback's id."""
    if returned is not None and spool.read(lambda connection: delivery.came_from(connection, returned.answer)):
        return returned.answer
    if report.message_id:
        found = spool.read(lambda connection: delivery.by_message_id(connection, report.message_id))
        if found is not None:
            return found
    trace, named = report.trace, [one.recipient for one in report.recipients]
    if trace is None or trace.hostname != around.settings.gateway.hostname.lower():
        return None
    return spool.read(lambda connection: delivery.by_errand(connection, trace.errand, named))


def _standings(report: Report, returned: Returned | None, known: Sequence[str], mail: str) -> Iterator[Standing]:
    """Yield what a report says of each recipient, by the name that the answer was sent to."""
    for one in report.recipients or (ReportedRecipient(_SOMEBODY),):
        recipient = _named(one.recipient, returned, known)
        fate = Fate.COMPLAINED if report.kind is AutoKind.COMPLAINT else _ACTIONS.get(one.action, Fate.BOUNCED)
        if one.action in _SUCCESS:
            fate = Fate.SENT
        said = one.diagnostic or (f"{one.action} {one.status}".strip() if one.action else report.feedback)
        yield Standing(recipient, fate, said, one.status, report=mail)


def _named(reported: str, returned: Returned | None, known: Sequence[str]) -> str:
    """Return which of the answer's recipients is meant; who forwards mail reports another address."""
    same = [one for one in known if one.casefold() == reported.casefold()]
    marked = [one for one in known if returned is not None and returned.mark and returned.is_of(one)]
    candidates = same or marked or (known if len(known) == 1 else [reported])
    return candidates[0]


def _concluded(
    job: Job,
    prepared: Prepared,
    answer: str,
    standings: tuple[Standing, ...],
    spool: Spool,
    around: Surroundings,
) -> Conclusion | None:
    """Return the end of the report's job: states, steps in both traces, and a notice of whom none was told of yet."""
    about = account(answer, spool, around, report=_raw(job, spool))
    if about is None:
        return None
    news = tuple(one for one in standings if one.fate is not Fate.SENT)
    steps = tuple(_step(one, job) for one in standings)
    outcome = Outcome(answer, news, steps=steps)
    parks = around.settings.notices.failures == "park" and bool(news)
    due = [] if parks else _due(news, answer, spool)
    told: tuple[Event, ...] = ()
    if due:
        outcome, event = tell(outcome, about, due, spool, around, 0.0)
        outcome, told = outcome._replace(steps=(*steps, event)), (event,)
    state = JobState.PARKED if parks else JobState.DISCARDED
    reason = f"it is about answer {answer} to errand #{about.about.errand}"
    return _ended(job, prepared, state, reason, {"answer": answer}, told, outcome)


def _due(news: Sequence[Standing], answer: str, spool: Spool) -> list[Standing]:
    final = [one for one in news if one.fate is not Fate.DELAYED]
    some, known = (final, {Told.FAILED}) if final else (news, {Told.DELAYED, Told.FAILED})
    return not_told(spool, answer, some, known) if some else []


def _step(one: Standing, job: Job) -> Event:
    word = {Fate.SENT: "arrived", Fate.DELAYED: "delayed", Fate.COMPLAINED: "complaint"}.get(one.fate, "bounced")
    return Event(word, {"recipient": one.recipient, "said": one.reply, "status": one.status, "report": job.subject})


def _raw(job: Job, spool: Spool) -> bytes:
    """Return the report as it came, b"" for one that is too large to be attached."""
    with spool.raw(job.subject) as content:
        if isinstance(content, bytes):
            return content
        return content.read_bytes() if content.stat().st_size <= _LONGEST else b""


def _ended(
    job: Job,
    prepared: Prepared,
    state: JobState,
    reason: str,
    found: dict[str, Any],
    told: tuple[Event, ...] = (),
    outcome: Outcome | None = None,
) -> Conclusion:
    step = Event(state.value, {"by": "report", "reason": reason} | found)
    return Conclusion(
        state,
        events=(*sign_events(prepared), *told, step),
        attempts=job.attempts,
        crashes=job.crashes,
        error=reason,
        detail=job.detail | {"released": True} | found,
        outcome=outcome,
    )
