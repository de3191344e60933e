"""Looking over a spool: what is wrong with it is found, and nothing else is."""

import asyncio
import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import text
from ulid import ULID

from gateway.model import Receipt
from gateway.spool.accept import BLOB_THRESHOLD
from gateway.spool.inspect import Finding, inspect
from gateway.spool.spool import Spool
from tests.spool.conftest import ENVELOPE, accepted, bodies

Accept = Callable[..., Receipt]
SMALL = b"Message-ID: <1@x>\r\n\r\nhello\r\n"
LARGE = b"Message-ID: <2@x>\r\n\r\n" + b"x" * (2 * BLOB_THRESHOLD)
OLD = str(ULID.from_timestamp(time.time() - 100_000))


def put(spool: Spool, name: str, content: bytes) -> None:
    spool.bodies.remove([name])
    body = spool.bodies.create(name)
    body.write(content)
    body.sync()
    body.end(kept=True)


def say(spool: Spool, statement: str) -> None:
    spool.change(lambda connection: connection.execute(text(statement))).result()


def test_a_spool_that_is_well_has_no_findings(spool: Spool, accept: Accept) -> None:
    accept(SMALL, "support", "sales")
    accept(LARGE)
    asyncio.run(spool.accept_callback("demo", "i", "7", b"{}", {}, work=True))
    asyncio.run(spool.accept_callback("demo", "j", "7", b"{}", {}, work=False))
    assert list(inspect(spool)) == []


# More mails than are looked at in one go.
def test_every_mail_is_looked_at(spool: Spool, accept: Accept) -> None:
    names = sorted(accept(b"Message-ID: <%d@x>\r\n\r\nhello\r\n" % number).id for number in range(130))
    say(spool, "update mail set size = size + 1")
    assert [finding.subject for finding in inspect(spool)] == names


@pytest.mark.parametrize(
    ("harm", "sentence"),
    [
        (lambda spool, name: spool.bodies.remove([name]), "is missing"),
        (lambda spool, name: put(spool, name, LARGE[:-1]), "is not whole"),
        (lambda spool, name: put(spool, name, LARGE[:-1] + b"y"), "its hash differs"),
    ],
)
def test_a_body_that_is_not_what_came_in_is_found(
    spool: Spool, accept: Accept, harm: Callable[[Spool, str], None], sentence: str
) -> None:
    accept(SMALL)
    name = accept(LARGE).id
    harm(spool, name)
    (finding,) = inspect(spool, repair=True)
    assert (finding.subject, finding.repaired) == (name, False)
    assert sentence in finding.sentence


def test_a_mail_that_nothing_is_to_be_done_with_is_found(spool: Spool, accept: Accept) -> None:
    name = accept(SMALL).id
    say(spool, "delete from job")
    assert list(inspect(spool)) == [Finding(name, "nothing is to be done with this mail: it has no job")]


def test_a_job_for_nothing_is_found(spool: Spool, accept: Accept) -> None:
    accept(SMALL)
    say(spool, "update job set mail_id = null")
    assert "this job is for a mail or answer that is not there" in {one.sentence for one in inspect(spool)}


# With SQLite any body without a mail that nobody is writing can go; with PostgreSQL it must be a day old besides.
def test_an_orphaned_body_is_found_and_deleted_when_asked(spool: Spool, accept: Accept) -> None:
    kept = accept(LARGE).id
    put(spool, OLD, LARGE)
    assert [(one.subject, one.repaired) for one in inspect(spool)] == [(OLD, False)]
    assert [(one.subject, one.repaired) for one in inspect(spool, repair=True)] == [(OLD, True)]
    assert bodies(spool) == [kept]
    assert list(inspect(spool)) == []


def test_a_body_that_is_coming_in_is_not_deleted(spool: Spool) -> None:
    async def while_writing() -> None:
        body = spool.body()
        await body.write(LARGE)
        assert bodies(spool) == [body.id]
        assert [(one.subject, one.repaired) for one in inspect(spool, repair=True)] == [(body.id, False)]
        await spool.accept(ENVELOPE, body, ["support"])

    asyncio.run(while_writing())
    assert list(inspect(spool)) == []


def test_a_damaged_file_is_found(sqlite_url: str, tmp_path: Path) -> None:
    spool = Spool(sqlite_url)
    for number in range(50):
        asyncio.run(accepted(spool, b"Message-ID: <%d@x>\r\n\r\n" % number + b"x" * 2000))
    spool.close()
    damage(tmp_path / "spool.db")
    spool = Spool(sqlite_url)
    found = {one.subject: one.sentence for one in inspect(spool)}
    assert "the database is damaged" in found[spool.name]
    spool.close()


def damage(file: Path) -> None:
    """Write over an index's page in the middle of the file."""
    content = file.read_bytes()
    place = content.rindex(b"route:support") // 4096 * 4096
    with file.open("r+b") as opened:
        os.pwrite(opened.fileno(), b"\0" * 100, place + 8)
