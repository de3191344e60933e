"""What goes wrong on the line: each code, each cut and each silence at each step, and who is asked next."""

import time

import pytest

from gateway.errors import Permanent, Temporary
from gateway.outgoing.session import Session
from gateway.outgoing.smarthost import Delivery, Smarthost, Timeouts
from gateway.outgoing.verdict import Elsewhere
from tests.unit.scripted_smarthost import CUT, DRIP, GARBAGE, SILENT, deliver, smarthost

MAIL = b"Subject: x\r\n\r\nHello\r\n"
BEFORE_THE_DOT = ["greeting", "EHLO", "MAIL", "RCPT", "DATA"]


def send(*ports: int, timeout: float = 0.3, message: bytes = MAIL) -> Delivery:
    hosts = [Smarthost("127.0.0.1", port, "plain") for port in ports]
    return deliver(hosts, "s@example.com", ["ann@example.org"], message, seconds=timeout)


@pytest.fixture
def closed_port() -> int:
    with smarthost() as server:
        return server.port


def test_a_smarthost_that_is_not_there_is_passed_over(closed_port: int) -> None:
    with smarthost() as second:
        assert send(closed_port, second.port).smarthost == f"127.0.0.1:{second.port}"


# Nothing was taken before the final dot, so another one may have the mail without a second copy.
@pytest.mark.parametrize("step", BEFORE_THE_DOT)
@pytest.mark.parametrize("fault", [CUT, SILENT, GARBAGE, DRIP, "421 4.3.2 Closing"])
def test_a_smarthost_that_breaks_off_is_passed_over(step: str, fault: str) -> None:
    with smarthost({step: fault, "HELO": fault}) as first, smarthost() as second:
        assert send(first.port, second.port).smarthost == f"127.0.0.1:{second.port}"
    assert first.mails == []
    assert second.mails == [MAIL]


# The same while the mail itself is on its way, more of it than any buffer takes.
@pytest.mark.parametrize("fault", [CUT, SILENT])
def test_a_smarthost_that_breaks_off_within_the_mail_is_passed_over(fault: str) -> None:
    large = MAIL + (b"x" * 76 + b"\r\n") * 200_000
    with smarthost({"content": fault}) as first, smarthost() as second:
        assert send(first.port, second.port, message=large).smarthost == f"127.0.0.1:{second.port}"
    assert (first.mails, second.mails) == ([], [large])


@pytest.mark.parametrize("greeting", ["421 busy", "450 later", "554 No SMTP service here"])
def test_a_greeting_that_says_no_sends_us_on(greeting: str) -> None:
    with smarthost({"greeting": greeting}) as first, smarthost() as second:
        assert send(first.port, second.port).sent


def test_when_nobody_answers_each_is_told_with_its_reason(closed_port: int) -> None:
    with (
        smarthost({"greeting": "421 busy"}) as busy,
        smarthost({"greeting": SILENT}) as silent,
        pytest.raises(Temporary) as told,
    ):
        send(closed_port, busy.port, silent.port)
    assert f"127.0.0.1:{closed_port} could not be talked to: Connection refused" in str(told.value)
    assert f"127.0.0.1:{busy.port} answered 421 busy" in str(told.value)
    assert f"127.0.0.1:{silent.port} did not answer in time" in str(told.value)
    assert not isinstance(told.value, Elsewhere)


def test_without_a_smarthost_the_mail_waits() -> None:
    with pytest.raises(Temporary, match="none is set"):
        send()


@pytest.mark.parametrize("step", ["MAIL", "RCPT", "DATA", "end"])
@pytest.mark.parametrize(("reply", "error"), [("451 4.3.0 Later", Temporary), ("550 5.7.1 Never", Permanent)])
def test_a_no_to_the_mail_is_the_last_word(step: str, reply: str, error: type[Exception]) -> None:
    with smarthost({step: reply}) as first, smarthost() as second, pytest.raises(error, match=reply):
        send(first.port, second.port)
    assert second.commands == []


# Only here can a mail be delivered twice: it is said, and the next smarthost is not asked at once.
@pytest.mark.parametrize("fault", [CUT, GARBAGE, DRIP, SILENT])
def test_an_end_that_nobody_knows_is_told_as_such(fault: str) -> None:
    ambiguous = pytest.raises(Temporary, match="after the final dot: it may have taken the mail")
    with smarthost({"end": fault}) as first, smarthost() as second, ambiguous:
        send(first.port, second.port)
    assert first.mails == [MAIL]
    assert second.mails == []


# RFC 5321 4.5.3.2: who gives up too early there makes a second copy.
def test_the_wait_after_the_final_dot_is_longer_than_the_others() -> None:
    with smarthost({"end": SILENT}) as server:
        started = time.monotonic()
        with pytest.raises(Temporary, match="did not answer in time"):
            send(server.port, timeout=0.2)
        assert 0.9 < time.monotonic() - started < 2


def test_a_reply_that_drips_in_is_bounded_in_time() -> None:
    with smarthost({"MAIL": DRIP}) as server:
        started = time.monotonic()
        with pytest.raises(Temporary):
            send(server.port, timeout=0.3)
        assert time.monotonic() - started < 1


@pytest.mark.parametrize("reply", ["250-x\n" * 5000 + "250 x", "250 " + "x" * 100_000])
def test_a_reply_without_end_is_bounded_in_size(reply: str) -> None:
    with smarthost({"MAIL": reply}) as server, pytest.raises(Temporary, match="without end"):
        send(server.port)


# The mail is theirs; a rude goodbye changes nothing.
@pytest.mark.parametrize("fault", [CUT, SILENT, GARBAGE, "554 no"])
def test_a_goodbye_that_fails_changes_nothing(fault: str) -> None:
    with smarthost({"QUIT": fault}) as server:
        assert send(server.port).sent == ("ann@example.org",)


def test_a_goodbye_is_not_waited_for_as_long_as_a_mail(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gateway.outgoing.session._GOODBYE", 0.1)
    with smarthost({"QUIT": SILENT}) as server:
        started = time.monotonic()
        assert send(server.port, timeout=20).sent
        assert time.monotonic() - started < 2


# A reply that came late must not leave the next command with the rest of its time.
def test_each_wait_has_its_whole_time() -> None:
    with (
        smarthost() as server,
        Session("127.0.0.1", server.port, hostname="gw", timeouts=Timeouts.of(3), tls=None) as session,
    ):
        assert session.sock is not None
        assert session.sock.gettimeout() == 3


def test_a_host_that_no_name_server_can_be_asked_for_is_passed_over() -> None:
    with smarthost() as second:
        hosts = [Smarthost("x" * 70 + ".example", 25, "plain"), Smarthost("127.0.0.1", second.port, "plain")]
        assert deliver(hosts, "", ["a@b.example"], MAIL, seconds=0.3).sent
