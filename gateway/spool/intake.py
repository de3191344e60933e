"""Taking things in: the changes behind `Spool.accept` and `accept_callback`. Each runs in the writer's transaction."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from sqlalchemy import Connection, bindparam, select

from gateway.model import JobKind, JobState, Receipt
from gateway.spool.arrival import Arrival
from gateway.spool.rows import insert_rows
from gateway.spool.tables import callback, event, job, mail, pause
from gateway.spool.wakeup import announce

# Made once: building a statement costs more than running it.
_KNOWN = select(job.c.identity, job.c.mail_id).where(job.c.identity.in_(bindparam("identities", expanding=True)))
_CALLED = select(callback.c.identity, callback.c.id).where(
    callback.c.identity.in_(bindparam("identities", expanding=True))
)
_PAUSED = select(pause.c.lane)


def errand_lane(route: str) -> str:
    """Name what pauses together when a route's token is refused."""
    return f"route:{route}"


def answer_lane(workspace: str) -> str:
    """Name what pauses together when a workspace's attachment token is refused."""
    return f"workspace:{workspace}"


def accept_mails(connection: Connection, arrivals: Sequence[Arrival]) -> list[Receipt]:
    """Store mails, each with a job for each route and its first event; where every route has it, note the copy."""
    wanted = [arrival.identities() for arrival in arrivals]
    known = _known(connection, [identity for identities in wanted for identity in identities])
    paused = set(connection.scalars(_PAUSED))
    mails: list[dict[str, Any]] = []
    jobs: list[dict[str, Any]] = []
    events: list[dict[str, Any]] = []
    receipts = []
    for arrival, identities in zip(arrivals, wanted, strict=True):
        row, detail = arrival.row, arrival.session()
        copies = {identity: known[identity] for identity in identities if identity in known}
        new = {identity: route for identity, route in identities.items() if identity not in copies}
        receipt = Receipt(row["id"] if new else next(iter(copies.values())), repeat=not new)
        receipts.append(receipt)
        if new:
            mails.append(row)
            jobs += (errand_job(row, identity, route, paused) for identity, route in new.items())
            known |= dict.fromkeys(new, row["id"])
            detail |= {"routes": list(new.values()), "size": row["size"]}
            detail |= (
                {"copy_of": {identities[identity]: original for identity, original in copies.items()}} if copies else {}
            )
        events.append(_event(receipt.id, row["received_at"], "accepted" if new else "copy", detail))
    for table, rows in ((mail, mails), (job, jobs), (event, events)):
        insert_rows(connection, table, rows)
    if jobs:
        announce(connection)
    return receipts


def _known(connection: Connection, identities: list[str]) -> dict[str, str]:
    """Find which identities have a job, and of which mail."""
    return {row[0]: row[1] for row in connection.execute(_KNOWN, {"identities": identities})}


def errand_job(row: dict[str, Any], identity: str, route: str, paused: set[str]) -> dict[str, Any]:
    """Return the row of a mail's job in a route; it is held where the route's lane is among the `paused` ones."""
    new = new_job(JobKind.ERRAND, route, errand_lane(route), paused, row["received_at"])
    return new | {"identity": identity, "mail_id": row["id"]}


class Called(NamedTuple):
    """A callback that came: its row, what its first step tells, and whether there is `work` to do for it."""

    row: dict[str, Any]
    note: dict[str, Any]
    work: bool


def accept_callbacks(connection: Connection, came: Sequence[Called]) -> list[Receipt]:
    """Store callbacks, each with a job if there is work, and with its first step; of one that is known, the repeat."""
    asked = {"identities": [one.row["identity"] for one in came]}
    known: dict[str, str] = {row.identity: row.id for row in connection.execute(_CALLED, asked)}
    paused = set(connection.scalars(_PAUSED))
    new: list[Called] = []
    receipts, events = [], []
    for one in came:
        row = one.row
        repeat = row["identity"] in known
        receipt = Receipt(known.setdefault(row["identity"], row["id"]), repeat)
        receipts.append(receipt)
        new += [] if repeat else [one]
        events.append(_event(receipt.id, row["received_at"], "repeat" if repeat else "callback", one.note))
    insert_rows(connection, callback, [one.row for one in new])
    jobs = [_answer_job(one.row, paused) for one in new if one.work]
    insert_rows(connection, job, jobs)
    insert_rows(connection, event, events)
    if jobs:
        announce(connection)
    return receipts


def _answer_job(row: dict[str, Any], paused: set[str]) -> dict[str, Any]:
    new = new_job(JobKind.ANSWER, "", answer_lane(row["workspace"]), paused, row["received_at"])
    return new | {"callback_id": row["id"]}


def new_job(kind: JobKind, route: str, lane: str, paused: set[str], now: float) -> dict[str, Any]:
    """Return the row of a job, but for what it is for; it is held where its lane is among the `paused` ones."""
    held = lane in paused
    return {
        "kind": kind.value,
        "route": route,
        "lane": lane,
        "state": (JobState.HELD if held else JobState.QUEUED).value,
        "hold": "token" if held else None,
        "attempts": 0,
        "crashes": 0,
        "created_at": now,
        "next_at": now,
        "lease": 0,
        "leased_until": 0.0,
        "keep": False,
        "detail": {},
    }


def _event(subject: str, at: float, step: str, detail: dict[str, Any]) -> dict[str, Any]:
    return {"subject": subject, "at": at, "step": step, "detail": detail}
