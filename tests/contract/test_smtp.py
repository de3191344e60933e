"""SMTP in, as any client meets it (RFC 5321): what is offered, accepted, refused, and what is durable after a 250."""

import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from gateway.errors import Full
from gateway.model import Envelope, Receipt
from gateway.spool import query
from gateway.spool.accept import BLOB_THRESHOLD
from gateway.spool.spool import Spool
from tests.conversation import HOSTNAME, Receiver, Talk, receiving

MAIL = b"Message-ID: <1@client.example>\r\nSubject: hello\r\n\r\nhello\r\n"


@pytest.fixture
def receiver(tmp_path: Path) -> Iterator[Receiver]:
    with receiving(tmp_path) as running:
        yield running


@pytest.fixture
def talk(receiver: Receiver) -> Iterator[Talk]:
    with Talk(receiver.port) as opened:
        yield opened.greets()


def stored(spool: Spool) -> list[bytes]:
    """The bytes of every mail in the spool, oldest first."""
    jobs = spool.read(lambda connection: query.jobs(connection, [], "", 1000))
    names = dict.fromkeys(row["mail_id"] for row in reversed(jobs))
    return [content(spool, name) for name in names]


def content(spool: Spool, name: str) -> bytes:
    """The bytes of a mail, wherever they are."""
    with spool.raw(name) as raw:
        return raw if isinstance(raw, bytes) else raw.read_bytes()


def test_ehlo_offers_what_is_kept_and_names_no_software(receiver: Receiver) -> None:
    with Talk(receiver.port, greeted=False) as talk:
        assert talk.hears("220 ") == f"220 {HOSTNAME} ESMTP\r\n"
        offered = talk.says("EHLO me").hears("250-").split("\r\n")
    keywords = {line[4:] for line in offered[1:] if line}
    assert keywords == {"SIZE 50000000", "8BITMIME", "SMTPUTF8", "PIPELINING", "ENHANCEDSTATUSCODES"}


# Rule 1: the 250 names the mail, and at that moment another connection to the file finds it, whole, with a job.
def test_a_250_means_that_the_mail_is_in_the_spool(receiver: Receiver, talk: Talk) -> None:
    reply = talk.begins().says(MAIL + b".\r\n").hears("250 2.0.0 ")
    found = re.search(r"queued as (\S+)", reply)
    assert found
    with receiver.spool.raw(found[1]) as raw:
        assert raw == MAIL
    trace = receiver.spool.read(lambda connection: query.trace(connection, found[1]))
    assert trace is not None
    assert trace["mail"]["sender"] == "asa@client.example"
    assert [(job["route"], job["state"]) for job in trace["jobs"]] == [("support", "queued")]
    assert [event["step"] for event in trace["events"]] == ["accepted"]


def test_a_mail_to_two_routes_is_one_mail_with_two_jobs(receiver: Receiver, talk: Talk) -> None:
    talk.begins("support@example.com", "SALES@Example.COM", "support+tag@example.com", "any@sub.example.com")
    talk.says(MAIL + b".\r\n").hears("250 ")
    jobs = receiver.spool.read(lambda connection: query.jobs(connection, [], "", 10))
    assert {(job["route"], job["mail_id"]) for job in jobs} == {
        (name, jobs[0]["mail_id"]) for name in ("support", "sales")
    }


def test_a_copy_is_answered_250_and_shown_as_a_copy(receiver: Receiver, talk: Talk) -> None:
    first = talk.begins().says(MAIL + b".\r\n").hears("250 ").split()[-1]
    again = talk.begins().says(b"Received: from elsewhere\r\n" + MAIL + b".\r\n").hears("250 ")
    assert first in again
    assert stored(receiver.spool) == [MAIL]
    trace = receiver.spool.read(lambda connection: query.trace(connection, first))
    assert trace is not None
    assert [event["step"] for event in trace["events"]] == ["accepted", "copy"]


def test_a_large_mail_streams_to_a_file_and_a_small_one_does_not(receiver: Receiver, talk: Talk) -> None:
    large = MAIL + b"x" * (2 * BLOB_THRESHOLD) + b"\r\n"
    name = talk.begins().says(large + b".\r\n").hears("250 ").split()[-1]
    with receiver.spool.raw(name) as raw:
        assert isinstance(raw, Path)
        assert raw.read_bytes() == large


