"""`run`, `demo` and `check`: the gateway itself, and whether it could work."""

from typing import Annotated

import typer

from gateway.cli.exits import Exit
from gateway.cli.options import DEFAULT, AsJson, Config
from gateway.cli.terminal import print_json, print_table

app = typer.Typer()


@app.command()
def run(
    config: Config = DEFAULT,
    role: Annotated[
        str, typer.Option(help="What this node does: several of smtp,http,fetch,worker.")
    ] = "smtp,http,fetch,worker",
) -> None:
    """Run the gateway until SIGTERM; SIGHUP reads the settings again."""
    from gateway.app import Role
    from gateway.service import run as run_gateway

    try:
        roles = frozenset(Role(name.strip()) for name in role.split(",") if name.strip())
    except ValueError as error:
        raise typer.BadParameter(f"{error}; there are {', '.join(Role)}", param_hint="--role") from error
    run_gateway(config, roles)


@app.command("demo")
def run_demo(
    *, once: Annotated[bool, typer.Option("--once", help="End with a table of what was checked.")] = False
) -> None:
    """Run everything here and now: gateway, simulator, mail sink; three mails in, three answers out."""
    import asyncio

    from gateway import demo

    if not asyncio.run(demo.run(print, once=once)):
        raise typer.Exit(Exit.FAILED)


@app.command("check")
def run_check(config: Config = DEFAULT, *, as_json: AsJson = False) -> None:
    """Check settings, names, certificates, tokens, and log in to every server; nothing is sent."""
    from rich.table import Table
    from rich.text import Text

    from gateway.check import check
    from gateway.plan import load_plan

    findings = check(load_plan(config))
    if as_json:
        print_json([{"what": one.what, "state": one.state, "said": one.said} for one in findings])
    else:
        table = Table("", "what", "said", box=None)
        for one in findings:
            table.add_row({"ok": "✓", "warning": "!", "wrong": "✗"}[one.state], Text(one.what), Text(one.said))
        print_table(table)
    if any(one.state == "wrong" for one in findings):
        raise typer.Exit(Exit.FAILED)
