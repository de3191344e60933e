"""Looking over a whole spool: whether each mail is there as it came, and nothing that belongs to none."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Row, exists, select

from gateway.errors import Permanent
from gateway.spool.bodies import orphans
from gateway.spool.identity import ContentHash
from gateway.spool.spool import Spool
from gateway.spool.tables import callback, job, mail, mail_there

_AT_ONCE = 100
_PIECE = 1024 * 1024
_FACTS = select(mail.c.id, mail.c.size, mail.c.content_hash, mail.c.raw, mail.c.blob)


@dataclass(frozen=True, slots=True)
class Finding:
    """What is wrong with a mail, job or body, as a sentence; `repaired` when it is so no more."""

    subject: str
    sentence: str
    repaired: bool = False


def inspect(spool: Spool, *, repair: bool = False) -> Iterator[Finding]:
    """Find what is wrong in a spool, which may be in use. With `repair`, orphaned bodies are deleted, nothing else."""
    yield from _database(spool)
    for mails in _mails(spool):
        for row in mails:
            wrong = _content(spool, row)
            if wrong and _still_there(spool, row.id):
                yield Finding(row.id, wrong)
    yield from _jobs(spool)
    yield from _orphans(spool, repair=repair)


def _database(spool: Spool) -> Iterator[Finding]:
    """Have SQLite look over its file. PostgreSQL does so with checksums and its program pg_amcheck."""
    if spool.database.reading.dialect.name != "sqlite":
        return
    for row in spool.read(lambda connection: list(connection.exec_driver_sql("PRAGMA integrity_check"))):
        if row[0] != "ok":
            yield Finding(spool.name, f"the database is damaged: {row[0]}")


def _mails(spool: Spool) -> Iterator[Sequence[Row[Any]]]:
    """Go through the mails with content, some at a time."""
    last = ""
    while mails := spool.read(lambda connection, last=last: _after(connection, last)):  # type: ignore[misc]
        yield mails
        last = mails[-1].id


def _after(connection: Connection, last: str) -> Sequence[Row[Any]]:
    some = _FACTS.where(mail.c.id > last, mail_there).order_by(mail.c.id).limit(_AT_ONCE)
    return list(connection.execute(some))


def _content(spool: Spool, row: Row[Any]) -> str:
    """Say what is wrong with a mail's content, "" for nothing."""
    try:
        with spool.raw(row.id) as content:
            size, digest = _measured(content)
    except Permanent as error:
        return str(error)
    if size != row.size:
        return f"it has {size} bytes of {row.size}"
    return "" if digest == row.content_hash else "it is not what came in: its hash differs"


def _measured(content: bytes | Path) -> tuple[int, str]:
    size, hashed = 0, ContentHash(1 << 62)
    for piece in _pieces(content):
        size += len(piece)
        hashed.update(piece)
    return size, hashed.digest()


def _pieces(content: bytes | Path) -> Iterator[bytes]:
    if isinstance(content, bytes):
        yield content
        return
    with content.open("rb") as file:
        while piece := file.read(_PIECE):
            yield piece


def _still_there(spool: Spool, name: str) -> bool:
    """Whether it has not been forgotten meanwhile, in order."""
    found = select(mail.c.id).where(mail.c.id == name, mail_there)
    return spool.read(lambda connection: connection.scalar(found)) is not None


def _jobs(spool: Spool) -> Iterator[Finding]:
    alone = select(mail.c.id).where(mail_there, ~exists().where(job.c.mail_id == mail.c.id))
    for name in spool.read(lambda connection: list(connection.scalars(alone))):
        yield Finding(name, "nothing is to be done with this mail: it has no job")
    of_mail = exists().where(mail.c.id == job.c.mail_id)
    of_callback = exists().where(callback.c.id == job.c.callback_id)
    lost = select(job.c.id).where(~of_mail, ~of_callback)
    for number in spool.read(lambda connection: list(connection.scalars(lost))):
        yield Finding(str(number), "this job is for a mail or answer that is not there")


def _orphans(spool: Spool, *, repair: bool) -> Iterator[Finding]:
    """Find the bodies that no mail has. Some may be of mails that are coming in just now: those stay."""
    before = set(orphans(spool.bodies.names(), spool.referred))
    if repair and before:
        spool.sweep()
    left = set(orphans(spool.bodies.names(), spool.referred)) & before
    for name in sorted(before):
        yield Finding(name, "no mail has this body, or it is coming in just now", repaired=name not in left)
