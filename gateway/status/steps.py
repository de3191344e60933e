"""A trace as a person reads it: of each mail and answer its steps, how each went, and where it stands; pure.

The terminal and the console render these same values, so that both tell the same with the same signs.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from gateway.status.standing import Level

_WRONG = frozenset({"parked", "bounced", "complained", "failed", "not told"})
_WAITS = frozenset({"again later", "held", "ambiguous", "delayed", "too large", "left out", "paused"})
_WAITS |= {"picture left out", "pictures not found", "late result ignored"}
STATES = {"parked": Level.WRONG, "held": Level.WARNING, "queued": Level.WARNING, "working": Level.WARNING}
_FATES = {"sent": Level.OK, "delayed": Level.WARNING}


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that happened: at Unix seconds, how it went, in a word or two, and what belongs to it.

    `details` are names and values as text; the name is "" where the value needs none.
    """

    at: float
    level: Level
    what: str
    details: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Work:
    """A job: its number, kind, route, state, and why it is not done ("" where it is)."""

    id: int
    level: Level
    kind: str
    route: str
    state: str
    why: str


@dataclass(frozen=True, slots=True)
class Recipient:
    """A recipient of an answer, and where that stands since when; `said` is the last reply or report."""

    address: str
    level: Level
    state: str
    since: float
    said: str


@dataclass(frozen=True, slots=True)
class Way:
    """A mail's ("mail") or an answer's ("answer") way. `people` says from whom to whom, `level` how it stands."""

    id: str
    kind: str
    level: Level
    title: str
    people: str
    jobs: tuple[Work, ...]
    recipients: tuple[Recipient, ...]
    steps: tuple[Step, ...]


def ways(traces: Iterable[Mapping[str, Any]]) -> list[Way]:
    """Read traces as `operate.traces` has them, in their order."""
    return [_way(one) for one in traces]


def _way(trace: Mapping[str, Any]) -> Way:
    kind, title, people = _of_mail(trace["mail"]) if "mail" in trace else _of_answer(trace["callback"])
    jobs = tuple(map(_work, trace["jobs"]))
    recipients = tuple(map(_recipient, trace.get("deliveries", ())))
    return Way(
        id=(trace.get("mail") or trace["callback"])["id"],
        kind=kind,
        level=worst([*(one.level for one in jobs), *(one.level for one in recipients)]),
        title=title,
        people=people,
        jobs=jobs,
        recipients=recipients,
        steps=tuple(map(step, trace["events"])),
    )


def worst(levels: Iterable[Level]) -> Level:
    """Return the worst of some levels, `OK` where there are none."""
    return max(levels, key=list(Level).index, default=Level.OK)


def _of_mail(row: Mapping[str, Any]) -> tuple[str, str, str]:
    sender = row.get("from_address") or row["sender"] or "<>"
    return "mail", row.get("subject") or "", f"{sender} → {', '.join(row['recipients'])}"


def _of_answer(row: Mapping[str, Any]) -> tuple[str, str, str]:
    return "answer", f"answer to #{row['errand']}", f"workspace {row['workspace']}"


def _work(row: Mapping[str, Any]) -> Work:
    state = row["state"]
    why = "" if state == "done" else row.get("error") or ""
    if state == "done" and row["kind"] == "errand" and row.get("result"):
        why = f"errand #{row['result']}"
    return Work(row["id"], STATES.get(state, Level.OK), row["kind"], row["route"], state, why)


def _recipient(row: Mapping[str, Any]) -> Recipient:
    by = f"by {row['smarthost']}" if "smarthost" in row else ""
    queued = f"there as {row['queue_id']}" if "queue_id" in row else ""
    said = ", ".join(filter(None, (by, queued, row.get("reply", ""))))
    level = _FATES.get(row["state"], Level.WRONG)
    return Recipient(row.get("recipient", "nobody"), level, row["state"], row["since"], said)


def step(event: Mapping[str, Any]) -> Step:
    """Read a row of the trace: when, step and detail."""
    what, detail = event["step"], event["detail"]
    level = Level.WRONG if what in _WRONG else Level.WARNING if what in _WAITS else Level.OK
    if what == "refused":
        level = Level.WRONG if detail.get("meaning") == "for good" else Level.WARNING
    return Step(event["at"], level, what, tuple(_details(detail)))


def _details(detail: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for name, value in detail.items():
        if text := _text(value):
            yield "" if name == "reason" else name.replace("_", " "), text


def _text(value: object) -> str:
    """Say a value of a step: lists of words with commas, nothing for what is empty, JSON for the rest."""
    if value is None or value in ("", [], {}):
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, Sequence) and all(isinstance(one, str) for one in value):
        return ", ".join(value)
    return json.dumps(value, ensure_ascii=False)