def test_the_null_sender_and_smtputf8_are_taken(receiver: Receiver, talk: Talk) -> None:
    talk.says("MAIL FROM:<>").hears("250 ")
    talk.says("RSET").hears("250 ")
    talk.says("MAIL FROM:<åsa@ö.example> BODY=8BITMIME SMTPUTF8").hears("250 ")
    talk.says("RCPT TO:<support@example.com>").hears("250 ")
    talk.says("DATA").hears("354 ")
    talk.says("Subject: Fråga\r\n\r\nå\r\n.").hears("250 ")
    assert stored(receiver.spool) == ["Subject: Fråga\r\n\r\nå\r\n".encode()]


def test_pipelined_commands_are_answered_in_order(talk: Talk) -> None:
    talk.says(b"MAIL FROM:<a@b>\r\nRCPT TO:<nobody@example.com>\r\nRCPT TO:<support@example.com>\r\nDATA\r\n")
    for start in ("250 2.1.0", "550 5.1.1", "250 2.1.5", "354 "):
        talk.hears(start)
    talk.says(MAIL + b".\r\nNOOP\r\nQUIT\r\n")
    for start in ("250 2.0.0 OK: queued", "250 2.0.0", "221 "):
        talk.hears(start)
    assert talk.closed()


def test_a_client_that_closes_its_side_still_gets_its_replies(receiver: Receiver) -> None:
    with Talk(receiver.port) as talk:
        talk.says(b"EHLO me\r\nMAIL FROM:<a@b>\r\nRCPT TO:<support@example.com>\r\nDATA\r\n" + MAIL + b".\r\n")
        talk.socket.shutdown(1)
        for start in ("250-", "250 ", "250 ", "354 ", "250 2.0.0 OK: queued"):
            talk.hears(start)
    assert stored(receiver.spool) == [MAIL]


@pytest.mark.parametrize(
    ("said", "heard"),
    [
        ("RCPT TO:<support@example.com>", "503 5.5.1"),
        ("DATA", "503 5.5.1"),
        ("MAIL FROM:nonsense", "501 5.1.7"),
        ("MAIL FROM:<a@b> SIZE=50000001", "552 5.3.4"),
        ("MAIL FROM:<a@b> SIZE=many", "501 5.5.4"),
        ("MAIL FROM:<a@b> BODY=BINARYMIME", "501 5.5.4"),
        ("MAIL FROM:<a@b> RET=FULL", "555 5.5.4"),
        ("VRFY support", "252 "),
        ("EXPN staff", "502 5.5.1"),
        ("AUTH PLAIN AGEAYg==", "502 5.5.1"),
        ("STARTTLS", "503 5.5.1"),
        ("EHLO", "501 5.5.4"),
        ("HELP", "214 "),
        ("FETCH / HTTP/1.1", "500 5.5.1"),
        ("", "500 5.5.1"),
    ],
)
def test_a_command_that_cannot_be_carried_out_says_why(talk: Talk, said: str, heard: str) -> None:
    talk.says(said).hears(heard)
    talk.says("NOOP").hears("250 ")


# No relaying, and VRFY and EXPN tell no more than RCPT does.
def test_only_recipients_of_routes_are_taken(talk: Talk) -> None:
    talk.says("MAIL FROM:<a@b>").hears("250 ")
    for recipient in ("nobody@example.com", "support@example.org", "postmaster", "support%other.example@example.com"):
        talk.says(f"RCPT TO:<{recipient}>").hears("550 5.1.1")
    known, unknown = (talk.says(f"VRFY {name}").reply() for name in ("support@example.com", "nobody@example.com"))
    assert known == unknown


def test_mail_needs_a_greeting_first(receiver: Receiver) -> None:
    with Talk(receiver.port) as talk:
        talk.says("MAIL FROM:<a@b>").hears("503 5.5.1")


