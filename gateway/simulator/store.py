"""The simulator's memory in a file, so that it survives a restart: SQLite, one row for each thing."""

import sqlite3
from pathlib import Path

TABLE = "CREATE TABLE IF NOT EXISTS thing (kind TEXT, id TEXT, value BLOB NOT NULL, PRIMARY KEY (kind, id))"
PUT = "INSERT INTO thing VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET value = excluded.value"
ONE = "SELECT value FROM thing WHERE kind = ? AND id = ?"
STRANGERS = "SELECT count(*) FROM sqlite_master WHERE tbl_name != 'thing'"
ORDERED = "SELECT value FROM thing WHERE kind = ? ORDER BY rowid"


class Unusable(OSError):
    """The file cannot be opened, is something else than such a file, or cannot be written to."""


class Store:
    """Rows by kind and id, kept in the order in which they first came; each `put` is committed before it returns.

    Its errors are Unusable.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            self._connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        except sqlite3.Error as wrong:
            raise Unusable(f"{path}: {wrong}") from wrong
        try:
            self._connection.execute("PRAGMA synchronous=NORMAL")
            self._connection.execute("PRAGMA locking_mode=EXCLUSIVE")
            self._connection.execute("BEGIN EXCLUSIVE")  # the lock stays: a second simulator is told so at its start
            (strangers,) = self._connection.execute(STRANGERS).fetchone()
            if strangers:
                raise sqlite3.DatabaseError("file is another program's database")
            self._connection.execute(TABLE)
            self._connection.execute("COMMIT")
        except sqlite3.Error as wrong:
            self._connection.close()
            raise Unusable(f"{path}: {wrong}") from wrong

    def put(self, kind: str, thing_id: str, value: bytes) -> None:
        """Keep a thing, in place of what it was."""
        try:
            self._connection.execute(PUT, (kind, thing_id, value))
        except sqlite3.Error as wrong:
            raise Unusable(f"the state cannot be written: {wrong}") from wrong

    def get(self, kind: str, thing_id: str) -> bytes | None:
        """Return a thing, None when it is not there."""
        found = self._read(ONE, kind, thing_id)
        return found[0] if found else None

    def all(self, kind: str) -> list[bytes]:
        """Return every thing of a kind, oldest first."""
        return self._read(ORDERED, kind)

    def close(self) -> None:
        """Let go of the file."""
        self._connection.close()

    def _read(self, query: str, *values: str) -> list[bytes]:
        try:
            return [value for (value,) in self._connection.execute(query, values)]
        except sqlite3.Error as wrong:
            raise Unusable(f"{self.path}: {wrong}") from wrong
