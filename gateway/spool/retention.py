"""Forgetting what is finished, in small steps: done and discarded only, never what waits for a person (rule 4).

First the content goes, and the steps of its trace; what answers are threaded by (Message-ID, errand) stays for longer.
"""

from dataclasses import dataclass

from sqlalchemy import ColumnElement, Connection, delete, exists, or_, select, update

from gateway.model import JobState
from gateway.spool.tables import callback, event, job, mail, sent

_PENDING = job.c.state.not_in((JobState.DONE, JobState.DISCARDED)) | job.c.keep


@dataclass(frozen=True, slots=True)
class Forgotten:
    """What one step removed: so many rows or contents, and the names of bodies that may be deleted now."""

    count: int
    blobs: tuple[str, ...]


def forget_content(connection: Connection, before: float, most: int) -> Forgotten:
    """Remove content and steps of up to `most` mails, and as many callbacks, that came before and are finished."""
    there = or_(mail.c.raw.is_not(None), mail.c.blob.is_not(None))
    old = select(mail.c.id, mail.c.blob).where(
        mail.c.received_at < before, there, ~exists().where(_of_mail(), _PENDING)
    )
    mails = list(connection.execute(old.limit(most)))
    calls = select(callback.c.id).where(callback.c.received_at < before, callback.c.document.is_not(None))
    callbacks = list(connection.scalars(calls.where(~exists().where(_of_callback(), _PENDING)).limit(most)))
    ids = [row.id for row in mails]
    connection.execute(update(mail).where(mail.c.id.in_(ids)).values(raw=None, blob=None))
    connection.execute(update(callback).where(callback.c.id.in_(callbacks)).values(document=None))
    connection.execute(delete(event).where(event.c.subject.in_(ids + callbacks)))
    return Forgotten(len(ids) + len(callbacks), tuple(row.blob for row in mails if row.blob))


def forget_rows(connection: Connection, before: float, most: int) -> Forgotten:
    """Remove up to `most` mails, and as many callbacks, that came before, whose content is gone."""
    gone = mail.c.raw.is_(None) & mail.c.blob.is_(None) & (mail.c.received_at < before)
    mails = list(connection.scalars(select(mail.c.id).where(gone, ~exists().where(_of_mail(), _PENDING)).limit(most)))
    old = callback.c.document.is_(None) & (callback.c.received_at < before)
    calls = select(callback.c.id).where(old, ~exists().where(_of_callback(), _PENDING)).limit(most)
    callbacks = list(connection.scalars(calls))
    connection.execute(delete(mail).where(mail.c.id.in_(mails)))
    connection.execute(delete(sent).where(sent.c.callback_id.in_(callbacks)))
    connection.execute(delete(callback).where(callback.c.id.in_(callbacks)))
    return Forgotten(len(mails) + len(callbacks), ())


def _of_mail() -> ColumnElement[bool]:
    return job.c.mail_id == mail.c.id


def _of_callback() -> ColumnElement[bool]:
    return job.c.callback_id == callback.c.id