# What is smuggled behind a lookalike of the end is refused with it, and the session goes on after the real end.
@pytest.mark.parametrize(
    "lookalike",
    [b"\n.\n", b"\r.\r", b"\r.\n", b"\n.\r", b"\n.\r\n", b"\r\n.\n", b"\r.\r\n", b"\r\n.\r\r\n", b"\r\r\n.\r\r\n"],
)
def test_smuggling_is_refused_and_leaves_no_mail(receiver: Receiver, talk: Talk, lookalike: bytes) -> None:
    smuggled = b"MAIL FROM:<evil@example.com>\r\nRCPT TO:<support@example.com>\r\nDATA\r\n" + MAIL
    talk.begins().says(MAIL + lookalike + smuggled + b".\r\n").hears("550 5.6.0")
    talk.says("NOOP").hears("250 ")
    assert stored(receiver.spool) == []


@pytest.mark.parametrize("lookalike", [b"\r\n\0.\r\n", b"\r\n.\0\r\n"])
def test_a_dot_beside_a_nul_is_text_of_one_mail(receiver: Receiver, talk: Talk, lookalike: bytes) -> None:
    talk.begins().says(MAIL + lookalike + b"rest\r\n.\r\n").hears("250 ")
    (mail,) = stored(receiver.spool)
    assert mail.endswith(b"rest\r\n")


def test_too_large_a_mail_is_refused_when_its_data_says_so_and_read_to_its_end(tmp_path: Path) -> None:
    with receiving(tmp_path, max_size=100_000) as receiver, Talk(receiver.port) as talk:
        talk.greets().begins().says(MAIL + b"x" * 150_000 + b"\n.\nMAIL FROM:<evil@example.com>")
        talk.says(b"\r\n.\r\n").hears("55")
        talk.begins().says(MAIL + b"x" * 150_000 + b"\r\n.\r\n").hears("552 5.3.4")
        talk.begins().says(MAIL + b".\r\n").hears("250 ")
        assert stored(receiver.spool) == [MAIL]
        assert list(tmp_path.glob("*.blobs/*")) == []


def test_a_mail_without_an_end_is_cut_off(tmp_path: Path) -> None:
    with receiving(tmp_path, max_size=100_000) as receiver, Talk(receiver.port) as talk:
        talk.greets().begins()
        for _ in range(20):
            try:
                talk.says(b"x" * 50_000)
            except OSError:
                break
        try:
            talk.hears("421 ")
        except ConnectionResetError:
            assert stored(receiver.spool) == []
        assert talk.closed()


def test_an_endless_header_is_refused(tmp_path: Path) -> None:
    with receiving(tmp_path, max_header_size=10_000) as receiver, Talk(receiver.port) as talk:
        talk.greets().begins().says(b"X: " + b"x" * 20_000 + b"\r\n\r\nhello\r\n.\r\n").hears("552 5.3.4")
        talk.begins().says(MAIL + b"x" * 20_000 + b"\r\n.\r\n").hears("250 ")


def test_a_mail_in_a_loop_is_refused(receiver: Receiver, talk: Talk) -> None:
    ours = f"Received: from a by {HOSTNAME} with ESMTP; now\r\n".encode()
    talk.begins().says(4 * ours + MAIL + b".\r\n").hears("554 5.4.6")
    talk.begins().says(51 * b"Received: from a by b\r\n" + MAIL + b".\r\n").hears("554 5.4.6")
    assert stored(receiver.spool) == []
    talk.begins().says(3 * ours + MAIL + b".\r\n").hears("250 ")


class Failing:
    """A spool that fails as it is told."""

    def __init__(self, error: Exception) -> None:
        self.error = error
        self.real: Spool | None = None

    def body(self, max_head: int) -> Any:
        assert self.real is not None
        return self.real.body(max_head)

    def check_room(self, _size: int) -> None:
        if isinstance(self.error, Full):
            raise self.error

    async def accept(self, _envelope: Envelope, _body: Any, _routes: Any) -> Receipt:
        raise self.error


def test_a_full_spool_is_452_before_the_data_comes(tmp_path: Path) -> None:
    with receiving(tmp_path, store=Failing(Full("no room"))) as receiver, Talk(receiver.port) as talk:
        talk.greets().says("MAIL FROM:<a@b> SIZE=1000").hears("452 4.3.1")


