"""A copy of a spool that is in use is a spool."""

import asyncio
import shutil
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.errors import Permanent
from gateway.spool import backup as backups
from gateway.spool import query
from gateway.spool.accept import BLOB_THRESHOLD
from gateway.spool.backup import backup
from gateway.spool.spool import Spool
from tests.servers.program import wait_until
from tests.spool.conftest import accepted, content


def mail(number: int, size: int = 10) -> bytes:
    return b"Message-ID: <%d@x>\r\n\r\n" % number + b"x" * size


LARGE = 2 * BLOB_THRESHOLD


@pytest.fixture
def url(sqlite_url: str) -> str:
    return sqlite_url


def opened(folder: Path) -> Spool:
    return Spool(f"sqlite:///{folder / 'spool.db'}")


def test_a_copy_of_a_spool_in_use_is_a_spool(spool: Spool, url: str, tmp_path: Path) -> None:
    raws = [mail(1), mail(2, LARGE)]
    names = [asyncio.run(accepted(spool, raw)).id for raw in raws]
    made = backup(url, tmp_path / "copy")
    assert (made.mails, made.bodies) == (2, 1)
    assert made.database == tmp_path / "copy" / "spool.db"
    assert not (tmp_path / "copy.part").exists()
    copied = opened(tmp_path / "copy")
    copied.own()
    assert [content(copied, name) for name in names] == raws
    assert copied.read(query.counts) == [("errand", "queued", 2)]
    copied.close()
    assert {path.stat().st_mode & 0o077 for path in (tmp_path / "copy").rglob("*") if path.is_file()} == {0}


@pytest.fixture
def busy(spool: Spool) -> Iterator[list[str]]:
    """Mails come in all the time; those that have had their yes."""
    taken: list[str] = []
    enough = threading.Event()

    def run() -> None:
        while not enough.is_set():
            number = len(taken)
            taken.append(asyncio.run(accepted(spool, mail(number, LARGE if number % 3 == 0 else 10))).id)

    thread = threading.Thread(target=run)
    thread.start()
    yield taken
    enough.set()
    thread.join()


def test_a_copy_under_load_has_all_that_was_accepted_before(busy: list[str], url: str, tmp_path: Path) -> None:
    wait_until(lambda: len(busy) >= 10, "mails come in")
    before = list(busy)
    backup(url, tmp_path / "copy")
    copied = opened(tmp_path / "copy")
    for number, name in enumerate(before):
        assert content(copied, name) == mail(number, LARGE if number % 3 == 0 else 10)
    copied.close()


# Retention goes on meanwhile: what it takes while bodies are copied was to go anyway, and is gone from the copy too.
def test_a_body_that_is_forgotten_meanwhile_is_forgotten(
    spool: Spool, url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = asyncio.run(accepted(spool, mail(1, LARGE))).id

    def forget(connection: object) -> list[str]:
        found = real(connection)  # type: ignore[arg-type]
        spool.change(lambda live: live.exec_driver_sql("update mail set blob = null")).result()
        spool.bodies.remove([name])
        return found

    real = backups._bodies
    monkeypatch.setattr(backups, "_bodies", forget)
    assert backup(url, tmp_path / "copy").bodies == 0
    copied = opened(tmp_path / "copy")
    with pytest.raises(Permanent, match="not in the spool any more"), copied.raw(name):
        pytest.fail("it was forgotten")
    copied.close()


@pytest.mark.parametrize("harm", [Path.unlink, lambda path: path.write_bytes(b"half")])
def test_a_copy_that_would_not_be_whole_is_none(spool: Spool, url: str, tmp_path: Path, harm: object) -> None:
    name = asyncio.run(accepted(spool, mail(1, LARGE))).id
    harm(tmp_path / "spool.db.blobs" / name)  # type: ignore[operator]
    with pytest.raises(Permanent, match=f"the body of mail {name} is (missing|not whole)"):
        backup(url, tmp_path / "copy")
    assert not (tmp_path / "copy").exists()


def test_nothing_is_overwritten(spool: Spool, url: str, tmp_path: Path) -> None:
    (tmp_path / "copy").mkdir()
    with pytest.raises(Permanent, match="is there already"):
        backup(url, tmp_path / "copy")


def test_what_a_broken_off_copy_left_is_no_hindrance(spool: Spool, url: str, tmp_path: Path) -> None:
    backup(url, tmp_path / "copy")
    shutil.move(tmp_path / "copy", tmp_path / "copy.part")
    assert backup(url, tmp_path / "copy").mails == 0


def test_other_stores_have_their_own_programs(tmp_path: Path) -> None:
    with pytest.raises(Permanent, match="pg_dump"):
        backup("postgresql+psycopg://a:b@c/d", tmp_path / "copy")
