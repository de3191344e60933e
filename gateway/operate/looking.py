"""Looking at jobs and traces, for a person."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection

from gateway.errors import Permanent
from gateway.model import JobState
from gateway.spool import delivery, query, roads, search
from gateway.spool.delivery import Fate
from gateway.spool.search import Page
from gateway.spool.spool import Spool
from gateway.spool.wanted import Search

_SHOWN = 3


def listing(spool: Spool, states: Sequence[str], route: str, most: int) -> list[dict[str, Any]]:
    """List jobs; Permanent for a state that does not exist."""
    known = [state.value for state in JobState]
    if unknown := [state for state in states if state not in known]:
        raise Permanent(f"no such state: {', '.join(unknown)}; there are {', '.join(known)}")
    return spool.read(lambda connection: _with_recipients(connection, query.jobs(connection, states, route, most)))


def found(spool: Spool, wanted: Search, below: int | None, most: int) -> Page:
    """Return a page of what a search finds (`search.page`), with what is known of answers' recipients."""

    def looked(connection: Connection) -> Page:
        page = search.page(connection, wanted, below, most)
        return replace(page, rows=_with_recipients(connection, page.rows))

    return spool.read(looked)


def _with_recipients(connection: Connection, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Give answers' rows what is known of their recipients."""
    answers = [row["callback_id"] for row in rows if "callback_id" in row]
    found = delivery.of_answers(connection, answers)
    return [row | {"deliveries": found[row["callback_id"]]} if row.get("callback_id") in found else row for row in rows]


def cells(row: dict[str, Any]) -> list[str]:
    """Return a job's row for a person: what matters, short."""
    what = f"errand #{row['result']}" if row.get("result") and row["kind"] == "errand" else row.get("error", "")
    if row["keep"] and row["state"] == "done":
        what += ", made without its largest attachments; the whole mail is kept"
    subject = row.get("subject") or (f"answer to #{row['errand']}{_to(row)}" if "errand" in row else "")
    name = row.get("mail_id") or row.get("callback_id", "")
    return [str(row["id"]), row["kind"], row["state"], row["route"], str(row["attempts"]), name, subject, what]


def _to(row: dict[str, Any]) -> str:
    """Name an answer's recipients, those first that have not got it."""
    waiting = sorted(row.get("deliveries", ()), key=lambda one: one["state"] == Fate.SENT)
    names = [one["recipient"] for one in waiting if "recipient" in one]
    return f" for {', '.join(names[:_SHOWN])}{', ...' if len(names) > _SHOWN else ''}" if names else ""


def show(spool: Spool, name: str) -> list[dict[str, Any]]:
    """Return the jobs that a name means; Permanent when there is none."""
    found = spool.read(lambda connection: query.jobs_of(connection, name))
    if not found:
        raise Permanent(f"no job {name}")
    return found


def traces(spool: Spool, name: str) -> list[dict[str, Any]]:
    """Return the traces of all that a name means, and of all that belongs to the same errands, in order of time."""
    found = spool.read(lambda connection: roads.joined(connection, query.subjects(connection, name)))
    told_of = (spool.read(lambda connection, one=one: query.trace(connection, one)) for one in found)  # type: ignore[misc]
    return [one for one in told_of if one is not None]


def raw(spool: Spool, name: str) -> bytes:
    """Return the bytes of the mail that a name means, or the document of the callback; Permanent when there is none."""
    for one in spool.read(lambda connection: query.subjects(connection, name)):
        if spool.read(lambda connection, one=one: delivery.came_from(connection, one)):  # type: ignore[misc]
            return spool.document(one)
        with spool.raw(one) as content:
            return content if isinstance(content, bytes) else content.read_bytes()
    raise Permanent(f"nothing is known of {name}")
