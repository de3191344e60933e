"""What mails belong to: errands of the mails and answers that they name, and how many were like them of late.

All of it is asked for several mails at once, and every look goes by an index.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from sqlalchemy import ColumnElement, Connection, bindparam, func, select, union_all

from gateway.model import JobKind, JobState, Thread
from gateway.spool.tables import job, mail, sent

LOOP = "loop"
"""What the column `hold` says of a mail that is held because too many were like it."""

_MAILS = (
    select(mail.c.message_id, job.c.result.label("errand"))
    .join(job, job.c.mail_id == mail.c.id)
    .where(mail.c.message_id.in_(bindparam("names", expanding=True)), job.c.kind == JobKind.ERRAND)
    .where(job.c.result.is_not(None), job.c.route.in_(bindparam("routes", expanding=True)))
    .order_by(job.c.id)
)
_ANSWERS = select(sent.c.message_id, sent.c.errand).where(
    sent.c.message_id.in_(bindparam("names", expanding=True)), sent.c.route.in_(bindparam("routes", expanding=True))
)
_KNOWN = union_all(
    select(job.c.result).where(
        job.c.result.in_(bindparam("errands", expanding=True)),
        job.c.kind == JobKind.ERRAND,
        job.c.route.in_(bindparam("routes", expanding=True)),
    ),
    select(sent.c.errand).where(
        sent.c.errand.in_(bindparam("errands", expanding=True)),
        sent.c.route.in_(bindparam("routes", expanding=True)),
    ),
)
_ALIKE = (
    select(mail.c.alike, func.count())
    .where(mail.c.alike.in_(bindparam("alike", expanding=True)), mail.c.received_at > bindparam("since"))
    .group_by(mail.c.alike)
)
_HELD: ColumnElement[bool] = (job.c.state == JobState.HELD) & (job.c.hold == LOOP)


class Clues(NamedTuple):
    """What a mail names: Message-IDs, oldest first; an errand by its number, "" for none, and where that stands."""

    references: tuple[str, ...]
    errand: str = ""
    named_by: str = ""


def threads(connection: Connection, mails: Sequence[Clues], routes: Sequence[str]) -> list[Thread | None]:
    """Find what each mail belongs to, among the errands and answers of these routes."""
    errands = errands_of(connection, {name for one in mails for name in one.references}, routes)
    named = {one.errand for one in mails if one.errand and not any(name in errands for name in one.references)}
    known = set(connection.scalars(_KNOWN, {"errands": list(named), "routes": routes})) if named else set()
    return [_thread(one, errands, known) for one in mails]


def errands_of(connection: Connection, message_ids: Iterable[str], routes: Sequence[str]) -> dict[str, str]:
    """Return the errands that mails with these Message-IDs made in the routes, or that our own ones answered."""
    asked = {"names": list(message_ids), "routes": list(routes)}
    if not asked["names"]:
        return {}
    return {name: errand for query in (_ANSWERS, _MAILS) for name, errand in connection.execute(query, asked)}


def alike_since(connection: Connection, alike: Sequence[int], since: float) -> Mapping[int, int]:
    """Count the mails that came after a time, for each value of `mail.alike`; one that is not there has none."""
    rows = connection.execute(_ALIKE, {"alike": list(alike), "since": since})
    return {row[0]: row[1] for row in rows}


def held_alike(connection: Connection, alike: int) -> int:
    """Count the mails of a kind that are held because there are too many of them."""
    held = select(func.count()).select_from(job).join(mail, job.c.mail_id == mail.c.id).where(mail.c.alike == alike)
    return connection.scalar(held.where(_HELD)) or 0


def held_in_loops(connection: Connection) -> list[tuple[str, str, int]]:
    """List what is held because too many were alike: a writer, a subject, and how many; the twenty with most."""
    count = func.count().label("count")
    facts = select(func.min(mail.c.from_address), func.min(mail.c.subject), count)
    held = facts.join(job, job.c.mail_id == mail.c.id).where(_HELD).group_by(mail.c.alike)
    rows = connection.execute(held.order_by(count.desc()).limit(20))
    return [(writer or "", subject or "", number) for writer, subject, number in rows]


def _thread(clues: Clues, errands: Mapping[str, str], known: set[str]) -> Thread | None:
    """Take the latest mail of the thread that is known, else what address or subject names, if that errand is ours."""
    history = tuple(dict.fromkeys(errands[name] for name in clues.references if name in errands))
    if history:
        last = next(errands[name] for name in reversed(clues.references) if name in errands)
        return Thread(last, history, "references")
    return Thread(clues.errand, (clues.errand,), clues.named_by) if clues.errand in known else None
