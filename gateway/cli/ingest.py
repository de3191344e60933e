"""`ingest`: a mail on standard input, for pipes, aliases and scripts. It imports little, for it starts often.

Its exit code is read by a mail server, for which only 75 means "keep it and try again": whatever is wrong with us and
not with the mail, wrong settings and wrong usage included, is 75. 65 and 67 are for mails that never can be taken.
"""

import os
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperCommand

from gateway.cli.exits import Exit
from gateway.cli.options import DEFAULT, Config
from gateway.cli.terminal import complain
from gateway.errors import Permanent
from gateway.model import Receipt

app = typer.Typer()

# What Postfix says for the null sender where it may not be empty (pipe(8)).
_NULL = frozenset({"", "<>", "MAILER-DAEMON"})


class _Patient(TyperCommand):
    """Wrong usage is a mistake of whoever wrote the pipe's line; the mails that meet it wait until it is mended."""

    def make_context(self, *given: Any, **named: Any) -> Any:
        """Read the arguments; what cannot be read ends with 75 and not with 2."""
        try:
            return super().make_context(*given, **named)
        except typer.Exit:
            raise
        except Exception as error:
            if hasattr(error, "exit_code"):
                error.exit_code = Exit.AGAIN
            raise


@app.command(cls=_Patient)
def ingest(
    recipient: Annotated[
        list[str] | None,
        typer.Option("--recipient", "-r", help="Envelope recipient; may be repeated. By default $RECIPIENT."),
    ] = None,
    sender: Annotated[
        str | None, typer.Option("--sender", "-f", help="Envelope sender, empty for the null one. By default $SENDER.")
    ] = None,
    config: Config = DEFAULT,
) -> None:
    """Take one mail from standard input into the spool (for pipes of mail servers, and scripts)."""
    try:
        receipt = _take(config, recipient or [], os.environ.get("SENDER") if sender is None else sender)
    except Permanent as error:
        raise complain(error, Exit.UNUSABLE) from error
    except typer.Exit:
        raise
    except Exception as error:
        raise complain(f"try again later: {str(error) or type(error).__name__}", Exit.AGAIN) from error
    with suppress(OSError):  # the mail is taken, whoever listens
        print(f"{'have it already, as' if receipt.repeat else 'queued as'} {receipt.id}", flush=True)


def _first(match: Callable[[str], str | None], *addresses: str | None) -> list[str]:
    """Return the first address that has a route, or else the first."""
    known = [address for address in addresses if address]
    return next(([address] for address in known if match(address)), known[:1])


def _take(config: Path, given: Sequence[str], sender: str | None) -> Receipt:
    import asyncio

    from gateway.config.pipe import load_pipe
    from gateway.ingest import ingest as take
    from gateway.recipients import checked

    settings = load_pipe(config)
    match = checked(settings, str(config)).match
    # The address that the mail server made of it, then the one that the mail was sent to (local(8) of Postfix).
    recipients = given or _first(match, os.environ.get("RECIPIENT"), os.environ.get("ORIGINAL_RECIPIENT"))
    if not recipients:
        raise complain("try again later: no --recipient, and no RECIPIENT in the environment", Exit.AGAIN)
    routes = {address: match(address) for address in recipients}
    if unknown := [address for address, route in routes.items() if route is None]:
        raise complain(f"no such recipient here: {', '.join(unknown)}", Exit.NO_RECIPIENT)
    known = {address: route for address, route in routes.items() if route is not None}
    return asyncio.run(take(settings, "" if sender in _NULL else sender, known, sys.stdin.buffer))