# aiosmtpd answers "500 Error: (class) text", which loses the mail and shows our inside (lessons.md).
def test_what_nobody_expected_is_451_with_a_trace_id_and_nothing_of_our_inside(tmp_path: Path) -> None:
    failing = Failing(ZeroDivisionError("inside"))
    with receiving(tmp_path, store=failing) as receiver, Talk(receiver.port) as talk:
        failing.real = receiver.spool
        reply = talk.greets().begins().says(MAIL + b".\r\n").hears("451 4.3.0")
        assert re.search(r"\([0-9A-Z]{26}\)", reply)
        assert "inside" not in reply
        assert "ZeroDivision" not in reply
        talk.says("NOOP").hears("250 ")


def test_too_many_recipients_are_452_and_the_others_go_on(tmp_path: Path) -> None:
    with receiving(tmp_path, max_recipients=100) as receiver, Talk(receiver.port) as talk:
        talk.greets().says("MAIL FROM:<a@b>").hears("250 ")
        for number in range(100):
            talk.says(f"RCPT TO:<support+{number}@example.com>").hears("250 ")
        talk.says("RCPT TO:<support+more@example.com>").hears("452 4.5.3")
        talk.says("DATA").hears("354 ")
        talk.says(MAIL + b".\r\n").hears("250 ")


def test_too_many_connections_are_421(tmp_path: Path) -> None:
    with receiving(tmp_path, max_connections_per_address=2) as receiver, Talk(receiver.port), Talk(receiver.port):
        with Talk(receiver.port, greeted=False) as third:
            third.hears("421 4.7.0")
            assert third.closed()
        time.sleep(0.05)
    with receiving(tmp_path, max_connections=1) as receiver:
        with Talk(receiver.port), Talk(receiver.port, greeted=False) as second:
            second.hears("421 4.3.2")
        time.sleep(0.05)
        with Talk(receiver.port) as after:
            after.greets()


def test_too_many_errors_or_idle_commands_end_the_session(tmp_path: Path) -> None:
    with receiving(tmp_path, max_errors=3, max_commands=10) as receiver:
        with Talk(receiver.port) as talk:
            for _ in range(4):
                talk.says("NONSENSE").hears("500 ")
            talk.hears("421 4.7.0")
            assert talk.closed()
        with Talk(receiver.port) as talk:
            for _ in range(10):
                talk.says("NOOP").hears("250 ")
            talk.says("NOOP").hears("421 4.7.0")
            assert talk.closed()


def test_an_endless_command_line_ends_the_session(talk: Talk) -> None:
    talk.says(b"MAIL FROM:<" + b"x" * 10_000).hears("500 5.5.6")
    assert talk.closed()


# NOOP renews aiosmtpd's timer, and one byte now and then keeps its connections for ever; here a line has one deadline.
def test_a_command_that_does_not_come_whole_in_time_ends_the_session(tmp_path: Path) -> None:
    with receiving(tmp_path, command_timeout="300 ms") as receiver, Talk(receiver.port) as talk:
        began = time.monotonic()
        for _ in range(10):
            try:
                talk.says(b"N")
            except OSError:
                break
            time.sleep(0.1)
        talk.hears("421 4.4.2")
        assert talk.closed()
        assert time.monotonic() - began < 3


def test_data_that_comes_too_slowly_ends_the_session(tmp_path: Path) -> None:
    with receiving(tmp_path, data_timeout="300 ms", min_rate=1000) as receiver, Talk(receiver.port) as talk:
        talk.greets().begins()
        for _ in range(20):
            try:
                talk.says(b"x")
            except OSError:
                break
            time.sleep(0.05)
        talk.hears("421 4.4.2")
        assert talk.closed()
        assert stored(receiver.spool) == []


def test_a_stop_ends_idle_sessions_and_lets_a_mail_in_hand_finish(receiver: Receiver) -> None:
    with Talk(receiver.port) as idle, Talk(receiver.port) as busy:
        busy.greets().begins().says(MAIL)
        stopping = receiver._loop  # the receiver's own loop runs the stop while both talks go on
        done = __import__("asyncio").run_coroutine_threadsafe(receiver._listener.stop(), stopping)
        idle.hears("421 4.3.2")
        assert idle.closed()
        busy.says(b".\r\n").hears("250 2.0.0 OK: queued")
        busy.hears("421 4.3.2")
        done.result(timeout=5)
    assert stored(receiver.spool) == [MAIL]
