"""What SQLite alone promises: one file for one process, large bodies as files beside it."""

import asyncio
import os
import shutil
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection

from gateway.errors import Full, SettingsError
from gateway.model import Receipt
from gateway.spool import jobs, query
from gateway.spool.accept import BLOB_THRESHOLD
from gateway.spool.spool import Spool
from tests.spool.conftest import accepted, content

Accept = Callable[..., Receipt]
MAIL = b"Message-ID: <1@x>\r\n\r\nhello\r\n"
LARGE = MAIL + b"x" * (2 * BLOB_THRESHOLD)


@pytest.fixture
def url(sqlite_url: str) -> str:
    return sqlite_url


def pragma_of(connection: Connection, name: str) -> Any:
    return connection.exec_driver_sql(f"PRAGMA {name}").scalar()


def test_every_connection_writes_through_to_the_disk(spool: Spool) -> None:
    settings = {}
    for pragma in ("synchronous", "journal_mode"):
        settings[pragma] = spool.change(partial(pragma_of, name=pragma)).result()
    assert settings == {"synchronous": 2, "journal_mode": "wal"}


def test_a_large_body_is_a_file_that_is_synced_before_the_commit(spool: Spool, monkeypatch: pytest.MonkeyPatch) -> None:
    order: list[str] = []

    def noted(place: Any, name: str, step: str) -> None:
        real = getattr(place, name)

        def note(*arguments: Any) -> Any:
            order.append(step)
            return real(*arguments)

        monkeypatch.setattr(place, name, note)

    for place, name, step in ((os, "fdatasync", "file"), (os, "fsync", "folder"), (spool, "_submit", "commit")):
        noted(place, name, step)
    name = asyncio.run(accepted(spool, LARGE)).id
    assert order == ["folder", "file", "folder", "commit"]
    with spool.raw(name) as path:
        assert isinstance(path, Path)
        assert path.stat().st_mode & 0o777 == 0o600
    assert content(spool, name) == LARGE


def test_orphaned_bodies_are_swept_at_start_and_those_being_written_are_not(url: str, tmp_path: Path) -> None:
    first = Spool(url)
    kept = asyncio.run(accepted(first, LARGE)).id
    (tmp_path / "spool.db.blobs" / "ORPHAN").write_bytes(b"left by a crash")

    async def while_writing() -> int:
        body = first.body()
        await body.write(b"y" * (2 * BLOB_THRESHOLD))
        second = Spool(url)
        try:
            return second.own()
        finally:
            second.close()
            assert (tmp_path / "spool.db.blobs" / body.id).exists()
            body.close()

    assert asyncio.run(while_writing()) == 1
    first.close()
    assert [path.name for path in tmp_path.glob("*.blobs/*")] == [kept]


# There can be no other worker, so even a lease that has long to run is that of a dead one.
def test_a_start_puts_back_every_lease(spool: Spool, url: str) -> None:
    asyncio.run(accepted(spool, MAIL))
    rooms = [jobs.LaneRoom("route:support", 1)]
    (job,) = spool.change(partial(jobs.lease, rooms=rooms, most=1, seconds=1000.0)).result()
    spool.close()
    again = Spool(url)
    again.own()
    (row,) = again.read(lambda connection: query.jobs_of(connection, str(job.id)))
    assert row["state"] == "queued"
    again.close()


def test_only_one_gateway_works_on_a_spool(spool: Spool, url: str, tmp_path: Path) -> None:
    second = Spool(url)
    with pytest.raises(SettingsError, match="in use by another running gateway"):
        second.own()
    second.close()
    asyncio.run(accepted(spool, MAIL))
    (as_killed(tmp_path) / "spool.db-wal").unlink()
    with pytest.raises(SettingsError, match="is missing"):
        Spool(f"sqlite:///{tmp_path / 'crashed' / 'spool.db'}")


def test_too_little_free_disk_is_full(url: str) -> None:
    greedy = Spool(url, min_free=1 << 60)
    with pytest.raises(Full):
        asyncio.run(accepted(greedy, MAIL))
    greedy.close()


def test_the_file_is_for_our_user_alone(spool: Spool, accept: Accept, tmp_path: Path) -> None:
    accept(MAIL)
    assert {path.stat().st_mode & 0o077 for path in tmp_path.glob("spool.db*") if path.is_file()} == {0}


# The log of a gateway that was killed holds what it accepted last; SQLite itself would open what is left of the spool
# as if nothing were amiss.
@pytest.mark.parametrize("gone", ["spool.db-wal", "spool.db"])
def test_a_spool_whose_files_were_deleted_after_a_crash_is_not_opened(spool: Spool, tmp_path: Path, gone: str) -> None:
    asyncio.run(accepted(spool, MAIL))
    crashed = as_killed(tmp_path)
    (crashed / gone).unlink()
    with pytest.raises(SettingsError, match=rf"{gone} is missing, though .* delete \S+spool.db.lock$"):
        Spool(f"sqlite:///{crashed / 'spool.db'}")
    (crashed / "spool.db.lock").unlink()
    Spool(f"sqlite:///{crashed / 'spool.db'}").close()


# Whoever opens and closes the database after a crash takes its log in; then it is missing rightly.
def test_a_spool_that_was_opened_since_a_crash_is_whole(spool: Spool, tmp_path: Path) -> None:
    name = asyncio.run(accepted(spool, MAIL)).id
    crashed = as_killed(tmp_path)
    url = f"sqlite:///{crashed / 'spool.db'}"
    Spool(url).close()
    assert not (crashed / "spool.db-wal").exists()
    again = Spool(url)
    assert content(again, name) == MAIL
    again.close()


def test_a_spool_that_was_stopped_in_order_needs_no_log(url: str, spool: Spool, tmp_path: Path) -> None:
    asyncio.run(accepted(spool, MAIL))
    spool.close()
    assert not (tmp_path / "spool.db-wal").exists()
    Spool(url).close()


def as_killed(folder: Path) -> Path:
    """A copy of a spool as its gateway would leave it if it were killed now."""
    copy = folder / "crashed"
    copy.mkdir()
    for path in folder.glob("spool.db*"):
        if path.is_file():
            shutil.copy2(path, copy)
    return copy
