"""`trace`: a mail's or an answer's whole way."""

import sys
from typing import Annotated

import typer

from gateway.cli.completion import subjects
from gateway.cli.exits import Exit
from gateway.cli.options import DEFAULT, AsJson, Config, opened
from gateway.cli.terminal import complain, print_json

app = typer.Typer()


@app.command()
def trace(
    name: Annotated[
        str,
        typer.Argument(
            metavar="ID", help="A mail's or callback's id, a job, a Message-ID, or #errand.", autocompletion=subjects
        ),
    ],
    config: Config = DEFAULT,
    *,
    as_json: AsJson = False,
    raw: Annotated[bool, typer.Option("--raw", help="Print the mail itself, or the callback's document.")] = False,
) -> None:
    """Tell a mail's or an answer's whole way, step by step, with all that belongs to the same errand.

    ✓ went well, ! is tried again or waits, ✗ needs a person. Times are those of this machine's zone.
    """
    from gateway import operate
    from gateway.cli.telling import tell
    from gateway.status.steps import ways

    with opened(config) as spool:
        if raw:
            sys.stdout.buffer.write(operate.raw(spool, name))
            return
        traces = operate.traces(spool, name)
    if as_json:
        print_json(traces)
    else:
        tell(ways(traces))
    if not traces:
        raise complain(f"nothing is known of {name}", Exit.FAILED)
