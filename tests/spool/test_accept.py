"""What `accept` promises: durable, whole, once."""

import asyncio
import os
import sqlite3
import threading
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, event

from gateway.errors import Full, SettingsError, Temporary, TooLarge
from gateway.model import Envelope, Receipt
from gateway.spool import query
from gateway.spool.spool import BLOB_THRESHOLD, Spool
from tests.spool.conftest import ENVELOPE, accepted

Accept = Callable[..., Receipt]
HEAD = b"Message-ID: <1@x>\r\nSubject: hello\r\nFrom: a@b\r\n"
MAIL = HEAD + b"\r\nhello\r\n"


def trace(spool: Spool, name: str) -> dict[str, Any]:
    found = spool.read(lambda connection: query.trace(connection, name))
    assert found is not None
    return found


# Another process that opens the file after "yes" finds mail, job and first event, all or none.
def test_mail_job_and_first_event_are_one_transaction(spool: Spool, accept: Accept, tmp_path: Path) -> None:
    name = accept(MAIL, "support", "sales").id
    with sqlite3.connect(tmp_path / "spool.db") as other:
        assert other.execute("select raw from mail where id = ?", [name]).fetchone() == (MAIL,)
        assert other.execute("select route, state from job order by route").fetchall() == [
            ("sales", "queued"),
            ("support", "queued"),
        ]
        assert other.execute("select step from event where subject = ?", [name]).fetchall() == [("accepted",)]
    other.close()


def pragma_of(connection: Connection, name: str) -> Any:
    return connection.exec_driver_sql(f"PRAGMA {name}").scalar()


def test_every_connection_writes_through_to_the_disk(spool: Spool) -> None:
    settings = {}
    for pragma in ("synchronous", "journal_mode"):
        settings[pragma] = spool.change(partial(pragma_of, name=pragma)).result()
    assert settings == {"synchronous": 2, "journal_mode": "wal"}


def test_the_same_mail_by_whichever_way_is_one_mail(spool: Spool, accept: Accept) -> None:
    first = accept(MAIL)
    ways = [
        MAIL,
        b"Received: from a by b\r\nDelivered-To: x\r\nDKIM-Signature: v=1; a\r\n\tb\r\n" + MAIL,
        MAIL.replace(b"\r\n", b"\n"),
        MAIL + b"\r\n\r\n",
        MAIL.replace(b"Subject: hello", b"Subject:\r\n hello"),
    ]
    for raw in ways:
        assert accept(raw) == Receipt(first.id, repeat=True)
    assert [event["step"] for event in trace(spool, first.id)["events"]] == ["accepted"] + ["copy"] * len(ways)


@pytest.mark.parametrize(
    "other",
    [
        HEAD + b"\r\nhello again\r\n",
        MAIL.replace(b"<1@x>", b"<2@x>"),
        MAIL.replace(b"Subject: hello", b"Subject: hullo"),
        HEAD + b"\r\n\r\nhello\r\n",
    ],
)
def test_another_content_is_another_mail_though_the_message_id_is_fixed(accept: Accept, other: bytes) -> None:
    assert accept(MAIL).id != accept(other).id


def test_the_second_department_gets_its_mail(spool: Spool, accept: Accept) -> None:
    first, second = accept(MAIL, "support"), accept(MAIL, "sales")
    assert not second.repeat
    assert first.id != second.id
    both = accept(MAIL, "support", "returns")
    assert not both.repeat
    assert [job["route"] for job in trace(spool, both.id)["jobs"]] == ["returns"]
    assert trace(spool, both.id)["events"][0]["detail"]["copy_of"] == {"support": first.id}


# Two customers may well send the same words by a form that sets neither Message-ID nor Date.
def test_equal_mails_that_do_not_say_which_they_are_are_two(accept: Accept) -> None:
    form = b"From: form@x\r\nSubject: call me\r\n\r\ncall me\r\n"
    assert accept(form).id != accept(form).id


def test_two_copies_in_one_transaction_are_one_mail(spool: Spool) -> None:
    async def both() -> list[Receipt]:
        return list(await asyncio.gather(*(accepted(spool, MAIL) for _ in range(20))))

    receipts = asyncio.run(both())
    assert len({receipt.id for receipt in receipts}) == 1
    assert sum(not receipt.repeat for receipt in receipts) == 1


def test_a_large_body_is_a_file_that_is_synced_before_the_commit(spool: Spool, monkeypatch: pytest.MonkeyPatch) -> None:
    order: list[str] = []

    def noted(place: Any, name: str, step: str) -> None:
        real = getattr(place, name)

        def note(*arguments: Any) -> Any:
            order.append(step)
            return real(*arguments)

        monkeypatch.setattr(place, name, note)

    for place, name, step in ((os, "fdatasync", "file"), (os, "fsync", "folder"), (spool.writer, "submit", "commit")):
        noted(place, name, step)
    large = MAIL + b"x" * (2 * BLOB_THRESHOLD)
    receipt = asyncio.run(accepted(spool, large))
    assert order == ["file", "folder", "commit"]
    path = spool.raw(receipt.id)
    assert isinstance(path, Path)
    assert path.read_bytes() == large
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_copy_of_a_large_mail_leaves_no_file(spool: Spool, accept: Accept, tmp_path: Path) -> None:
    large = MAIL + b"x" * (2 * BLOB_THRESHOLD)
    assert accept(large).id == accept(large).id
    assert len(list(tmp_path.glob("*.blobs/*"))) == 1


