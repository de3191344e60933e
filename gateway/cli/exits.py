"""Exit codes, and what each kind of error comes to: a clear line and a code, never a traceback."""

import os
import sys
from collections.abc import Callable, Mapping
from enum import IntEnum

from gateway.errors import GatewayError, Permanent, Refused, SettingsError


class Exit(IntEnum):
    """Exit codes (sysexits.h), which Postfix's pipe and others act on."""

    FAILED = 1
    USAGE = 64
    UNUSABLE = 65
    NO_INPUT = 66
    NO_RECIPIENT = 67
    UNAVAILABLE = 69
    AGAIN = 75
    NOT_ALLOWED = 77
    SETTINGS = 78


# Of each code what it says, for the pages that the commands' descriptions are printed on.
MEANINGS: Mapping[int, str] = {
    0: "done",
    Exit.FAILED: "a check, search or act came out wrong, or something needs a person; what, stands on standard error",
    2: "wrong usage: no such option, or a value that cannot be read",
    Exit.USAGE: "wrong usage: words that do not go together",
    Exit.UNUSABLE: "the mail, document or job cannot be used",
    Exit.NO_INPUT: "a file cannot be read",
    Exit.NO_RECIPIENT: "no such recipient here",
    Exit.UNAVAILABLE: "a server is not there, or no gateway answers",
    70: "a part of the gateway ended unasked",
    Exit.AGAIN: "not now: try again later (what Postfix's pipe does of itself)",
    Exit.NOT_ALLOWED: "credentials were refused",
    Exit.SETTINGS: "wrong settings: a line for each mistake",
}

_CODES: tuple[tuple[type[GatewayError], Exit], ...] = (
    (SettingsError, Exit.SETTINGS),
    (Refused, Exit.NOT_ALLOWED),
    (Permanent, Exit.UNUSABLE),
    (GatewayError, Exit.AGAIN),
)


def exit_code(error: GatewayError) -> Exit:
    """Return the code that tells what became of the command."""
    return next(code for kind, code in _CODES if isinstance(error, kind))


def run_to_exit(command: Callable[[], object]) -> None:
    """Run a command; every error that we foresee ends it with its lines on standard error and its code."""
    try:
        command()
    except GatewayError as error:
        for line in str(error).splitlines():
            print(line, file=sys.stderr)
        sys.exit(exit_code(error))
    except BrokenPipeError:
        os._exit(0)
