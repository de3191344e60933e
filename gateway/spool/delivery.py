"""What became of each recipient of an answer, and the notice that tells of it: recorded with the try that found out.

A recipient's row says in `told` what the agent was told of it, so that nobody is told the same thing twice.
"""

from collections.abc import Callable, Sequence
from enum import StrEnum
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, Table, case, func, literal_column, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.sql.dml import Insert

from gateway.model import Event
from gateway.spool.arrival import Arrival
from gateway.spool.intake import accept_mails
from gateway.spool.prepared import execute_many
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


def note_sent(connection: Connection, rows: Sequence[dict[str, Any]]) -> None:
    """Write what replies and bounces are matched against; of an answer that leaves by and by the last row stays."""
    execute_many(connection, _SENT[connection.dialect.name], rows)


def record_all(connection: Connection, outcomes: Sequence[tuple[Outcome | None, float]]) -> None:
    """Write what several tries found out, each with its time; None is for one that found out nothing.

    A notice becomes a mail of its route, once for what it tells of a recipient.
    """
    news = [(outcome, at) for outcome, at in outcomes if outcome is not None]
    standings = [_row(outcome.answer, standing, at) for outcome, at in news for standing in outcome.standings]
    execute_many(connection, _KEEP[connection.dialect.name], standings)
    steps = [(outcome.answer, at, step) for outcome, at in news for step in outcome.steps]
    insert_rows(
        connection,
        event,
        [{"subject": name, "at": at, "step": one.step, "detail": one.detail} for name, at, one in steps],
    )
    for outcome, _ in news:
        _tell(connection, outcome)


def record(connection: Connection, outcome: Outcome, at: float) -> None:
    """Write what one try found out, as `record_all` does."""
    record_all(connection, [(outcome, at)])


def named(recipient: str) -> str:
    """Return a recipient as its row names it: bounded, since an index cannot hold everything that Cention may send."""
    return recipient[:_LONGEST]


def _row(answer: str, standing: Standing, at: float) -> dict[str, Any]:
    return {
        "callback_id": answer,
        "recipient": named(standing.recipient),
        "state": standing.fate.value,
        "since": at,
        "at": at,
        "smarthost": standing.smarthost,
        "queue_id": standing.queue_id,
        "reply": standing.reply,
        "status": standing.status,
        "told": Told.NOTHING.value,
        "notice_id": None,
        "report_id": standing.report,
    }


def _keeping(insert: Callable[[Table], Any]) -> Insert:
    """Return what writes a recipient's row. What came back by mail stays, though a try recorded late says less."""
    statement = insert(delivery)
    new, old = statement.excluded, delivery.c
    by_smarthost = new.smarthost != literal_column("''")
    final: list[ColumnElement[str]] = [literal_column(f"'{fate.value}'") for fate in (Fate.BOUNCED, Fate.COMPLAINED)]
    changed = {name: new[name] for name in ("state", "at", "reply", "status", "report_id")}
    changed |= {name: case((by_smarthost, new[name]), else_=old[name]) for name in ("smarthost", "queue_id")}
    changed |= {"since": case((old.state == new.state, old.since), else_=new.since)}
    kept: Insert = statement.on_conflict_do_update(
        index_elements=[old.callback_id, old.recipient],
        set_=changed,
        where=or_(old.state.not_in(final), new.state.in_(final)),
    )
    return kept


def _sending(insert: Callable[[Table], Any]) -> Insert:
    statement = insert(sent)
    changed = {column.name: statement.excluded[column.name] for column in sent.c}
    row: Insert = statement.on_conflict_do_update(index_elements=[sent.c.message_id], set_=changed)
    return row


# Made once: building a statement costs more than running it.
_INSERTS: dict[str, Callable[[Table], Any]] = {"sqlite": sqlite.insert, "postgresql": postgresql.insert}
_KEEP = {name: _keeping(insert) for name, insert in _INSERTS.items()}
_SENT = {name: _sending(insert) for name, insert in _INSERTS.items()}


def _tell(connection: Connection, outcome: Outcome) -> None:
    """Mark who was told, and store the notice that is due."""
    if outcome.told is not None:
        _mark(connection, outcome.answer, *outcome.told, None)
    notice = outcome.notice
    if notice is not None and _mark(connection, outcome.answer, notice.told, notice.recipients, notice.row["id"]):
        accept_mails(connection, [Arrival(notice.row, (notice.route,), distinct=True)])
        made = update(job).where(job.c.mail_id == notice.row["id"])
        connection.execute(made.values(detail={"notice": notice.link}))


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
