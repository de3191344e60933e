"""Taking things in: the changes behind `Spool.accept` and `accept_callback`. Each runs in the writer's transaction."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, insert, select

from gateway.model import Envelope, JobKind, JobState, Receipt
from gateway.spool.identity import job_identity
from gateway.spool.tables import callback, event, job, mail, pause


def errand_lane(route: str) -> str:
    """Name what pauses together when a route's token is refused."""
    return f"route:{route}"


def answer_lane(workspace: str) -> str:
    """Name what pauses together when a workspace's attachment token is refused."""
    return f"workspace:{workspace}"


def mail_row(
    identifier: str, envelope: Envelope, content_hash: str, size: int, raw: bytes | None, now: float
) -> dict[str, Any]:
    """Return the row of an accepted mail; `raw` is None when the bytes are in the blob of that name."""
    return {
        "id": identifier,
        "received_at": now,
        "source": envelope.source,
        "sender": envelope.sender,
        "recipients": list(envelope.recipients),
        "peer": envelope.peer,
        "helo": envelope.helo,
        "tls": envelope.tls,
        "size": size,
        "content_hash": content_hash,
        "blob": identifier if raw is None else None,
        "raw": raw,
    }


def accept_mail(connection: Connection, row: dict[str, Any], routes: Sequence[str], *, distinct: bool) -> Receipt:
    """Store a mail with a job for each route and its first event; or, where every route has it already, note the copy.

    `distinct` is whether the mail says which one it is: one without Message-ID and Date is never taken for a copy.
    """
    hashed = row["content_hash"] if distinct else row["id"]
    identities = {job_identity(route, hashed): route for route in routes}
    found = connection.execute(select(job.c.identity, job.c.mail_id).where(job.c.identity.in_(identities)))
    known = {identities.pop(identity): original for identity, original in found}
    session = {name: row[name] for name in ("source", "peer", "helo", "tls", "sender", "recipients") if row[name]}
    if not identities:
        original = next(iter(known.values()))
        _note(connection, original, row["received_at"], "copy", session)
        return Receipt(original, repeat=True)
    connection.execute(insert(mail), row)
    paused = set(connection.scalars(select(pause.c.lane)))
    jobs = [
        _job(JobKind.ERRAND, route, errand_lane(route), paused, row["received_at"])
        | {"identity": identity, "mail_id": row["id"]}
        for identity, route in identities.items()
    ]
    connection.execute(insert(job), jobs)
    copies = {"copy_of": known} if known else {}
    _note(
        connection,
        row["id"],
        row["received_at"],
        "accepted",
        session | {"routes": list(identities.values()), "size": row["size"]} | copies,
    )
    return Receipt(row["id"], repeat=False)


def accept_callback(connection: Connection, row: dict[str, Any], note: dict[str, Any], *, work: bool) -> Receipt:
    """Store a callback, and a job for it if there is `work` to do; or, where it is known, note the repeat."""
    known = connection.scalar(select(callback.c.id).where(callback.c.identity == row["identity"]))
    if known is not None:
        _note(connection, known, row["received_at"], "repeat", note)
        return Receipt(known, repeat=True)
    connection.execute(insert(callback), row)
    if work:
        paused = set(connection.scalars(select(pause.c.lane)))
        lane = answer_lane(row["workspace"])
        new = _job(JobKind.ANSWER, "", lane, paused, row["received_at"]) | {"callback_id": row["id"]}
        connection.execute(insert(job), new)
    _note(connection, row["id"], row["received_at"], "callback", note)
    return Receipt(row["id"], repeat=False)


def _job(kind: JobKind, route: str, lane: str, paused: set[str], now: float) -> dict[str, Any]:
    held = lane in paused
    return {
        "kind": kind,
        "route": route,
        "lane": lane,
        "state": JobState.HELD if held else JobState.QUEUED,
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


def _note(connection: Connection, subject: str, at: float, step: str, detail: dict[str, Any]) -> None:
    connection.execute(insert(event), {"subject": subject, "at": at, "step": step, "detail": detail})
