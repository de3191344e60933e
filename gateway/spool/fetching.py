"""What pollers remember: how far a folder was read, single messages that are not done, which node holds which poller.

The functions are changes to commit, or looks; `Places` is what a poller calls from its own thread.
"""

from collections.abc import Sequence
from functools import partial
from typing import TypeVar

from sqlalchemy import Connection, delete, select, update
from sqlalchemy.dialects import postgresql, sqlite

from gateway.errors import Temporary
from gateway.model import Mark, Position
from gateway.spool.jobs import now
from gateway.spool.spool import Spool
from gateway.spool.tables import cursor, fetched, holding
from gateway.spool.writer import Change

T = TypeVar("T")
_WAIT = 60.0


class Places:
    """A spool as pollers see it; each call returns after its commit, and raises GatewayError where there is none."""

    def __init__(self, spool: Spool, holder: str) -> None:
        self._spool = spool
        self._holder = holder

    def position(self, mailbox: str, folder: str) -> Position | None:
        """Return how far a folder was read; None for one that was never read."""
        return self._spool.read(partial(_position, mailbox=mailbox, folder=folder))

    def advance(self, mailbox: str, folder: str, to: Position) -> None:
        """Remember how far a folder was read."""
        self._commit(partial(set_position, mailbox=mailbox, folder=folder, to=to))

    def marks(self, mailbox: str, folder: str) -> dict[str, Mark]:
        """Return what is remembered of single messages, by their UID or UIDL."""
        return self._spool.read(partial(_marks, mailbox=mailbox, folder=folder))

    def mark(self, mailbox: str, folder: str, marks: Sequence[Mark]) -> None:
        """Remember something of messages, instead of what was remembered of them."""
        if marks:
            self._commit(partial(set_marks, mailbox=mailbox, folder=folder, marks=tuple(marks)))

    def unmark(self, mailbox: str, folder: str, uids: Sequence[str]) -> None:
        """Forget messages."""
        if uids:
            self._commit(partial(forget_marks, mailbox=mailbox, folder=folder, uids=tuple(uids)))

    def hold(self, names: Sequence[str], seconds: float) -> set[str]:
        """Hold pollers for so long, or longer; return those that are ours now: all, where one node alone can work."""
        if self._spool.door is not None:
            return set(names)
        return self._commit(partial(take_holds, names=tuple(names), holder=self._holder, seconds=seconds))

    def release(self) -> None:
        """Let go of all that this node holds, so that others need not wait."""
        self._commit(partial(drop_holds, holder=self._holder))

    def _commit(self, change: Change[T]) -> T:
        try:
            return self._spool.change(change).result(_WAIT)
        except TimeoutError as error:
            raise Temporary(f"the spool: nothing was committed for {_WAIT:g} s") from error


def set_position(connection: Connection, mailbox: str, folder: str, to: Position) -> None:
    """Remember how far a folder was read."""
    row = {"mailbox": mailbox, "folder": folder, "uidvalidity": to.uidvalidity, "uid": to.uid}
    new = _insert(connection)(cursor)
    changed = {"uidvalidity": new.excluded.uidvalidity, "uid": new.excluded.uid}
    connection.execute(new.on_conflict_do_update(index_elements=["mailbox", "folder"], set_=changed), row)


def set_marks(connection: Connection, mailbox: str, folder: str, marks: Sequence[Mark]) -> None:
    """Remember something of messages."""
    new = _insert(connection)(fetched)
    changed = {name: new.excluded[name] for name in ("state", "tries", "at", "error")}
    upsert = new.on_conflict_do_update(index_elements=["mailbox", "folder", "uid"], set_=changed)
    connection.execute(upsert, [{"mailbox": mailbox, "folder": folder} | mark._asdict() for mark in marks])


def forget_marks(connection: Connection, mailbox: str, folder: str, uids: Sequence[str]) -> None:
    """Forget messages."""
    for start in range(0, len(uids), 500):
        some = uids[start : start + 500]
        here = (fetched.c.mailbox == mailbox) & (fetched.c.folder == folder) & fetched.c.uid.in_(some)
        connection.execute(delete(fetched).where(here))


def take_holds(connection: Connection, names: Sequence[str], holder: str, seconds: float) -> set[str]:
    """Hold what is free, ours already, or was let run out by its holder; return all that is ours now."""
    if not names:
        return set()
    time = now(connection)
    known = set(connection.scalars(select(holding.c.name).where(holding.c.name.in_(names))))
    if unknown := [{"name": name, "holder": "", "until": 0.0} for name in names if name not in known]:
        connection.execute(_insert(connection)(holding).on_conflict_do_nothing(), unknown)
    free = (holding.c.holder == holder) | (holding.c.until < time)
    # What another node is taking is its own: nobody's writer waits for that.
    takes = select(holding.c.name).where(holding.c.name.in_(names), free).with_for_update(skip_locked=True)
    ours = set(connection.scalars(takes))
    connection.execute(update(holding).where(holding.c.name.in_(ours)).values(holder=holder, until=time + seconds))
    return ours


def drop_holds(connection: Connection, holder: str) -> None:
    """Let go of what a node holds."""
    connection.execute(delete(holding).where(holding.c.holder == holder))


def _insert(connection: Connection) -> "type[postgresql.Insert | sqlite.Insert]":
    return postgresql.Insert if connection.dialect.name == "postgresql" else sqlite.Insert


def _position(connection: Connection, mailbox: str, folder: str) -> Position | None:
    here = (cursor.c.mailbox == mailbox) & (cursor.c.folder == folder)
    row = connection.execute(select(cursor.c.uidvalidity, cursor.c.uid).where(here)).first()
    return Position(*row) if row is not None else None


def _marks(connection: Connection, mailbox: str, folder: str) -> dict[str, Mark]:
    columns = (fetched.c.uid, fetched.c.state, fetched.c.tries, fetched.c.at, fetched.c.error)
    here = (fetched.c.mailbox == mailbox) & (fetched.c.folder == folder)
    return {row.uid: Mark(*row) for row in connection.execute(select(*columns).where(here))}