def test_a_mail_that_is_given_up_leaves_no_file(spool: Spool, tmp_path: Path) -> None:
    async def give_up() -> None:
        body = spool.body()
        await body.write(MAIL + b"x" * (2 * BLOB_THRESHOLD))
        assert spool.blobs.path(body.id).stat().st_size
        body.close()

    asyncio.run(give_up())
    assert list(tmp_path.glob("*.blobs/*")) == []


# A client that vanishes while its mail is being committed must not take the body's file with it.
def test_a_commit_under_way_is_never_cancelled(spool: Spool, tmp_path: Path) -> None:
    held = threading.Event()
    spool.change(lambda _: held.wait(10))

    async def vanish() -> None:
        waiting = asyncio.create_task(accepted(spool, MAIL + b"x" * (2 * BLOB_THRESHOLD)))
        await asyncio.sleep(0.3)
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)

    asyncio.run(vanish())
    held.set()
    spool.change(lambda _: None).result()
    (name,) = [path.name for path in tmp_path.glob("*.blobs/*")]
    assert trace(spool, name)["mail"]["blob"] == name


def test_orphaned_bodies_are_swept_at_start_and_those_being_written_are_not(url: str, tmp_path: Path) -> None:
    first = Spool(url)
    kept = asyncio.run(accepted(first, MAIL + b"x" * (2 * BLOB_THRESHOLD))).id
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


def test_only_one_gateway_works_on_a_spool(spool: Spool, url: str) -> None:
    second = Spool(url)
    with pytest.raises(SettingsError, match="in use by another running gateway"):
        second.own()
    second.close()


def test_a_header_without_end_is_too_large(spool: Spool) -> None:
    async def endless() -> None:
        body = spool.body(max_head=10_000)
        try:
            await body.write(b"X: " + b"x" * 20_000)
        finally:
            body.close()

    with pytest.raises(TooLarge, match="header"):
        asyncio.run(endless())


def test_too_little_free_disk_is_full(url: str) -> None:
    greedy = Spool(url, min_free=1 << 60)
    with pytest.raises(Full):
        asyncio.run(accepted(greedy, MAIL))
    greedy.close()


# A bad change fails alone: what waited with it in the same transaction is committed all the same.
def test_a_change_that_fails_does_not_cost_the_others(spool: Spool) -> None:
    held = threading.Event()
    spool.change(lambda _: held.wait(10))
    mails = [
        threading.Thread(target=lambda raw=raw: asyncio.run(accepted(spool, raw)))
        for raw in (MAIL, MAIL.replace(b"1@x", b"2@x"))
    ]
    mails[0].start()
    broken = spool.change(lambda connection: connection.exec_driver_sql("insert into nowhere values (1)"))
    mails[1].start()
    time.sleep(0.2)
    held.set()
    for mail in mails:
        mail.join()
    assert isinstance(broken.exception(timeout=10), Temporary)
    assert spool.read(query.counts) == [("errand", "queued", 2)]


def test_a_closed_spool_says_so(url: str) -> None:
    closed = Spool(url)
    closed.close()
    with pytest.raises(Temporary, match="closed"):
        closed.change(lambda _: None).result()


def test_the_file_is_for_our_user_alone(spool: Spool, accept: Accept, tmp_path: Path) -> None:
    accept(MAIL)
    assert {path.stat().st_mode & 0o077 for path in tmp_path.glob("spool.db*") if path.is_file()} == {0}


def test_an_envelope_of_many_recipients_is_kept_whole(spool: Spool) -> None:
    envelope = Envelope("smtp", "", tuple(f"support+{number}@example.com" for number in range(1000)), peer="192.0.2.1")
    receipt = asyncio.run(accepted(spool, MAIL, envelope=envelope))
    assert trace(spool, receipt.id)["mail"]["recipients"] == list(envelope.recipients)
    assert ENVELOPE.recipients == ("support@example.com",)


# Group commit: whatever waits goes to the disk together, so that many senders cost one sync and not many.
def test_all_that_waits_is_committed_in_one_transaction(spool: Spool) -> None:
    commits: list[Connection] = []
    event.listen(spool._writing, "commit", commits.append)
    held = threading.Event()
    spool.change(lambda _: held.wait(10))

    async def many() -> list[Receipt]:
        raws = (MAIL.replace(b"1@x", b"%d@x" % number) for number in range(50))
        waiting = [asyncio.create_task(accepted(spool, raw)) for raw in raws]
        await asyncio.sleep(0.5)
        held.set()
        return await asyncio.gather(*waiting)

    assert len({receipt.id for receipt in asyncio.run(many())}) == 50
    assert len(commits) <= 2
