"""Forgetting what is finished, in small steps: done and discarded only, never what waits for a person (rule 4)."""

from dataclasses import dataclass

from sqlalchemy import Connection, delete, exists, select

from gateway.model import JobState
from gateway.spool.tables import callback, event, job, mail, sent

_FINISHED = (JobState.DONE, JobState.DISCARDED)


@dataclass(frozen=True, slots=True)
class Forgotten:
    """What one step removed: rows, and the names of bodies that may be deleted now."""

    rows: int
    blobs: tuple[str, ...]


def forget(connection: Connection, before: float, most: int) -> Forgotten:
    """Remove up to `most` mails and as many callbacks that came before `before` and have nothing left to do."""
    pending = (job.c.state.not_in(_FINISHED)) | job.c.keep
    mails = (
        select(mail.c.id, mail.c.blob)
        .where(mail.c.received_at < before, ~exists().where(job.c.mail_id == mail.c.id, pending))
        .limit(most)
    )
    old = list(connection.execute(mails))
    calls = select(callback.c.id).where(
        callback.c.received_at < before, ~exists().where(job.c.callback_id == callback.c.id, pending)
    )
    answered = list(connection.scalars(calls.limit(most)))
    ids = [identifier for identifier, _ in old]
    connection.execute(delete(event).where(event.c.subject.in_(ids + answered)))
    connection.execute(delete(mail).where(mail.c.id.in_(ids)))
    connection.execute(delete(sent).where(sent.c.callback_id.in_(answered)))
    connection.execute(delete(callback).where(callback.c.id.in_(answered)))
    return Forgotten(len(ids) + len(answered), tuple(blob for _, blob in old if blob))
