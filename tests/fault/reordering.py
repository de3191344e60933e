"""What a disk may make of SQLite's writes when the power fails: any of those not synced yet, in any order, torn.

A VFS writes down, in order, each write, truncation and sync of the database and its log. From that, states of the disk
are made for any moment: what was synced is there; of the rest each sector of 512 bytes may be or not, as chance has it.
"""

import hashlib
import random
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import apsw
from sqlalchemy import event
from sqlalchemy.pool import Pool

SECTOR = 512
VFS = "journal"
_TABLES = "SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name"


@dataclass(frozen=True, slots=True)
class Write:
    """Bytes at an offset of a file."""

    file: str
    offset: int
    data: bytes

    def sectors(self) -> Iterator["Write"]:
        """Split it where sectors of the disk end."""
        at = 0
        while at < len(self.data):
            end = at + SECTOR - (self.offset + at) % SECTOR
            yield Write(self.file, self.offset + at, self.data[at:end])
            at = end


@dataclass(frozen=True, slots=True)
class Truncate:
    """A file ends there."""

    file: str
    size: int


@dataclass(frozen=True, slots=True)
class Delete:
    """A file is gone. Taken to last: the only one is the rollback journal from before the log was made."""

    file: str


@dataclass(frozen=True, slots=True)
class Sync:
    """All before this is on the disk, for this file."""

    file: str


@dataclass(frozen=True, slots=True)
class Committed:
    """COMMIT has returned for another transaction; `content` is what the database then says (see `content_of`)."""

    content: str


Step = Write | Truncate | Delete | Sync | Committed


class JournalVFS(apsw.VFS):
    """The system's own VFS; files are named by their last part, all in one folder."""

    def __init__(self, steps: list[Step]) -> None:
        super().__init__(VFS, "")
        self.steps = steps

    def xOpen(self, name: str | apsw.URIFilename | None, flags: list[int]) -> apsw.VFSFile:  # noqa: N802 - SQLite's name
        return JournalFile(name, flags, self.steps)

    def xDelete(self, filename: str, syncdir: bool) -> None:  # noqa: FBT001, N802 - the same
        self.steps.append(Delete(Path(filename).name))
        super().xDelete(filename, syncdir)


class JournalFile(apsw.VFSFile):
    """A file that writes down what is done to it before it is done."""

    def __init__(self, name: str | apsw.URIFilename | None, flags: list[int], steps: list[Step]) -> None:
        super().__init__("", name, flags)
        self._file = Path(name.filename() if isinstance(name, apsw.URIFilename) else name or "").name
        self._steps = steps

    def xWrite(self, data: bytes, offset: int) -> None:  # noqa: N802 - SQLite's name
        self._steps.append(Write(self._file, offset, bytes(data)))
        super().xWrite(data, offset)

    def xTruncate(self, size: int) -> None:  # noqa: N802 - the same
        self._steps.append(Truncate(self._file, size))
        super().xTruncate(size)

    def xSync(self, flags: int) -> None:  # noqa: N802 - the same
        super().xSync(flags)
        self._steps.append(Sync(self._file))


@dataclass(slots=True)
class Statements:
    """What the program says to SQLite, by connection, from `listen` to `end`; parameters are filled in."""

    by_connection: list[list[str]] = field(default_factory=list)

    def listen(self) -> None:
        """Write down what is said on connections that are opened from now on."""
        event.listen(Pool, "connect", self._trace)

    def end(self) -> None:
        """Leave later connections alone."""
        event.remove(Pool, "connect", self._trace)

    def _trace(self, connection: Any, _record: object) -> None:
        said: list[str] = []
        self.by_connection.append(said)
        connection.set_trace_callback(said.append)

    def of_the_writer(self) -> list[str]:
        """Those of the one connection that writes; without what SQLite itself notes about foreign keys and the like."""
        [said] = [said for said in self.by_connection if "BEGIN IMMEDIATE" in said]
        return [statement for statement in said if not statement.startswith("--")]


def replay(statements: Sequence[str], folder: Path, checkpoint_pages: int) -> list[Step]:
    """Say the same to a new database `spool.db` in the folder, through the VFS; what was done to its files."""
    steps: list[Step] = []
    vfs = JournalVFS(steps)
    with closing(apsw.Connection(str(folder / "spool.db"), vfs=VFS)) as connection:
        for statement in statements:
            if statement == "BEGIN IMMEDIATE":
                connection.pragma("wal_autocheckpoint", checkpoint_pages)
            list(connection.execute(statement))
            if statement == "COMMIT":
                steps.append(Committed(content_of(connection)))
        # Closing takes the log into the database; no power fails here.
        done = len(steps)
    vfs.unregister()
    return steps[:done]


def content_of(connection: apsw.Connection | sqlite3.Connection) -> str:
    """A hash over every row of every table."""
    found = hashlib.sha256()
    for (table,) in list(connection.execute(_TABLES)):
        found.update(repr([table, *connection.execute(f'SELECT * FROM "{table}"')]).encode())
    return found.hexdigest()


NOTHING = content_of(sqlite3.connect(":memory:"))


def crash(steps: Sequence[Step], moment: int, chance: random.Random) -> dict[str, bytearray]:
    """The files when the power fails right after step number `moment`."""
    last_sync = {step.file: number for number, step in enumerate(steps[:moment]) if isinstance(step, Sync)}
    kept = chance.random()
    files: dict[str, bytearray] = {}
    for number, step in enumerate(steps[:moment]):
        if isinstance(step, (Sync, Committed)):
            continue
        if isinstance(step, Delete):
            files.pop(step.file, None)
            continue
        file = files.setdefault(step.file, bytearray())
        synced = number < last_sync.get(step.file, -1)
        if isinstance(step, Truncate):
            if synced or chance.random() < kept:
                _truncate(file, step.size)
        elif synced:
            _write(file, step)
        else:
            for sector in step.sectors():
                if chance.random() < kept:
                    _write(file, sector)
    return files


def _write(file: bytearray, write: Write) -> None:
    if len(file) < write.offset:
        _truncate(file, write.offset)
    file[write.offset : write.offset + len(write.data)] = write.data


def _truncate(file: bytearray, size: int) -> None:
    del file[size:]
    file.extend(bytes(size - len(file)))


def found_after(files: dict[str, bytearray], folder: Path) -> str:
    """Put the files on a disk and have the program's SQLite open them; the content, once it says that all is sound."""
    for name, data in files.items():
        (folder / name).write_bytes(data)
    with closing(sqlite3.connect(folder / "spool.db")) as connection:
        problems = connection.execute("PRAGMA integrity_check").fetchall()
        assert problems == [("ok",)]
        content = content_of(connection)
    for file in folder.iterdir():
        file.unlink()
    return content
