"""Both roads of an errand joined: the customer's mail, the answers, what came back of them, and our notices of it."""

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import Connection, Select, select

from gateway.model import JobKind
from gateway.spool.tables import callback, delivery, job

_MOST = 500


def joined(connection: Connection, subjects: Sequence[str]) -> list[str]:
    """Return mails and callbacks with all that belongs to their errands, in the order in which they came.

    Of an errand with hundreds of them it is the newest, beside those that were asked for.
    """
    some = list(subjects)[:_MOST]
    about = _answers_told_of(connection, some)
    errands = set(_texts(connection, select(callback.c.errand).where(callback.c.id.in_([*some, *about]))))
    made = select(job.c.result).where(job.c.mail_id.in_(some), job.c.kind == JobKind.ERRAND, job.c.result.is_not(None))
    errands.update(_texts(connection, made))
    mails = select(job.c.mail_id).where(job.c.result.in_(errands), job.c.kind == JobKind.ERRAND)
    answers = list(_texts(connection, _newest(select(callback.c.id).where(callback.c.errand.in_(errands)))))
    told = select(delivery.c.notice_id, delivery.c.report_id).where(delivery.c.callback_id.in_(answers))
    brought = {one for row in connection.execute(told) for one in row if one}
    found = {*some, *answers, *brought, *_texts(connection, mails.order_by(job.c.id.desc()).limit(_MOST))}
    return [*sorted(found), *subjects[_MOST:]]


def _newest(answers: Select[Any]) -> Select[Any]:
    return answers.order_by(callback.c.id.desc()).limit(_MOST)


def _texts(connection: Connection, wanted: Select[Any]) -> Iterable[str]:
    found: Iterable[str | None] = connection.scalars(wanted)
    return (one for one in found if one)


def _answers_told_of(connection: Connection, mails: Sequence[str]) -> list[str]:
    """Return the answers that reports and notices among these mails are about, as their jobs say."""
    details = connection.scalars(select(job.c.detail).where(job.c.mail_id.in_(mails)))
    named = (one.get("answer") or (one.get("notice") or {}).get("answer") for one in details)
    return [one for one in named if one]
