"""The table from SMTP to our errors is complete: every step with every code, and every exception there is."""

import smtplib
import socket
import ssl

import pytest

from gateway.errors import GatewayError, Permanent, Temporary, TooLarge
from gateway.outgoing.verdict import Ambiguous, Elsewhere, SmtpReply, Step, failure, require, verdict

BEFORE_THE_MAIL = [Step.GREETING, Step.HELLO, Step.TLS, Step.LOGIN]
ABOUT_THE_MAIL = [Step.SENDER, Step.RECIPIENT, Step.CONTENT, Step.END]
EXCEPTIONS: dict[type[Exception], Exception] = {
    smtplib.SMTPException: smtplib.SMTPException("broke"),
    smtplib.SMTPNotSupportedError: smtplib.SMTPNotSupportedError("does not offer it"),
    smtplib.SMTPServerDisconnected: smtplib.SMTPServerDisconnected("gone"),
    smtplib.SMTPResponseException: smtplib.SMTPResponseException(454, b"later"),
    smtplib.SMTPSenderRefused: smtplib.SMTPSenderRefused(550, b"no", "a@b"),
    smtplib.SMTPRecipientsRefused: smtplib.SMTPRecipientsRefused({}),
    smtplib.SMTPDataError: smtplib.SMTPDataError(554, b"no"),
    smtplib.SMTPConnectError: smtplib.SMTPConnectError(421, b"busy"),
    smtplib.SMTPHeloError: smtplib.SMTPHeloError(501, b"who?"),
    smtplib.SMTPAuthenticationError: smtplib.SMTPAuthenticationError(535, b"no"),
    ssl.SSLError: ssl.SSLError(1, "wrong version"),
    ssl.SSLCertVerificationError: ssl.SSLCertVerificationError(1, "self-signed"),
    ConnectionRefusedError: ConnectionRefusedError(111, "Connection refused"),
    TimeoutError: TimeoutError(),
    socket.gaierror: socket.gaierror(-2, "Name or service not known"),
    UnicodeError: UnicodeError("label too long"),
}


@pytest.mark.parametrize("step", Step)
def test_every_code_at_every_step_has_a_meaning(step: Step) -> None:
    for code in range(-1, 1000):
        error = verdict(step, SmtpReply(code, ""))
        assert error is None or issubclass(error, Temporary | Permanent)
        assert (error is None) == (code // 100 == (3 if step is Step.CONTENT else 2))


@pytest.mark.parametrize("step", BEFORE_THE_MAIL)
def test_a_no_before_the_mail_sends_us_to_the_next_one(step: Step) -> None:
    for code in (-1, 0, 100, 334, 421, 450, 500, 535, 554, 999):
        assert verdict(step, SmtpReply(code, "")) is Elsewhere


@pytest.mark.parametrize("step", ABOUT_THE_MAIL)
def test_a_no_to_the_mail_is_for_now_or_for_good(step: Step) -> None:
    assert verdict(step, SmtpReply(450, "")) is Temporary
    assert verdict(step, SmtpReply(452, "")) is Temporary
    assert verdict(step, SmtpReply(550, "")) is Permanent
    assert verdict(step, SmtpReply(554, "5.7.1 spam")) is Permanent


# Whatever nobody thought of must not park a mail.
@pytest.mark.parametrize("step", ABOUT_THE_MAIL)
@pytest.mark.parametrize("code", [-1, 0, 100, 199, 600, 999])
def test_what_the_table_does_not_know_is_temporary(step: Step, code: int) -> None:
    assert verdict(step, SmtpReply(code, "")) is Temporary


@pytest.mark.parametrize(
    ("step", "code", "text", "error"),
    [
        (Step.SENDER, 421, "closing", Elsewhere),
        (Step.RECIPIENT, 421, "closing", Elsewhere),
        (Step.CONTENT, 421, "closing", Elsewhere),
        (Step.END, 421, "closing", Temporary),
        (Step.SENDER, 530, "5.7.0 Authentication required", Elsewhere),
        (Step.RECIPIENT, 530, "5.7.0 Must issue a STARTTLS command first", Elsewhere),
        (Step.RECIPIENT, 552, "too many recipients", Temporary),
        (Step.SENDER, 552, "too big", TooLarge),
        (Step.END, 552, "5.3.4 too big", TooLarge),
        (Step.END, 554, "5.2.3 too big", TooLarge),
        (Step.END, 552, "5.2.2 mailbox full", Permanent),
        (Step.END, 552, "5.7.0 blocked by content", Permanent),
    ],
)
def test_replies_with_a_meaning_of_their_own(step: Step, code: int, text: str, error: type[GatewayError]) -> None:
    assert verdict(step, SmtpReply(code, text)) is error


def test_no_exception_of_smtplib_is_forgotten_here() -> None:
    known = {
        item for item in vars(smtplib).values() if isinstance(item, type) and issubclass(item, smtplib.SMTPException)
    }
    assert known <= EXCEPTIONS.keys()


@pytest.mark.parametrize("error", EXCEPTIONS.values(), ids=lambda error: type(error).__name__)
def test_every_exception_becomes_an_error_that_names_the_smarthost(error: OSError | ValueError) -> None:
    for step in Step:
        mapped = failure(step, error, "relay.example:25")
        assert type(mapped) is (Ambiguous if step is Step.END else Elsewhere)
        assert str(mapped).startswith("relay.example:25 ")
        assert ("may have taken" in str(mapped)) == (step is Step.END)


def test_a_refused_login_is_told_as_such() -> None:
    with pytest.raises(Elsewhere, match="refused our user or password"):
        require(Step.LOGIN, SmtpReply(535, "5.7.8 no"), "relay.example:25")


# Replies go to logs and terminals.
def test_the_text_of_a_reply_is_one_bounded_line() -> None:
    reply = SmtpReply.read(550, b"5.1.1 no\r\nsuch\x1b[31m \xff user" + b"x" * 9000)
    assert str(reply).startswith("550 5.1.1 no such [31m \ufffd user")
    assert len(reply.text) == 500
    assert reply.text.isprintable()
