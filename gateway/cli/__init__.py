"""The command line. It alone prints; what the commands do is elsewhere. Exit codes are those of sysexits.h.

0 done · 1 a check or demo that failed · 64 wrong usage · 65 the mail cannot be used · 66 no such input · 67 no such
recipient · 69 a server is not there · 75 try again later · 77 credentials were refused · 78 wrong settings

Commands import what they work with when they are called: each starts as quickly as it can, `ingest` above all.
"""

import sys
from functools import partial
from importlib.util import find_spec

import typer

from gateway.cli import (
    acts,
    alert,
    dkim,
    errand,
    health,
    import_,
    ingest,
    oauth,
    pause,
    preview,
    rules,
    run,
    simulate,
    spool,
    status,
    top,
    trace,
    try_,
    user,
)
from gateway.cli.examples import PROGRAM, attach
from gateway.cli.exits import run_to_exit

cli = typer.Typer(
    no_args_is_help=True,
    add_completion=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    help="Mail to Cention and back.",
)
for commands in (run.app, health.app, status.app, top.app, ingest.app, import_.app, trace.app, pause.app, simulate.app):
    cli.add_typer(commands)
cli.add_typer(acts.app, name="queue")
cli.add_typer(preview.app, name="preview")
cli.add_typer(rules.app, name="rules")
cli.add_typer(oauth.app, name="oauth")
cli.add_typer(dkim.app, name="dkim")
cli.add_typer(alert.app, name="alert")
cli.add_typer(errand.app, name="errand")
cli.add_typer(try_.app, name="test")
cli.add_typer(user.app, name="user")
cli.add_typer(spool.database, name="db")
cli.add_typer(spool.spools, name="spool")


attach(cli)


def main() -> None:
    """Run the command that the arguments name, to its exit code."""
    # Child processes import the main module: of the installed command that would be all of this one.
    sys.modules["__main__"].__spec__ = find_spec("gateway.__main__")
    run_to_exit(partial(cli, prog_name=PROGRAM))
