"""`status`: is it all right? Exit 0 if nothing needs a person, 1 if something does, 69 if no gateway answers."""

from dataclasses import asdict
from typing import TYPE_CHECKING

import typer

from gateway.cli.exits import Exit
from gateway.cli.options import DEFAULT, AsJson, Config
from gateway.cli.terminal import print_json, print_table, width

if TYPE_CHECKING:
    from gateway.status.now import Seen

app = typer.Typer()


@app.command()
def status(config: Config = DEFAULT, *, as_json: AsJson = False) -> None:
    """Say whether all is right: sources, routes, workspaces, smarthosts, what waits and what needs a person."""
    from gateway.status.now import seen

    found = seen(config)
    if as_json:
        print_json(document(found))
    else:
        print_screen(found)
    end(found)


def print_screen(found: "Seen") -> None:
    """Print the tables."""
    from gateway.cli.screen import screen

    for piece in screen(found.overview, width()):
        print_table(piece)


def document(found: "Seen") -> dict[str, object]:
    """Return what programs are told."""
    return {"level": found.overview.level} | asdict(found.overview)


def end(found: "Seen") -> None:
    """End with the code that says how it stands."""
    from gateway.status.standing import Level

    if not found.live:
        raise typer.Exit(Exit.UNAVAILABLE)
    if found.overview.level is Level.WRONG:
        raise typer.Exit(Exit.FAILED)
