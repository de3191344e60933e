"""Writing what jobs are found by: a row of words for each, by the worker's conclusions, never while accepting.

On SQLite `finding` is a table of FTS5, on PostgreSQL one with a `tsvector` and a GIN index. The words are ours
(`tokens`), so that both find the same.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, RowMapping, bindparam, func, select, text, update

from gateway.spool.tables import callback, job, mail, unindexed
from gateway.spool.tokens import tokens

_MOST = 500
_LONG = 200
COLUMNS = ("subject", "sender", "recipients", "rest", "traits")
_FACTS = (
    select(
        *(job.c.id, job.c.kind, job.c.route, job.c.result),
        *(mail.c.source, mail.c.sender, mail.c.recipients, mail.c.size),
        *(mail.c.message_id, mail.c.subject, mail.c.from_address, mail.c.kind.label("writer")),
        *(callback.c.errand, callback.c.workspace),
    )
    .outerjoin(mail, job.c.mail_id == mail.c.id)
    .outerjoin(callback, job.c.callback_id == callback.c.id)
    .where(job.c.id.in_(bindparam("ids", expanding=True)))
)
_KNOWN = {
    "sqlite": text("SELECT rowid FROM finding WHERE rowid IN (SELECT value FROM json_each(:ids))"),
    "postgresql": text("SELECT job FROM finding WHERE job = ANY(:ids)"),
}
_REMOVE = {
    "sqlite": text("DELETE FROM finding WHERE rowid = :job"),
    "postgresql": text("DELETE FROM finding WHERE job = :job"),
}
_ADD = {
    "sqlite": text(
        "INSERT INTO finding (rowid, subject, sender, recipients, rest, traits) "
        "VALUES (:job, :subject, :sender, :recipients, :rest, :traits)"
    ),
    "postgresql": text(
        "INSERT INTO finding (job, words) VALUES (:job, "
        "setweight(to_tsvector('simple', :subject), 'A') || setweight(to_tsvector('simple', :sender), 'B') || "
        "setweight(to_tsvector('simple', :recipients), 'C') || to_tsvector('simple', :rest) || "
        "to_tsvector('simple', :traits)) ON CONFLICT (job) DO NOTHING"
    ),
}


@dataclass(frozen=True, slots=True)
class Words:
    """What reading a mail or an answer taught that its rows do not have: text that people look for.

    `sender` and `recipients` are names and addresses.
    """

    subject: str = ""
    sender: str = ""
    recipients: tuple[str, ...] = ()
    attachments: int = 0


def fill(connection: Connection, most: int) -> bool:
    """Have jobs be found that were there before there was an index, the newest first; whether any are left.

    While another node is at it there is nothing to do here, and nothing to wait for.
    """
    if not connection.scalar(select(unindexed.c.top)):
        return False
    top = connection.scalar(select(unindexed.c.top).with_for_update(skip_locked=True))
    if not top:
        return True
    ids = list(connection.scalars(select(job.c.id).where(job.c.id <= top).order_by(job.c.id.desc()).limit(most)))
    add(connection, dict.fromkeys(ids))
    connection.execute(update(unindexed).values(top=min(ids, default=1) - 1))
    return bool(ids)


def begin_again(connection: Connection) -> None:
    """Have `fill` go through all jobs: rows were put in that the index does not know."""
    last = select(func.coalesce(func.max(job.c.id), 0)).scalar_subquery()
    connection.execute(update(unindexed).values(top=last))


def add(connection: Connection, learned: Mapping[int, Words | None]) -> None:
    """Have jobs be found: those that are not yet, and those of which more was learned now (not None)."""
    if not learned:
        return
    known = _known(connection, list(learned))
    wanted = [number for number, words in learned.items() if words is not None or number not in known]
    if not wanted:
        return
    facts = connection.execute(_FACTS, {"ids": wanted}).mappings()
    rows = [_row(fact, learned[fact["id"]] or Words()) for fact in facts]
    dialect = connection.dialect.name
    if again := [{"job": row["job"]} for row in rows if row["job"] in known]:
        connection.execute(_REMOVE[dialect], again)
    if rows:
        connection.execute(_ADD[dialect], rows)


def _known(connection: Connection, ids: Sequence[int]) -> set[int]:
    asked: Any = list(ids) if connection.dialect.name == "postgresql" else f"[{','.join(map(str, ids))}]"
    return set(connection.scalars(_KNOWN[connection.dialect.name], {"ids": asked}))


def _row(fact: RowMapping, words: Words) -> dict[str, Any]:
    recipients = [*(fact["recipients"] or ()), *words.recipients][:_LONG]
    return {
        "job": fact["id"],
        "subject": _text(words.subject or fact["subject"] or ""),
        "sender": _text(f"{words.sender} {fact['from_address'] or ''} {fact['sender'] or ''}"),
        "recipients": _text(" ".join(dict.fromkeys(recipients))),
        "rest": _text(f"{fact['message_id'] or ''} {fact['errand'] or fact['result'] or ''}"),
        "traits": " ".join(_traits(fact, words)),
    }


def _text(said: str) -> str:
    return " ".join(dict.fromkeys(tokens(said, _MOST))) if len(said) > _MOST else " ".join(tokens(said, _MOST))


def _traits(fact: RowMapping, words: Words) -> list[str]:
    """Return what a job is, as words that nobody writes."""
    found = [trait("kind", fact["kind"]), trait("route", fact["route"])]
    found += [trait("kind", fact["writer"])] if fact["writer"] else []
    found += [trait("has", "attachment")] if words.attachments else []
    found += [trait("source", fact["source"])] if fact["source"] else []
    found += [trait("size", str(int(fact["size"]).bit_length()))] if fact["size"] else []
    return found


def trait(key: str, value: str) -> str:
    """Return the word for a fixed property. Different values may share one: who asks looks at the rows as well."""
    return f"zz{key}{''.join(tokens(value, 10))}"[:60]
