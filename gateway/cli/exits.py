"""Exit codes, and what each kind of error comes to: a clear line and a code, never a traceback."""

import os
import sys
from collections.abc import Callable
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
