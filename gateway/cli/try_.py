"""`test`: a mail through a route or a smarthost, to see whether the way is open."""

from functools import partial
from typing import TYPE_CHECKING, Annotated

import typer

from gateway.cli import completion
from gateway.cli.exits import Exit
from gateway.cli.options import DEFAULT, AsJson, Config, opened
from gateway.cli.terminal import print_json
from gateway.cli.who import who

if TYPE_CHECKING:
    from gateway.plan import Plan

app = typer.Typer(no_args_is_help=True, help="Send a test mail through a route or a smarthost.")


@app.command("route")
def through_route(
    name: Annotated[
        str, typer.Argument(metavar="ROUTE", help="A route of the settings.", autocompletion=completion.routes)
    ],
    config: Config = DEFAULT,
    *,
    as_json: AsJson = False,
) -> None:
    """Put a test mail into a route, which makes an errand of it; `trace ID` watches it."""
    from asyncio import run

    from gateway import operate
    from gateway.plan import load_plan

    mail = run(_given(load_plan(config), name))
    with opened(config) as spool:
        operate.write_down(spool, name, mail, who())
    if as_json:
        print_json({"mail": mail})
    else:
        print(f"accepted as {mail}; watch it: cention-gateway trace {mail}")


async def _given(plan: "Plan", name: str) -> str:
    from gateway import operate
    from gateway.spool.near import acceptor

    async with acceptor(plan.settings.gateway) as spool:
        return await operate.try_route(spool, plan, name, who())


@app.command("smarthost")
def through_smarthost(
    name: Annotated[str, typer.Argument(metavar="SMARTHOST", help="Its name, or host:port where it has none.")],
    to: Annotated[str, typer.Option(help="The address that the mail goes to.")],
    config: Config = DEFAULT,
    route: Annotated[
        str, typer.Option(help="The route whose address it comes from.", autocompletion=completion.routes)
    ] = "",
    *,
    as_json: AsJson = False,
) -> None:
    """Hand a test mail to a smarthost, and print what it said; exit 1 when it did not take it."""
    from gateway import operate
    from gateway.plan import load_plan
    from gateway.spool import audit

    plan = load_plan(config)
    with opened(config) as spool:
        number = operate.try_smarthost(spool, plan, name, to, route, who())
        row = spool.read(partial(audit.one, number=number)) or {}
    said = row.get("detail", {})
    if as_json:
        print_json({"act": number} | said)
    else:
        print(f"{'taken' if said['taken'] == 'yes' else 'not taken'}: {said['reply']}")
    if said["taken"] != "yes":
        raise typer.Exit(Exit.FAILED)
