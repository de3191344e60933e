"""The family of errors. Each carries what to do next, so that no caller has to guess from a status code.

Errors of others (HTTP status, SMTP reply, SQLite code) become one of these at one border each; whatever is not in the
family is treated as `Temporary` by the worker and as "451, try again" by the sources.
"""

from datetime import timedelta
from enum import StrEnum


class Reason(StrEnum):
    """Why something waits for a person, in a word that stays the same; `flow/advice.py` has what to do for each."""

    DOCUMENT_REFUSED = "document-refused"
    DOCUMENT_INVALID = "document-invalid"
    TOO_LARGE = "too-large"
    READER_CRASHED = "reader-crashed"
    GIVEN_UP = "given-up"
    RECIPIENT_REFUSED = "recipient-refused"
    NO_RECIPIENT = "no-recipient"
    ANSWER_EMPTY = "answer-empty"
    ANSWER_UNREADABLE = "answer-unreadable"
    MAIL_UNWRITABLE = "mail-unwritable"
    SMARTHOST_UNFIT = "smarthost-unfit"
    SETTINGS_GONE = "settings-gone"
    ERRAND_NOT_FOUND = "errand-not-found"
    ATTACHMENT_MISSING = "attachment-missing"
    CONTENT_MISSING = "content-missing"
    BY_HAND = "by-hand"
    UNAUTHORISED = "token-refused"
    HELD_BY_RULE = "held-by-rule"
    LOOP = "loop"
    HELD_BY_HAND = "held-by-hand"
    OTHER = "other"


def said(error: BaseException) -> str:
    """Put an error in words, without the system's number for it."""
    if isinstance(error, OSError) and error.strerror:
        return f"{error.filename}: {error.strerror}" if error.filename else error.strerror
    return str(error) or type(error).__name__


class GatewayError(Exception):
    """Anything the gateway says about its work. `str(error)` is a sentence for the operator, without secrets."""


class Temporary(GatewayError):
    """Try again. `delay` is what the other side asked us to wait (Retry-After), or None for our own back-off."""

    def __init__(self, message: str, delay: timedelta | None = None) -> None:
        super().__init__(message)
        self.delay = delay


class Paused(Temporary):
    """A person has paused what is needed: the job waits, and has not failed."""


class Permanent(GatewayError):
    """Trying again unchanged cannot help: park the job with this reason, for a person."""

    reason = Reason.OTHER

    def __init__(self, *said: object, reason: Reason | None = None) -> None:
        super().__init__(*said)
        if reason is not None:
            self.reason = reason


class TooLarge(Permanent):
    """Permanent for the whole, but a smaller one may pass (HTTP 413, or a 400 that names the size)."""

    reason = Reason.TOO_LARGE


class Refused(GatewayError):
    """Our credentials were refused: nothing is wrong with this job, everything in its lane waits for new ones."""


class Full(Temporary):
    """The spool cannot take more now: disk full, over its limit, or not writable."""


class SettingsError(GatewayError):
    """The settings cannot be used. `lines` says, one a line, file, key, what was expected and what was found."""

    def __init__(self, lines: list[str]) -> None:
        super().__init__("\n".join(lines))
        self.lines = lines
