"""What a smarthost's reply, or its silence, means for the mail: the one table from SMTP to our errors.

RFC 5321 4.2.1: 2yz is done, 3yz go on, 4yz try again, 5yz not like this. What that says about the mail depends on where
the conversation was: until the sender is named a "no" is about us, so the next smarthost is asked; after that it is
about the mail. What the table does not know is temporary.
"""

import re
import smtplib
import ssl
from dataclasses import dataclass
from enum import StrEnum

from gateway.errors import GatewayError, Permanent, Temporary, TooLarge

_TEXT = 500
_CONTROLS = re.compile(r"[\x00-\x20\x7f-\x9f\u2028\u2029]+")
_ENHANCED = re.compile(r"[245]\.\d{1,3}\.\d{1,3}(?!\S)")


class Elsewhere(Temporary):
    """This smarthost took nothing of the mail and cannot now: ask the next one."""


class Busy(Elsewhere):
    """As many connections of ours as may be are in use: nothing is wrong with the smarthost."""


class Incapable(Exception):
    """This smarthost cannot carry the mail, though another may. `error` is what holds where none can."""

    def __init__(self, error: Permanent) -> None:
        super().__init__(str(error))
        self.error = error


class Ambiguous(Temporary):
    """The line broke after the final dot: the smarthost may have the mail, which is tried again as it is."""


class Step(StrEnum):
    """Where the conversation was, in the words of the sentence that tells of it."""

    GREETING = "the connection"
    HELLO = "EHLO"
    TLS = "STARTTLS"
    LOGIN = "the login"
    SENDER = "MAIL FROM"
    RECIPIENT = "RCPT TO"
    CONTENT = "DATA"
    END = "the end of data"


@dataclass(frozen=True, slots=True)
class SmtpReply:
    """A reply: its code, and its text in one line, free of controls, at most 500 characters."""

    code: int
    text: str

    @classmethod
    def read(cls, code: int, text: bytes | str) -> "SmtpReply":
        """Make a reply of what smtplib hands out."""
        decoded = text.decode("utf-8", "replace") if isinstance(text, bytes) else text
        return cls(code, _CONTROLS.sub(" ", decoded[: 4 * _TEXT]).strip()[:_TEXT])

    @property
    def enhanced(self) -> str:
        """The enhanced status code (RFC 3463) that the text begins with, or ""."""
        match = _ENHANCED.match(self.text)
        return match[0] if match else ""

    def __str__(self) -> str:
        return f"{self.code} {self.text}".rstrip()


_STORAGE_EXCEEDED = 552
_LOGIN_REFUSED = frozenset({432, 534, 535, 538})  # RFC 4954 6
_ABOUT_US = frozenset({Step.GREETING, Step.HELLO, Step.TLS, Step.LOGIN})
_CLASSES: dict[int, type[GatewayError]] = {4: Temporary, 5: Permanent}
_PARTICULAR: dict[tuple[Step, int], type[GatewayError]] = {
    # The server closes (RFC 5321 3.8) before it has taken anything.
    (Step.SENDER, 421): Elsewhere,
    (Step.RECIPIENT, 421): Elsewhere,
    (Step.CONTENT, 421): Elsewhere,
    # It wants a login or TLS first (RFC 4954 6): our settings are at fault, not the mail.
    (Step.SENDER, 530): Elsewhere,
    (Step.SENDER, 538): Elsewhere,
    (Step.RECIPIENT, 530): Elsewhere,
    # Too many recipients, in the words of old servers (RFC 5321 4.5.3.1.10).
    (Step.RECIPIENT, 552): Temporary,
}


def verdict(step: Step, reply: SmtpReply) -> type[GatewayError] | None:
    """Return the error that a reply stands for, or None where it says to go on."""
    if reply.code // 100 == (3 if step is Step.CONTENT else 2):
        return None
    if step in _ABOUT_US:
        return Elsewhere
    if (step, reply.code) in _PARTICULAR:
        return _PARTICULAR[step, reply.code]
    error = _CLASSES.get(reply.code // 100, Temporary)
    return TooLarge if error is Permanent and _is_about_size(reply) else error


def require(step: Step, reply: SmtpReply, smarthost: str) -> None:
    """Go on if the reply says so; else raise what it stands for, in a sentence that names the smarthost."""
    error = verdict(step, reply)
    if error is not None:
        refused = "refused our user or password: it " if step is Step.LOGIN and reply.code in _LOGIN_REFUSED else ""
        raise error(f"{smarthost} {refused}answered {step} with {reply}")


def failure(step: Step, error: OSError | ValueError, smarthost: str) -> GatewayError:
    """Return what an exception of smtplib, ssl or the socket stands for. Before the final dot nothing was taken.

    After it the smarthost may have the mail: it is tried again under the same Message-ID, and the sentence says so.
    """
    if step is Step.END:
        return Ambiguous(
            f"{smarthost} {_told(error)} after the final dot: it may have taken the mail, which is tried again"
        )
    return Elsewhere(f"{smarthost} {_told(error)}")


def _is_about_size(reply: SmtpReply) -> bool:
    return reply.enhanced in {"5.2.3", "5.3.4"} or (reply.code == _STORAGE_EXCEEDED and not reply.enhanced)


def _told(error: OSError | ValueError) -> str:
    match error:
        case smtplib.SMTPResponseException():
            return f"answered {SmtpReply.read(error.smtp_code, error.smtp_error)}"
        case smtplib.SMTPServerDisconnected():
            return "closed the connection"
        case smtplib.SMTPException():
            return SmtpReply.read(0, str(error)).text
        case ssl.SSLError():
            return f"failed at TLS: {error.strerror or error}"
        case TimeoutError():
            return "did not answer in time"
    return f"could not be talked to: {getattr(error, 'strerror', None) or error}"
