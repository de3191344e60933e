"""Who is signed in to the console: kept by the hash of what the browser has, so that a copy of the spool opens nothing.

Times are Unix seconds. A session outlives a restart, is the same on every node, and ends where it is taken out.
"""

import hashlib
from dataclasses import asdict, dataclass

from sqlalchemy import Connection, delete, or_, select, update

from gateway.spool.tables import session


@dataclass(frozen=True, slots=True)
class Session:
    """Somebody who signed in: `how` is "password" or "openid"; `mark` what they signed in with, by its hash."""

    digest: str
    name: str
    how: str
    role: str
    mark: str
    began: float
    seen: float


def digest_of(key: str) -> str:
    """Return what a browser's key is stored by."""
    return hashlib.sha256(key.encode()).hexdigest()


def begin(connection: Connection, begun: Session, idle: float, longest: float) -> None:
    """Keep a session, and remove all that ended."""
    ended = or_(session.c.seen < begun.seen - idle, session.c.began < begun.seen - longest)
    connection.execute(delete(session).where(ended))
    connection.execute(session.insert(), asdict(begun))


def find(connection: Connection, digest: str) -> Session | None:
    """Return a session, however old."""
    row = connection.execute(select(session).where(session.c.digest == digest)).mappings().first()
    return Session(**row) if row is not None else None


def listed(connection: Connection, most: int = 500) -> list[Session]:
    """Return sessions, those first that were seen last, however old."""
    wanted = select(session).order_by(session.c.seen.desc()).limit(most)
    return [Session(**row) for row in connection.execute(wanted).mappings()]


def seen(connection: Connection, digest: str, now: float) -> None:
    """Note that somebody is still there."""
    connection.execute(update(session).where(session.c.digest == digest).values(seen=now))


def end(connection: Connection, digest: str) -> None:
    """End a session."""
    connection.execute(delete(session).where(session.c.digest == digest))
