"""`simulate`: a Cention to try things against."""

import asyncio
from typing import TYPE_CHECKING, Annotated

import typer

from gateway.cli.exits import Exit
from gateway.cli.terminal import complain

if TYPE_CHECKING:
    from gateway.simulator.server import Simulator

app = typer.Typer()


@app.command()
def simulate(
    listen: Annotated[str, typer.Option(help="host:port; port 0 is any free one.")] = "127.0.0.1:8900",
    workspace: Annotated[str, typer.Option(help="The workspace's name.")] = "demo",
    create_token: Annotated[
        str | None, typer.Option(help="Token that may create errands; generated if not given.")
    ] = None,
    attachment_token: Annotated[
        str | None, typer.Option(help="Token that may get attachments; generated if not given.")
    ] = None,
    callback: Annotated[str, typer.Option(help="Where answers are POSTed to.")] = "",
    callback_secret: Annotated[
        str | None, typer.Option(help="Secret key of the callback; generated if not given, empty for none.")
    ] = None,
    links: Annotated[str, typer.Option(help="own, foreign, relative, absent or mixed.")] = "own",
) -> None:
    """Run a Cention to try things against."""
    from gateway.simulator.options import Options
    from gateway.simulator.server import Simulator

    try:
        options = Options(listen, workspace, create_token, attachment_token, callback, callback_secret, links)  # type: ignore[arg-type]
    except ValueError as error:
        raise complain(error, Exit.USAGE) from error
    asyncio.run(_simulate(Simulator(options)))


async def _simulate(simulator: "Simulator") -> None:
    try:
        await simulator.start()
    except OSError as error:
        raise complain(f"cannot listen: {error.strerror or error}", Exit.UNAVAILABLE) from error
    serving = asyncio.create_task(simulator.serve_forever())
    await asyncio.sleep(0)  # it minds signals before anyone can know that it is there
    for label, value in simulator.describe():
        print(f"{label + ':':<28}{value}", flush=True)
    await serving
