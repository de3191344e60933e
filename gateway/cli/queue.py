"""`queue`: jobs, and acts on them."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gateway.cli.exits import Exit
from gateway.cli.options import DEFAULT, AsJson, Config, opened
from gateway.cli.terminal import complain, print_json, print_table

if TYPE_CHECKING:
    from gateway.operate import Moved
    from gateway.spool.spool import Spool

app = typer.Typer(no_args_is_help=True, help="See jobs and act on them.")
Jobs = Annotated[list[str], typer.Argument(metavar="ID...", help="Jobs' numbers, or ids of mails or callbacks.")]
Reason = Annotated[str, typer.Option("--reason", "-r", help="Why, for the trace.")]


@app.command("list")
def queue_list(
    config: Config = DEFAULT,
    state: Annotated[
        list[str] | None, typer.Option("--state", "-s", help="queued, working, held, parked, done, discarded.")
    ] = None,
    route: Annotated[str, typer.Option(help="Only this route's jobs.")] = "",
    limit: Annotated[int, typer.Option(min=1, max=100_000, help="At most so many, newest first.")] = 100,
    *,
    as_json: AsJson = False,
) -> None:
    """List jobs, newest first; those that are not at their end, unless a state is named."""
    from rich.table import Table

    from gateway import operate

    with opened(config) as spool:
        rows = operate.listing(spool, state or ["queued", "working", "held", "parked"], route, limit)
    if as_json:
        print_json(rows)
        return
    table = Table("job", "kind", "state", "route", "tries", "id", "subject", "what", box=None)
    for row in rows:
        table.add_row(*(operate.cells(row)))
    print_table(table)


@app.command("show")
def queue_show(name: Annotated[str, typer.Argument(metavar="ID")], config: Config = DEFAULT) -> None:
    """Print all that is known of a job, as JSON."""
    from gateway import operate

    with opened(config) as spool:
        print_json(operate.show(spool, name))


def _act(config: Path, names: list[str], act: Callable[["Spool", list[str]], "Moved"]) -> None:
    with opened(config) as spool:
        moved = act(spool, names)
    print(f"{moved.verb}: {', '.join(map(str, moved.jobs)) or 'nothing'}")
    for line in moved.left:
        print(line, file=sys.stderr)
    if moved.left:
        raise typer.Exit(Exit.FAILED)


@app.command("retry")
def queue_retry(
    names: Annotated[
        list[str] | None, typer.Argument(metavar="ID...", help="Jobs, or ids of mails or callbacks.")
    ] = None,
    config: Config = DEFAULT,
    *,
    every: Annotated[bool, typer.Option("--all-parked", help="All parked ones.")] = False,
) -> None:
    """Try jobs again now: parked and discarded ones, and those that wait for their next try."""
    from gateway import operate

    if not names and not every:
        raise complain("name jobs, or say --all-parked", Exit.USAGE)
    with opened(config) as spool:
        wanted = [str(row["id"]) for row in operate.listing(spool, ["parked"], "", 100_000)] if every else names or []
    _act(config, wanted, operate.retry)


@app.command("park")
def queue_park(names: Jobs, reason: Reason = "by hand", config: Config = DEFAULT) -> None:
    """Set queued or held jobs aside until a person retries them."""
    from gateway import operate

    _act(config, names, lambda spool, wanted: operate.park(spool, wanted, reason))


@app.command("discard")
def queue_discard(names: Jobs, reason: Reason, config: Config = DEFAULT) -> None:
    """End jobs without doing them; what they were for stays until its time is over."""
    from gateway import operate

    _act(config, names, lambda spool, wanted: operate.discard(spool, wanted, reason))


@app.command("release")
def queue_release(names: Jobs, config: Config = DEFAULT) -> None:
    """Let held jobs go on now."""
    from gateway import operate

    _act(config, names, operate.release)
