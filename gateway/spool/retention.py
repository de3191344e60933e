"""Forgetting what is finished, in small steps: done and discarded only, never what waits for a person (rule 4).

First the content goes, and the steps of its trace; what answers are threaded by (Message-ID, errand) stays for longer.
"""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Column, ColumnElement, Connection, Select, Table, delete, exists, select, update

from gateway.model import JobState
from gateway.spool import audit
from gateway.spool.tables import (
    callback,
    callback_gone,
    callback_there,
    delivery,
    event,
    job,
    mail,
    mail_gone,
    mail_there,
    sent,
)

_PENDING = job.c.state.not_in((JobState.DONE, JobState.DISCARDED)) | job.c.keep


@dataclass(frozen=True, slots=True)
class Forgotten:
    """What one step removed: so many rows or contents, and the names of bodies that may be deleted now."""

    count: int
    blobs: tuple[str, ...]


def forget(connection: Connection, content_before: float, rows_before: float, most: int) -> Forgotten:
    """Take one step of both."""
    content = forget_content(connection, content_before, most)
    rows = forget_rows(connection, rows_before, most)
    acts = audit.forget(connection, rows_before, most)
    return Forgotten(content.count + rows.count + acts, content.blobs)


def forget_content(connection: Connection, before: float, most: int) -> Forgotten:
    """Remove content and steps of up to `most` mails, and as many callbacks, that came before and are finished."""
    old = select(mail.c.id, mail.c.blob).where(mail.c.received_at < before, mail_there, _finished(job.c.mail_id, mail))
    mails = list(connection.execute(_oldest(old, mail, most)))
    ids = [row.id for row in mails]
    calls = select(callback.c.id).where(callback.c.received_at < before, callback_there)
    calls = calls.where(_finished(job.c.callback_id, callback))
    callbacks = list(connection.scalars(_oldest(calls, callback, most)))
    if ids:
        connection.execute(update(mail).where(mail.c.id.in_(ids)).values(raw=None, blob=None))
    if callbacks:
        connection.execute(update(callback).where(callback.c.id.in_(callbacks)).values(document=None))
    _forget_steps(connection, ids + callbacks)
    return Forgotten(len(ids) + len(callbacks), tuple(row.blob for row in mails if row.blob))


def forget_rows(connection: Connection, before: float, most: int) -> Forgotten:
    """Remove up to `most` mails, and as many callbacks, that came before, whose content is gone."""
    old = select(mail.c.id).where(mail.c.received_at < before, mail_gone, _finished(job.c.mail_id, mail))
    mails = list(connection.scalars(_oldest(old, mail, most)))
    calls = select(callback.c.id).where(callback.c.received_at < before, callback_gone)
    calls = calls.where(_finished(job.c.callback_id, callback))
    callbacks = list(connection.scalars(_oldest(calls, callback, most)))
    if mails:
        connection.execute(delete(mail).where(mail.c.id.in_(mails)))
    if callbacks:
        connection.execute(delete(sent).where(sent.c.callback_id.in_(callbacks)))
        connection.execute(delete(delivery).where(delivery.c.callback_id.in_(callbacks)))
        connection.execute(delete(callback).where(callback.c.id.in_(callbacks)))
    _forget_steps(connection, mails + callbacks)
    return Forgotten(len(mails) + len(callbacks), ())


def _oldest(old: Select[Any], table: Table, most: int) -> Select[Any]:
    """Bound a step. It is the order that makes PostgreSQL go by the index, and look at no more than it takes.

    What another node forgets just now is its own: the two neither wait for one another, nor do it twice.
    """
    return old.order_by(table.c.received_at).limit(most).with_for_update(of=table, skip_locked=True)


def _forget_steps(connection: Connection, subjects: list[str]) -> None:
    if subjects:
        connection.execute(delete(event).where(event.c.subject.in_(subjects)))


def _finished(subject: Column[Any], table: Table) -> ColumnElement[bool]:
    return ~exists().where(subject == table.c.id, _PENDING)
