"""A copy of a SQLite spool, made while the gateway runs: a spool of its own, whole as of one moment."""

import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from gateway.errors import Permanent
from gateway.spool.errors import spool_error
from gateway.spool.place import file_of


@dataclass(frozen=True, slots=True)
class Backup:
    """What was copied: the database, so many mails with content in it, and so many large bodies beside it."""

    database: Path
    mails: int
    bodies: int


def backup(url: str, folder: Path) -> Backup:
    """Copy a spool into a folder that is not there yet; it appears under its name once it is whole and on the disk.

    Permanent for a store that has its own programs for this, for a folder that is there, and for a copy that turns out
    not to be whole; the family's errors where something cannot be read or written.
    """
    if not url.startswith("sqlite"):
        raise Permanent("this spool is on PostgreSQL: pg_dump makes a copy of it, large mails included")
    if folder.exists():
        raise Permanent(f"{folder} is there already")
    source, unfinished = file_of(url), folder.with_name(f"{folder.name}.part")
    if not source.exists():
        raise Permanent(f"there is no spool {source}")
    try:
        shutil.rmtree(unfinished, ignore_errors=True)
        unfinished.mkdir(mode=0o700, parents=True)
        done = _copy(source, unfinished / source.name)
        unfinished.rename(folder)
        _sync(folder.parent)
    except (OSError, sqlite3.Error) as error:
        raise spool_error(error) from error
    return Backup(folder / source.name, done.mails, done.bodies)


def _copy(source: Path, copy: Path) -> Backup:
    os.close(os.open(copy, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    with _opened(source) as live, _opened(copy) as copied:
        # In one step: it sees one moment, and does not begin anew at each change of the gateway.
        live.backup(copied)
        bodies = sum(_copy_body(source, copy, name, live, copied) for name in _bodies(copied))
        found = copied.execute("PRAGMA integrity_check").fetchone()[0]
        if found != "ok":
            raise Permanent(f"the copy is not whole: {found}")
        there = "SELECT count(*) FROM mail WHERE raw IS NOT NULL OR blob IS NOT NULL"
        mails: int = copied.execute(there).fetchone()[0]
        copied.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    for path in (copy, copy.parent):
        _sync(path)
    return Backup(copy, mails, bodies)


def _bodies(copied: sqlite3.Connection) -> list[str]:
    return [row[0] for row in copied.execute("SELECT blob FROM mail WHERE blob IS NOT NULL ORDER BY blob")]


def _copy_body(source: Path, copy: Path, name: str, live: sqlite3.Connection, copied: sqlite3.Connection) -> bool:
    """Copy a large body; False when it was forgotten since the database was copied, which the copy is told."""
    folder = copy.with_name(f"{copy.name}.blobs")
    folder.mkdir(mode=0o700, exist_ok=True)
    try:
        shutil.copyfile(source.with_name(f"{source.name}.blobs") / name, folder / name)
    except FileNotFoundError:
        if live.execute("SELECT 1 FROM mail WHERE blob = ?", [name]).fetchone():
            raise Permanent(f"the body of mail {name} is missing in {source}") from None
        copied.execute("UPDATE mail SET blob = NULL WHERE id = ?", [name])
        return False
    (folder / name).chmod(0o600)
    size = copied.execute("SELECT size FROM mail WHERE id = ?", [name]).fetchone()[0]
    if (folder / name).stat().st_size != size:
        raise Permanent(f"the body of mail {name} is not whole in {source}")
    _sync(folder / name)
    _sync(folder)
    return True


@contextmanager
def _opened(path: Path) -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        yield connection


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
