"""The family of errors. Each carries what to do next, so that no caller has to guess from a status code.

Errors of others (HTTP status, SMTP reply, SQLite code) become one of these at one border each; whatever is not in the
family is treated as `Temporary` by the worker and as "451, try again" by the sources.
"""

from datetime import timedelta


class GatewayError(Exception):
    """Anything the gateway says about its work. `str(error)` is a sentence for the operator, without secrets."""


class Temporary(GatewayError):
    """Try again. `delay` is what the other side asked us to wait (Retry-After), or None for our own back-off."""

    def __init__(self, message: str, delay: timedelta | None = None) -> None:
        super().__init__(message)
        self.delay = delay


class Permanent(GatewayError):
    """Trying again unchanged cannot help: park the job with this reason, for a person."""


class TooLarge(Permanent):
    """Permanent for the whole, but a smaller one may pass (HTTP 413, or a 400 that names the size)."""


class Refused(GatewayError):
    """Our credentials were refused: nothing is wrong with this job, everything in its lane waits for new ones."""


class Full(Temporary):
    """The spool cannot take more now: disk full, over its limit, or not writable."""


class SettingsError(GatewayError):
    """The settings cannot be used. `lines` says, one a line, file, key, what was expected and what was found."""

    def __init__(self, lines: list[str]) -> None:
        super().__init__("\n".join(lines))
        self.lines = lines
