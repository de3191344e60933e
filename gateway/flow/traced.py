"""What a trace of OpenTelemetry has of a try, once it is recorded: facts and names of steps, no words of others."""

import time

from gateway import telemetry
from gateway.flow.attempt import Attempt
from gateway.model import JobState
from gateway.spool.jobs import Conclusion

_ENDS = (JobState.DONE, JobState.DISCARDED)
_RIGHT = (*_ENDS, JobState.HELD)


def traced(attempt: Attempt, end: Conclusion, now: float) -> None:
    """Add a try that was recorded `now` (Unix time in seconds) to its mail's trace, and at the job's end all of it."""
    if not telemetry.wanted():
        return
    job = attempt.job
    facts: dict[str, str | int] = {
        "kind": job.kind.value,
        "job": job.id,
        "route": job.route,
        "lane": job.lane,
        "state": end.state.value,
        "attempts": end.attempts,
    }
    if end.state is JobState.DONE and end.result:
        facts["result"] = end.result
    trouble = "" if end.state in _RIGHT else end.reason or end.state.value
    telemetry.add(
        telemetry.Work(
            trace=job.subject,
            of=str(job.id),
            name=f"try {job.kind.value}",
            start=now - (time.monotonic() - attempt.leased_at),
            end=now,
            facts=facts,
            steps=[event.step for event in end.events],
            trouble=trouble,
            whole=(job.kind.value, job.created_at) if end.state in _ENDS else None,
        )
    )
