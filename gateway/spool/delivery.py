"""What became of each recipient of an answer, and the notice that tells of it: recorded with the try that found out.

A recipient's row says in `told` what the agent was told of it, so that nobody is told the same thing twice.
"""

from collections.abc import Sequence
from enum import StrEnum
from typing import Any, NamedTuple

from sqlalchemy import Connection, case, func, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite

from gateway.model import Event
from gateway.spool.arrival import Arrival
from gateway.spool.intake import accept_mails
from gateway.spool.rows import insert_rows
from gateway.spool.tables import callback, delivery, event, job, sent

_LONGEST = 320
_AT_ONCE = 500


class Fate(StrEnum):
    """Where a recipient of an answer stands. The last two come by mail, after a smarthost had taken it."""

    SENT = "sent"
    DELAYED = "delayed"
    FAILED = "failed"
    BOUNCED = "bounced"
    COMPLAINED = "complained"


class Told(StrEnum):
    """What was told of a recipient; the later word outranks the one before."""

    NOTHING = ""
    DELAYED = "delayed"
    FAILED = "failed"


class Standing(NamedTuple):
    """A recipient and what is known of it: the last reply, or what a report said, with its enhanced status.

    `report` is the id of the mail that brought the news, None where a smarthost did.
    """

    recipient: str
    fate: Fate
    reply: str = ""
    status: str = ""
    smarthost: str = ""
    queue_id: str = ""
    report: str | None = None


class Notice(NamedTuple):
    """A mail of ours that tells the agent: its row, its route, what its errand is linked by, of whom it tells what."""

    row: dict[str, Any]
    route: str
    link: dict[str, Any]
    told: Told
    recipients: tuple[str, ...]


class Outcome(NamedTuple):
    """What is new of an answer's recipients, and whom to tell; `told` marks those that were told by another way.

    `steps` are for the answer's trace, where the news came with a mail that has a trace of its own.
    """

    answer: str
    standings: tuple[Standing, ...] = ()
    notice: Notice | None = None
    told: tuple[Told, tuple[str, ...]] | None = None
    steps: tuple[Event, ...] = ()


def record_all(connection: Connection, outcomes: Sequence[tuple[Outcome | None, float]]) -> None:
    """Write what several tries found out, each with its time; None is for one that found out nothing."""
    for outcome, at in outcomes:
        if outcome is not None:
            record(connection, outcome, at)


def record(connection: Connection, outcome: Outcome, at: float) -> None:
    """Write what is new. A notice becomes a mail of its route, once for what it tells of a recipient."""
    for standing in outcome.standings:
        _upsert(connection, outcome.answer, standing, at)
    steps = [{"subject": outcome.answer, "at": at, "step": one.step, "detail": one.detail} for one in outcome.steps]
    insert_rows(connection, event, steps)
    if outcome.told is not None:
        _mark(connection, outcome.answer, *outcome.told, None)
    notice = outcome.notice
    if notice is not None and _mark(connection, outcome.answer, notice.told, notice.recipients, notice.row["id"]):
        accept_mails(connection, [Arrival(notice.row, (notice.route,), distinct=True)])
        made = update(job).where(job.c.mail_id == notice.row["id"])
        connection.execute(made.values(detail={"notice": notice.link}))


def named(recipient: str) -> str:
    """Return a recipient as its row names it: bounded, since an index cannot hold everything that Cention may send."""
    return recipient[:_LONGEST]


def _upsert(connection: Connection, answer: str, standing: Standing, at: float) -> None:
    """Write a recipient's row. What came back by mail stays, though a try that is recorded late says less."""
    dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
    news = {
        "state": standing.fate.value,
        "at": at,
        "reply": standing.reply,
        "status": standing.status,
        "report_id": standing.report,
    }
    left = {"smarthost": standing.smarthost, "queue_id": standing.queue_id}
    key = {"callback_id": answer, "recipient": named(standing.recipient)}
    new = dialect.insert(delivery).values(key | news | left | {"since": at, "told": Told.NOTHING.value})
    same = delivery.c.state == new.excluded.state
    changed = news | (left if standing.smarthost else {}) | {"since": case((same, delivery.c.since), else_=at)}
    final = (Fate.BOUNCED.value, Fate.COMPLAINED.value)
    allowed = or_(delivery.c.state.not_in(final), new.excluded.state.in_(final))
    connection.execute(
        new.on_conflict_do_update(
            index_elements=[delivery.c.callback_id, delivery.c.recipient], set_=changed, where=allowed
        )
    )


def _mark(connection: Connection, answer: str, told: Told, recipients: Sequence[str], notice: str | None) -> bool:
    """Note what is told of recipients; return whether it is news of any of them."""
    outranked = (Told.NOTHING.value,) if told is Told.DELAYED else (Told.NOTHING.value, Told.DELAYED.value)
    wanted = update(delivery).where(
        delivery.c.callback_id == answer,
        delivery.c.recipient.in_([named(one) for one in recipients]),
        delivery.c.told.in_(outranked),
    )
    return connection.execute(wanted.values(told=told.value, notice_id=notice)).rowcount > 0


def of_answers(connection: Connection, answers: Sequence[str]) -> dict[str, list[dict[str, Any]]]:
    """Return the recipients' rows of each of these answers, by its id."""
    found: dict[str, list[dict[str, Any]]] = {}
    for start in range(0, len(answers), _AT_ONCE):
        some = answers[start : start + _AT_ONCE]
        wanted = select(delivery).where(delivery.c.callback_id.in_(some)).order_by(delivery.c.recipient)
        for row in connection.execute(wanted).mappings():
            found.setdefault(row["callback_id"], []).append({name: value for name, value in row.items() if value})
    return found


def of_answer(connection: Connection, answer: str) -> list[dict[str, Any]]:
    """Return the recipients' rows of an answer; what is empty is left out."""
    return of_answers(connection, [answer]).get(answer, [])


def by_message_id(connection: Connection, message_id: str) -> str | None:
    """Return the answer that left with this Message-ID."""
    found: str | None = connection.scalar(select(sent.c.callback_id).where(sent.c.message_id == message_id))
    return found


def by_errand(connection: Connection, errand: str, recipients: Sequence[str]) -> str | None:
    """Return the newest answer to an errand that was for one of these recipients; letter case does not matter."""
    wanted = (
        select(delivery.c.callback_id)
        .join(callback, callback.c.id == delivery.c.callback_id)
        .where(callback.c.errand == errand)
        .where(func.lower(delivery.c.recipient).in_([one.lower() for one in recipients]))
        .order_by(delivery.c.callback_id.desc())
        .limit(1)
    )
    found: str | None = connection.scalar(wanted)
    return found


def came_from(connection: Connection, answer: str) -> tuple[str, str] | None:
    """Return the workspace and the errand of an answer; None where we do not have it (any more)."""
    row = connection.execute(select(callback.c.workspace, callback.c.errand).where(callback.c.id == answer)).first()
    return (row.workspace, row.errand) if row is not None else None
