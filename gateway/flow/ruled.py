"""What rules made of a mail, on to its job: set aside, moved to another route, ended, and told in the trace."""

import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection

from gateway.config.settings import Settings
from gateway.errors import Permanent, Reason
from gateway.flow.inbound import Prepared
from gateway.flow.ruling import Arrived
from gateway.flow.surroundings import Surroundings
from gateway.model import CallEnd, Event, Job, JobState
from gateway.route.outcome import Discard, End, Hold
from gateway.spool import earlier
from gateway.spool.jobs import Conclusion
from gateway.spool.spool import Spool


def came_to(job: Job, settings: Settings) -> str:
    """Return the route by which a job's mail came, wherever rules moved it since, if the settings still have it."""
    route: str = job.detail.get("came_to", job.route)
    return route if settings.route_named(route) is not None else job.route


def arrived(job: Job, sender: str, recipients: Sequence[str], around: Surroundings) -> Arrived:
    """Return what rules ask for beside the mail itself; `sender` and `recipients` are the envelope's."""
    route = came_to(job, around.settings)
    return Arrived(
        rules=around.rules,
        route=route,
        reverse_path=sender,
        recipients=tuple(one for one in recipients if around.recipients.match(one) == route) or tuple(recipients),
        further=bool(job.detail.get("further")),
        released=bool(job.detail.get("released")),
    )


def rule_events(prepared: Prepared) -> Iterator[Event]:
    """Tell which rules matched, why, and what they did."""
    for trial in prepared.ruled.matched if prepared.ruled is not None else ():
        did = {"did": list(trial.did)} if trial.did else {}
        yield Event("rule", {"rule": trial.rule, "why": list(trial.why)} | did)


def set_aside(job: Job, prepared: Prepared) -> Conclusion | None:
    """Return what becomes of a job that rules make no errand of here and now; None where it goes on.

    Who releases a held job, or retries a discarded one, means the mail to go on whatever rules say: `released`.
    """
    ruled = prepared.ruled
    if ruled is None:
        return None
    match ruled.disposition:
        case Hold(reason, rule):
            told = {"rule": rule, "reason": reason, "until": "a person releases it"}
            return _without_errand(job, prepared, JobState.HELD, Event("held", told))
        case Discard(reason, rule):
            step = Event("discarded", {"rule": rule, "reason": reason})
            return replace(_without_errand(job, prepared, JobState.DISCARDED, step), also=ruled.also)
    if ruled.route == job.route:
        return None
    return replace(
        _without_errand(job, prepared, JobState.QUEUED, Event("moved", {"from": job.route, "to": ruled.route})),
        error=None,
        route=ruled.route,
        detail={"came_to": job.route} | job.detail,
    )


def afterwards(prepared: Prepared) -> dict[str, Any]:
    """Return what a conclusion has beside its usual: further routes, and the reference that the errand ends by."""
    ruled = prepared.ruled
    if ruled is None:
        return {}
    return {"also": ruled.also, "detail": {"reference": ruled.reference} if ruled.reference else {}}


def _without_errand(job: Job, prepared: Prepared, state: JobState, step: Event) -> Conclusion:
    return Conclusion(
        state,
        events=(*rule_events(prepared), step),
        attempts=job.attempts,
        crashes=job.crashes,
        error=f'rule "{step.detail.get("rule", "")}": {step.detail.get("reason", "")}',
        hold="rule" if state is JobState.HELD else None,
        detail=job.detail | {"released": True},
    )


def ending(job: Job, prepared: Prepared, spool: Spool, settings: Settings) -> CallEnd | None:
    """Return the end of the errand that rules say is over, None for other mails; Permanent where it is not found."""
    end = prepared.ruled.disposition if prepared.ruled is not None else None
    if not isinstance(end, End):
        return None
    errand = end.call.errand_id or spool.read(lambda connection: _earlier(connection, job, prepared, end, settings))
    if not errand:
        raise Permanent(
            f'rule "{end.rule}": there is no errand with reference "{end.reference}", nor in the thread',
            reason=Reason.ERRAND_NOT_FOUND,
        )
    return replace(end.call, errand_id=errand)


def _earlier(connection: Connection, job: Job, prepared: Prepared, end: End, settings: Settings) -> str | None:
    own = settings.route_named(job.route)
    others = [one.name for one in settings.route if own is not None and one.workspace == own.workspace]
    routes = [job.route, *(name for name in others if name != job.route)]
    found = earlier.errand_of_reference(connection, end.reference, routes, time.time()) if end.reference else None
    return found or (earlier.errand_of_thread(connection, prepared.thread, routes) if end.thread else None)
