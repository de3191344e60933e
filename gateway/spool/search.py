"""Finding jobs by a search (`wanted`): newest first, page by page, in a time that hardly grows with the spool.

What was read is found by its words (`index`). What waits to be read for the first time has none yet: the newest of it
is looked through by its envelope.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, and_, false, func, or_, select, text
from ulid import ULID

from gateway.model import JobKind
from gateway.spool.match import match
from gateway.spool.query import listed
from gateway.spool.tables import callback, job, mail, sent
from gateway.spool.tokens import tokens
from gateway.spool.wanted import WAITING, Search, Term, states

_NEWEST = 5_000
_UNREAD = 2_000
_FEW = 20_000
_UNKNOWN = {
    "sqlite": "NOT EXISTS (SELECT 1 FROM finding WHERE finding.rowid = job.id)",
    "postgresql": "NOT EXISTS (SELECT 1 FROM finding WHERE finding.job = job.id)",
}
_WORDS = frozenset({"", "from", "to", "subject"})


@dataclass(frozen=True, slots=True)
class Page:
    """Rows as `query.jobs` has them, newest first; `below` is where the next page begins, None at the end."""

    rows: list[dict[str, Any]]
    below: int | None


def page(connection: Connection, search: Search, below: int | None, most: int) -> Page:
    """Return up to `most` jobs that are older than the job `below` (None: the newest)."""
    ids = find(connection, search, below, most + 1)
    return Page(listed(connection, ids[:most]), ids[most - 1] if len(ids) > most else None)


def count(connection: Connection, search: Search, most: int = 10_000) -> int:
    """Count what is found, up to `most`."""
    return len(find(connection, search, None, most))


def find(connection: Connection, search: Search, below: int | None, most: int) -> list[int]:
    """Return the numbers of jobs, newest first, up to `most` below a number."""
    top = below if below is not None else (connection.scalar(select(func.max(job.c.id))) or 0) + 1
    found = set(_read(connection, search, top, most))
    if match(search.terms).all:
        found.update(_unread(connection, search, top))
    return sorted(found, reverse=True)[:most]


def _read(connection: Connection, search: Search, top: int, most: int) -> list[int]:
    """Look among the newest first, which is enough for most searches, then by index for what is rare."""
    wanted, words, dialect = _selected(search), match(search.terms), connection.dialect.name
    newest = words.by_rows(wanted.where(job.c.id < top, job.c.id >= top - _NEWEST), dialect)
    found: list[int] = list(connection.scalars(newest.order_by(job.c.id.desc()).limit(most)))
    if len(found) == most or top <= _NEWEST:
        return found
    low, high = _bounds(connection, search)
    older = wanted.where(job.c.id < top - _NEWEST, job.c.id >= low, job.c.id <= high)
    older = words.by_rows(older, dialect) if _few(connection, search) else words.by_index(older, dialect)
    return found + list(connection.scalars(older.order_by(job.c.id.desc()).limit(most - len(found))))


def _few(connection: Connection, search: Search) -> bool:
    """Whether the rows alone leave so few jobs that the words of each can be looked at."""
    terms = [term for term in search.terms if not term.negated]
    if any(term.key in {"errand", "message-id"} for term in terms):
        return True
    wanted = [states(term) for term in terms if term.key == "state"]
    return any(_at_most(connection, _FEW, job.c.state.in_(one)) for one in wanted)


def _at_most(connection: Connection, most: int, condition: ColumnElement[bool]) -> bool:
    some = select(job.c.id).where(condition).limit(most + 1).subquery()
    return (connection.scalar(select(func.count()).select_from(some)) or 0) <= most


def _selected(search: Search) -> Select[Any]:
    conditions = [_condition(term) for term in search.terms if term.key not in _WORDS]
    wanted: Select[Any] = select(job.c.id).where(*(one for one in conditions if one is not None))
    if any(term.key in _OF_MAIL for term in search.terms):
        wanted = wanted.outerjoin(mail, job.c.mail_id == mail.c.id)
    return wanted


def _condition(term: Term) -> ColumnElement[bool] | None:
    if term.key not in _CONDITIONS:
        return None
    found = _CONDITIONS[term.key](term)
    return ~func.coalesce(found, false()) if term.negated else found


def _kind(term: Term) -> ColumnElement[bool]:
    wanted = str(term.value).split(",")
    return or_(job.c.kind.in_(wanted), mail.c.kind.in_(wanted))


def _errand(term: Term) -> ColumnElement[bool]:
    made = and_(job.c.kind == JobKind.ERRAND, job.c.result == term.value)
    return or_(made, job.c.callback_id.in_(select(callback.c.id).where(callback.c.errand == term.value)))


def _message_id(term: Term) -> ColumnElement[bool]:
    bare = str(term.value).strip("<>")
    names = (str(term.value), f"<{bare}>")
    return or_(
        job.c.mail_id.in_(select(mail.c.id).where(mail.c.message_id.in_(names))),
        job.c.callback_id.in_(select(sent.c.callback_id).where(sent.c.message_id.in_(names))),
    )


def _first(at: float) -> str:
    """Return the id that a mail or callback of that time would have at least."""
    return str(ULID.from_timestamp(min(max(at, 0.0), 2.0**47 / 1000)))[:10]


_came = func.coalesce(job.c.mail_id, job.c.callback_id)
_OF_MAIL = frozenset({"larger", "smaller", "source", "kind"})
_CONDITIONS: Mapping[str, Callable[[Term], ColumnElement[bool]]] = {
    "errand": _errand,
    "state": lambda term: job.c.state.in_(states(term)),
    "route": lambda term: job.c.route == term.value,
    "before": lambda term: _came < _first(float(term.value)),
    "after": lambda term: _came >= _first(float(term.value)),
    "larger": lambda term: mail.c.size >= term.value,
    "smaller": lambda term: mail.c.size < term.value,
    "message-id": _message_id,
    "kind": _kind,
    "source": lambda term: mail.c.source == term.value,
}


def _bounds(connection: Connection, search: Search) -> tuple[int, int]:
    """Return between which numbers the jobs of the asked time are: their order is nearly that of time."""
    low, high = 0, 2**62
    for term in search.terms:
        if term.key in {"before", "after"} and not term.negated:
            first, last = _span(connection, term)
            low, high = max(low, first), min(high, last)
    return low, high


def _span(connection: Connection, term: Term) -> tuple[int, int]:
    edge, found = _first(float(term.value)), []
    for name in (job.c.mail_id, job.c.callback_id):
        there = name < edge if term.key == "before" else name >= edge
        found += [connection.execute(select(func.min(job.c.id), func.max(job.c.id)).where(there)).one()]
    return min((row[0] for row in found if row[0]), default=1), max((row[1] for row in found if row[1]), default=0)


def _unread(connection: Connection, search: Search, top: int) -> list[int]:
    """Look through the newest mails that nobody has read yet, by what SMTP said of them."""
    plain = [_condition(term) for term in search.terms if term.key not in _WORDS]
    waiting = (
        select(job.c.id, mail.c.sender, mail.c.recipients)
        .join(mail, job.c.mail_id == mail.c.id)
        .where(job.c.state.in_(WAITING), job.c.id < top, text(_UNKNOWN[connection.dialect.name]))
        .where(*(one for one in plain if one is not None))
        .order_by(job.c.id.desc())
        .limit(_UNREAD)
    )
    rows = connection.execute(waiting)
    return [row.id for row in rows if all(_holds(term, row.sender, row.recipients) for term in search.terms)]


def _holds(term: Term, sender: str, recipients: list[str]) -> bool:
    if term.key not in _WORDS:
        return term.key != "has" or term.negated
    fields = {"from": [sender], "to": recipients, "": [sender, *recipients], "subject": []}[term.key]
    wanted = tokens(str(term.value), 20)
    return any(_begins(tokens(field), wanted) for field in fields) != term.negated


def _begins(words: list[str], wanted: list[str]) -> bool:
    """Whether the wanted words stand in a row, the last one at least begun."""
    spans = (words[start : start + len(wanted)] for start in range(len(words) - len(wanted) + 1))
    return any(span[:-1] == wanted[:-1] and span[-1].startswith(wanted[-1]) for span in spans)
