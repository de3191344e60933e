"""SQLite: one file, which one process works on; others read it, and hand their changes to that one through its door."""

import os
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.pool import QueuePool

from gateway.errors import SettingsError
from gateway.spool.lock import Lock

_BUSY_SECONDS = 30
PRAGMAS: Mapping[str, str] = {
    "journal_mode": "WAL",
    "synchronous": "FULL",
    "foreign_keys": "ON",
    "busy_timeout": str(_BUSY_SECONDS * 1000),
    # A long reader lets the log grow; after the next checkpoint it is cut back to this.
    "journal_size_limit": str(64 * 1024 * 1024),
}


class Sqlite:
    """A database file, made if it is not there. SettingsError when it cannot be."""

    def __init__(self, path: Path) -> None:
        if not path.parent.is_dir():
            raise SettingsError([f"gateway.spool: no folder {path.parent}; create it, owned by the user that runs us"])
        self._lock = Lock(path)
        self._lock.check()
        _create(path)
        self.name = str(path)
        self.writing = _engine(path, writing=True)
        self.reading = _engine(path, writing=False)
        self._changes = 0
        event.listen(self.writing, "commit", self._note)

    def alone(self, connection: Connection) -> AbstractContextManager[None]:
        """Nothing to do: a writing transaction has the file to itself from its beginning."""
        del connection
        return nullcontext()

    def own(self) -> None:
        """Become the one worker; no other can be alive, so every lease is lost. SettingsError when one is."""
        self._lock.take()

    def doubts(self) -> list[str]:
        """Return nothing: all that a commit's durability rests on is set by each connection."""
        return []

    def watch(self, on_work: Callable[[], None]) -> None:
        """Nothing to do: all that is new comes through this process."""

    def close(self) -> None:
        """Close the file."""
        self._lock.clear()
        self.reading.dispose()
        self.writing.dispose()
        self._lock.release()

    def _note(self, connection: Connection) -> None:
        driver: Any = connection.connection.dbapi_connection
        if driver.total_changes != self._changes:
            self._changes = driver.total_changes
            self._lock.touch()


def _create(path: Path) -> None:
    """Make the file, for our user's eyes only, if it is not there."""
    try:
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
    except OSError as error:
        raise SettingsError([f"gateway.spool: {path} cannot be opened for writing: {error.strerror}"]) from error


def _engine(path: Path, *, writing: bool) -> Engine:
    """Return an engine. A writing one takes the lock when its transaction begins; a reading one cannot write."""
    engine = create_engine(
        f"sqlite:///{path}",
        poolclass=QueuePool,
        pool_size=1 if writing else 5,
        connect_args={"check_same_thread": False},
        hide_parameters=True,
    )

    @event.listens_for(engine, "connect")
    def _prepare(connection: Any, _record: Any) -> None:
        connection.isolation_level = None
        for name, value in PRAGMAS.items():
            connection.execute(f"PRAGMA {name}={value}")
        if not writing:
            connection.execute("PRAGMA query_only=ON")

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writing else "BEGIN")

    return engine
