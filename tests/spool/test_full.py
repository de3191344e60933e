"""A disk that is full or cannot be written: nothing is half there, and what has room again goes on by itself."""

import asyncio
import errno
import os
import sqlite3
import subprocess
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from sqlalchemy.exc import DBAPIError

from gateway.errors import Full, GatewayError, Temporary, TooLarge
from gateway.spool import query
from gateway.spool.errors import spool_error
from gateway.spool.spool import Spool
from tests.spool.conftest import accepted, content

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="a small file system is mounted, which needs root")


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 3 MB."""
    folder = tmp_path / "small"
    folder.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=3m", "tmpfs", folder], check=True)
    yield folder
    subprocess.run(["umount", "--lazy", folder], check=True)


def mail(number: int, size: int) -> bytes:
    return b"Message-ID: <%d@x>\r\n\r\n" % number + b"x" * size


def until_full(spool: Spool, size: int) -> Iterator[str]:
    try:
        for number in range(100):
            yield asyncio.run(accepted(spool, mail(number, size))).id
    except Full:
        return
    pytest.fail("a hundred mails fitted into 3 MB")


# Rows and files alike: 452 for the sender, every mail that got its yes is there, and with room it takes mail again.
@needs_root
@pytest.mark.parametrize("size", [50_000, 300_000], ids=["rows", "files"])
def test_a_full_disk_refuses_and_recovers(small_disk: Path, size: int) -> None:
    spool = Spool(f"sqlite:///{small_disk / 'spool.db'}")
    taken = list(until_full(spool, size))
    assert taken
    for number, name in enumerate(taken):
        assert content(spool, name) == mail(number, size)
    assert spool.read(query.counts) == [("errand", "queued", len(taken))]
    subprocess.run(["mount", "-o", "remount,size=30m", small_disk], check=True)
    assert not asyncio.run(accepted(spool, mail(1000, size))).repeat
    files = list(small_disk.glob("*.blobs/*"))
    assert len(files) == (len(taken) + 1 if size > 200_000 else 0)
    spool.close()


def sqlite_error(code: int) -> sqlite3.Error:
    error = sqlite3.OperationalError("said by SQLite")
    error.sqlite_errorcode = code
    return error


# Where the disk is to blame the sender hears 452, everything else is temporary too but says less (rule 6).
@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (OSError(errno.ENOSPC, "No space left on device"), Full),
        (OSError(errno.EROFS, "Read-only file system"), Full),
        (OSError(errno.EDQUOT, "Disk quota exceeded"), Full),
        (sqlite_error(sqlite3.SQLITE_FULL), Full),
        (sqlite_error(sqlite3.SQLITE_READONLY_DIRECTORY), Full),
        (sqlite_error(sqlite3.SQLITE_IOERR_WRITE), Full),
        (sqlite_error(sqlite3.SQLITE_BUSY), Temporary),
        (OSError(errno.EBADF, "Bad file descriptor"), Temporary),
        (psycopg.errors.DiskFull("could not extend file"), Full),
        (psycopg.errors.ReadOnlySqlTransaction("cannot execute INSERT"), Full),
        (psycopg.errors.AdminShutdown("terminating connection"), Temporary),
        (psycopg.OperationalError("connection refused"), Temporary),
        (KeyError("a bug"), Temporary),
        (TooLarge("header"), TooLarge),
    ],
)
def test_what_disk_and_database_say_has_its_error(error: Exception, kind: type[GatewayError]) -> None:
    driver = isinstance(error, (sqlite3.Error, psycopg.Error))
    wrapped = DBAPIError("insert", None, error) if driver else error
    assert type(spool_error(wrapped)) is kind
