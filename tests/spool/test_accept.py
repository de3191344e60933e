"""What `accept` promises: durable, whole, once."""

import asyncio
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import Connection, event

from gateway.errors import Permanent, Temporary, TooLarge
from gateway.model import Envelope, Receipt
from gateway.spool import query
from gateway.spool.accept import BLOB_THRESHOLD
from gateway.spool.body import Body
from gateway.spool.chunks import CHUNK
from gateway.spool.spool import Spool
from tests.spool.conftest import ENVELOPE, accepted, bodies, content

Accept = Callable[..., Receipt]
HEAD = b"Message-ID: <1@x>\r\nSubject: hello\r\nFrom: a@b\r\n"
MAIL = HEAD + b"\r\nhello\r\n"
LARGE = MAIL + b"x" * (2 * BLOB_THRESHOLD)


def trace(spool: Spool, name: str) -> dict[str, Any]:
    found = spool.read(lambda connection: query.trace(connection, name))
    assert found is not None
    return found


# Another process that opens the store after "yes" finds mail, job and first event, all or none.
def test_mail_job_and_first_event_are_one_transaction(accept: Accept, url: str) -> None:
    name = accept(MAIL, "support", "sales").id
    other = Spool(url)
    assert content(other, name) == MAIL
    found = trace(other, name)
    assert [(job["route"], job["state"]) for job in found["jobs"]] == [("support", "queued"), ("sales", "queued")]
    assert [event["step"] for event in found["events"]] == ["accepted"]
    other.close()


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


# Sizes round about that of a chunk, and a mail that begins small.
@pytest.mark.parametrize(
    "size", [1, BLOB_THRESHOLD - 1, CHUNK - len(MAIL), CHUNK, 2 * CHUNK - len(MAIL), 5 * CHUNK + 1]
)
def test_a_mail_of_any_size_comes_back_whole(spool: Spool, accept: Accept, size: int) -> None:
    raw = MAIL + bytes(range(256)) * (size // 256) + b"x" * (size % 256)
    assert content(spool, accept(raw).id) == raw


def test_a_copy_of_a_large_mail_leaves_no_body(spool: Spool, accept: Accept) -> None:
    assert accept(LARGE).id == accept(LARGE).id
    assert len(bodies(spool)) == 1


def test_a_mail_that_is_given_up_leaves_no_body(spool: Spool) -> None:
    async def give_up() -> None:
        body = spool.body()
        await body.write(LARGE)
        assert bodies(spool) == [body.id]
        body.close()

    asyncio.run(give_up())
    assert bodies(spool) == []


# A row without its body, or with half of it, must not become half an errand: a person has to look at it.
@pytest.mark.parametrize("left", [0, 1])
def test_a_body_that_is_missing_or_not_whole_is_said(spool: Spool, accept: Accept, left: int) -> None:
    name = accept(LARGE).id
    spool.bodies.remove([name])
    if left:
        half = spool.bodies.create(name)
        half.write(LARGE[:1000])
        half.sync()
        half.end(kept=True)
    with pytest.raises(Permanent, match="is not whole" if left else "is missing"), spool.raw(name):
        pytest.fail("there is no such body")


# A client that vanishes while its mail is being committed must not take the body with it.
def test_a_commit_under_way_is_never_cancelled(spool: Spool, monkeypatch: pytest.MonkeyPatch) -> None:
    held, handed_over = threading.Event(), asyncio.Event()

    def hand_over(body: Body) -> None:
        real(body)
        spool.change(lambda _: held.wait(10))
        handed_over.set()

    real = Body.hand_over
    monkeypatch.setattr(Body, "hand_over", hand_over)

    async def vanish() -> None:
        waiting = asyncio.create_task(accepted(spool, LARGE))
        await handed_over.wait()
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)

    asyncio.run(vanish())
    held.set()
    (name,) = bodies(spool)
    assert trace(spool, name)["mail"]["blob"] == name
    assert content(spool, name) == LARGE


def test_a_header_without_end_is_too_large(spool: Spool) -> None:
    async def endless() -> None:
        body = spool.body(max_head=10_000)
        try:
            await body.write(b"X: " + b"x" * 20_000)
        finally:
            body.close()

    with pytest.raises(TooLarge, match="header"):
        asyncio.run(endless())


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


def test_an_envelope_of_many_recipients_is_kept_whole(spool: Spool) -> None:
    envelope = Envelope("smtp", "", tuple(f"support+{number}@example.com" for number in range(1000)), peer="192.0.2.1")
    receipt = asyncio.run(accepted(spool, MAIL, envelope=envelope))
    assert trace(spool, receipt.id)["mail"]["recipients"] == list(envelope.recipients)
    assert ENVELOPE.recipients == ("support@example.com",)


# What a client says may hold what a store does not take: it must not cost the mail, on neither of them.
def test_an_envelope_of_strange_characters_is_kept(spool: Spool) -> None:
    envelope = Envelope("smtp", "a\x00b@x", ("s\x00@example.com",), helo="he\x00lo")
    receipt = asyncio.run(accepted(spool, MAIL, envelope=envelope))
    found = trace(spool, receipt.id)["mail"]
    assert "@x" in found["sender"]
    assert len(found["recipients"]) == 1
    assert content(spool, receipt.id) == MAIL


# Group commit: whatever waits goes to the disk together, so that many senders cost one sync and not many.
def test_all_that_waits_is_committed_in_one_transaction(spool: Spool) -> None:
    commits: list[Connection] = []
    event.listen(spool.database.writing, "commit", commits.append)
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


# A thread that is gone commits nothing: who waits for it must be told, or a client would wait until its own patience
# ends. What the dying transaction had committed is told as it is.
def test_when_the_writer_dies_nobody_waits_for_ever(spool: Spool, monkeypatch: pytest.MonkeyPatch) -> None:
    died: list[BaseException | None] = []
    monkeypatch.setattr(threading, "excepthook", lambda args: died.append(args.exc_value))
    busy, go_on = threading.Event(), threading.Event()

    def work(_connection: Connection) -> str:
        busy.set()
        assert go_on.wait(10)
        return "committed"

    def die() -> None:
        monkeypatch.setattr(spool.writer, "on_settled", lambda: None)
        raise MemoryError

    spool.writer.on_settled = die
    first = spool.change(work)
    assert busy.wait(10)
    waiting = [spool.change(lambda _connection: None) for _ in range(3)]
    go_on.set()
    assert first.result(10) == "committed"
    for future in waiting:
        with pytest.raises(Temporary, match="closed"):
            future.result(10)
    with pytest.raises(Temporary, match="closed"):
        spool.change(lambda _connection: None).result(10)
    assert isinstance(died[0], MemoryError)
