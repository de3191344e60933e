"""`ingest`: a mail on standard input, for pipes, aliases and scripts. It imports little, for it starts often."""

import asyncio
import sys
from typing import Annotated

import typer

from gateway.cli.exits import Exit
from gateway.cli.options import DEFAULT, Config
from gateway.cli.terminal import complain
from gateway.model import Envelope

app = typer.Typer()


@app.command()
def ingest(
    recipient: Annotated[list[str], typer.Option("--recipient", "-r", help="Envelope recipient; may be repeated.")],
    sender: Annotated[str, typer.Option("--sender", "-f", help="Envelope sender; empty is the null one.")] = "",
    config: Config = DEFAULT,
) -> None:
    """Take one mail from standard input into the spool (for Postfix's pipe and scripts)."""
    from gateway.config.load import load
    from gateway.ingest import ingest as take
    from gateway.recipients import checked

    settings = load(config)
    recipients = checked(settings, str(config))
    routes = {address: recipients.match(address) for address in recipient}
    if unknown := [address for address, route in routes.items() if route is None]:
        raise complain(f"no such recipient here: {', '.join(unknown)}", Exit.NO_RECIPIENT)
    envelope = Envelope("pipe", sender, tuple(recipient))
    names = list(dict.fromkeys(route for route in routes.values() if route))
    receipt = asyncio.run(take(settings, envelope, names, sys.stdin.buffer))
    print(f"{'have it already, as' if receipt.repeat else 'queued as'} {receipt.id}")
