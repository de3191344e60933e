"""What the metrics learn of a try once it is recorded. All labels are words of ours or of the settings."""

from prometheus_client import Counter, Histogram

from gateway import metrics
from gateway.flow.attempt import Attempt
from gateway.flow.surroundings import Surroundings
from gateway.model import JobKind, JobState
from gateway.spool.delivery import Outcome
from gateway.spool.jobs import Conclusion

OTHER = "other"
"""The label of what is in no settings any more, such as the route of a mail that waited while it was removed."""
_REPORT = "report"
_AGAIN = "again"


def count(attempt: Attempt, end: Conclusion, now: float) -> None:
    """Count a try that was recorded `now` (Unix time in seconds)."""
    job, around = attempt.job, attempt.around
    metrics.tries.labels(job.kind, end.state).inc()
    name, took = job.lane.partition(":")[2], max(0.0, now - job.created_at)
    if end.state is JobState.PARKED:
        metrics.parked.labels(end.reason or OTHER).inc()
    if end.outcome is not None:
        _count_recipients(end.outcome, around)
    if job.kind is JobKind.ERRAND:
        known = around.settings.route_named(name) is not None
        _count_one(metrics.errands, metrics.errand_seconds, name if known else OTHER, end.state, took)
    elif job.kind is JobKind.ANSWER:
        known = name in around.settings.cention
        _count_one(metrics.answers, metrics.answer_seconds, name if known else OTHER, end.state, took)


def _count_one(outcomes: Counter, seconds: Histogram, label: str, state: JobState, took: float) -> None:
    outcomes.labels(label, _AGAIN if state is JobState.QUEUED else state.value).inc()
    if state is JobState.DONE:
        seconds.labels(label).observe(took)


def _count_recipients(outcome: Outcome, around: Surroundings) -> None:
    """Count what became of recipients: by the smarthost that said so, or as a report that came by mail."""
    known = {one.address for one in around.smarthosts}
    for one in outcome.standings:
        label = one.smarthost if one.smarthost in known else OTHER if one.smarthost else _REPORT
        metrics.recipients.labels(label, one.fate).inc()
