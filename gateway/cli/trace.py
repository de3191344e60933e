"""`trace`: a mail's or an answer's whole way."""

import sys
from typing import Annotated

import typer

from gateway.cli.exits import Exit
from gateway.cli.options import DEFAULT, AsJson, Config, opened
from gateway.cli.terminal import complain, print_json

app = typer.Typer()


@app.command()
def trace(
    name: Annotated[
        str, typer.Argument(metavar="ID", help="A mail's or callback's id, a job, a Message-ID, or #errand.")
    ],
    config: Config = DEFAULT,
    *,
    as_json: AsJson = False,
    raw: Annotated[bool, typer.Option("--raw", help="Print the mail itself, or the callback's document.")] = False,
) -> None:
    """Tell a mail's or an answer's whole way, step by step."""
    from gateway import operate

    with opened(config) as spool:
        if raw:
            sys.stdout.buffer.write(operate.raw(spool, name))
            return
        traces = operate.traces(spool, name)
    if as_json:
        print_json(traces)
    for one in traces if not as_json else []:
        for line in operate.told(one):
            print(line)
    if not traces:
        raise complain(f"nothing is known of {name}", Exit.FAILED)
