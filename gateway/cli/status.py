"""`status`: is it all right? Exit 0 if nothing needs a person, 1 if something does, 69 if no gateway answers."""

import time
from dataclasses import asdict

import typer

from gateway.cli.exits import Exit
from gateway.cli.options import DEFAULT, AsJson, Config
from gateway.cli.terminal import print_json, print_table

app = typer.Typer()


@app.command()
def status(config: Config = DEFAULT, *, as_json: AsJson = False) -> None:
    """Say whether all is right: sources, routes, workspaces, smarthosts, what waits and what needs a person."""
    from gateway.cli.screen import screen
    from gateway.plan import load_plan
    from gateway.spool.spool import beside
    from gateway.status.live import ask
    from gateway.status.overview import overview
    from gateway.status.standing import Level
    from gateway.status.stored import look

    plan = load_plan(config)
    settings = plan.settings
    live = ask(settings.http.listen)
    with beside(settings.gateway.store, bodies=settings.gateway.bodies) as spool:
        stored = look(spool, settings.lanes())
    found = overview(plan, stored, live, time.time())
    if as_json:
        print_json({"level": found.level} | asdict(found))
    else:
        for piece in screen(found):
            print_table(piece)
    if live.trouble:
        raise typer.Exit(Exit.UNAVAILABLE)
    if found.level is Level.WRONG:
        raise typer.Exit(Exit.FAILED)
