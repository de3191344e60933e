"""`queue`: looking at jobs; `acts` has what can be done with them."""

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from gateway.cli import completion
from gateway.cli.options import DEFAULT, AsJson, Config, opened
from gateway.cli.search import Searching, searched
from gateway.cli.terminal import print_json, print_table

if TYPE_CHECKING:
    from gateway.spool.search import Page
    from gateway.spool.wanted import Search

app = typer.Typer(no_args_is_help=True, help="See jobs and act on them.")


@app.command("list", cls=Searching)
def queue_list(
    words: Annotated[
        list[str] | None,
        typer.Argument(metavar="WORD", help="A search, as in the console.", autocompletion=completion.words),
    ] = None,
    config: Config = DEFAULT,
    state: Annotated[
        list[str] | None,
        typer.Option("--state", "-s", help="Short for state:, may be repeated.", autocompletion=completion.states),
    ] = None,
    route: Annotated[str, typer.Option(help="Short for route:.", autocompletion=completion.routes)] = "",
    limit: Annotated[int, typer.Option(min=1, max=100_000, help="At most so many, newest first.")] = 100,
    below: Annotated[
        int | None, typer.Option(min=1, max=10**18, help="Only jobs with a smaller number: the next page.")
    ] = None,
    *,
    as_json: AsJson = False,
) -> None:
    """List jobs, newest first: those that are not at their end, or what a search finds wherever it stands.

    Keys of the search: from: to: subject: errand: state: route: before: after: larger: smaller: has:attachment
    message-id: kind: source:, each with - before it for what is not wanted; a word without a key may stand anywhere.
    """
    from gateway import operate

    wanted = searched(words or [], state or ([] if words else ["waiting", "parked"]), route)
    with opened(config) as spool:
        found = operate.found(spool, wanted, below, limit)
    if as_json:
        print_json(found.rows)
    else:
        _say(wanted, found)


def _say(wanted: "Search", found: "Page") -> None:
    """Print a page of jobs for people, and beside it what was looked for and where the next page begins."""
    from rich.console import Console

    from gateway.cli.listing import listing

    console = Console()
    if not found.rows or console.is_terminal:
        print(f"{wanted}{'' if found.rows else ': nothing'}", file=sys.stderr)
    if found.rows:
        print_table(listing(found.rows, console))
    if found.below is not None:
        print(f"There are older ones: the same with --below {found.below}", file=sys.stderr)


@app.command("show")
def queue_show(
    name: Annotated[
        str,
        typer.Argument(metavar="ID", help="Its number, or a mail's or callback's id.", autocompletion=completion.jobs),
    ],
    config: Config = DEFAULT,
) -> None:
    """Print all that is known of a job, as JSON."""
    from gateway import operate

    with opened(config) as spool:
        print_json(operate.show(spool, name))
