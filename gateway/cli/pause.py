"""`pause`, `resume`, `undo` and `acts`: letting something rest, taking an act back, and who did what."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any

import typer

from gateway.cli.exits import Exit
from gateway.cli.options import DEFAULT, AsJson, Config, opened
from gateway.cli.terminal import complain, print_json, print_table
from gateway.cli.who import who

app = typer.Typer()
Name = Annotated[
    str, typer.Argument(metavar="NAME", help='A route, workspace, smarthost or source: "sales", or "route:sales".')
]


@app.command()
def pause(
    name: Annotated[
        str, typer.Argument(metavar="NAME", help="A route, workspace, smarthost or source; none lists the paused.")
    ] = "",
    config: Config = DEFAULT,
    reason: Annotated[str, typer.Option("--reason", "-r", help="Why, for others to read.")] = "",
    *,
    as_json: AsJson = False,
) -> None:
    """Let a route, a workspace's answers, a smarthost or a source rest, on every node and over restarts."""
    from gateway import operate
    from gateway.plan import load_plan

    plan = load_plan(config) if name else None
    with opened(config) as spool:
        if plan is None:
            _list(operate.paused(spool), as_json=as_json)
            return
        meant = operate.meant(operate.pausable(plan), name)
        new = operate.pause(spool, meant, reason, who())
    if as_json:
        print_json({"name": meant, "paused": True, "new": new})
    else:
        print(f"paused: {meant}" if new else f"{meant} was paused already")


@app.command()
def resume(name: Name, config: Config = DEFAULT, *, as_json: AsJson = False) -> None:
    """Let something go on that was paused."""
    from gateway import operate

    with opened(config) as spool:
        there = list(operate.paused(spool))
        if not there:
            raise complain("nothing is paused", Exit.FAILED)
        meant = operate.meant(there, name)
        done = operate.resume(spool, meant, who())
    if as_json:
        print_json({"name": meant, "paused": False, "new": done})
    else:
        print(f"resumed: {meant}")


@app.command()
def undo(
    number: Annotated[
        int | None, typer.Argument(metavar="ACT", help="An act's number; your last one by default.")
    ] = None,
    config: Config = DEFAULT,
    *,
    as_json: AsJson = False,
) -> None:
    """Take an act on jobs back, as far as nobody has begun them since."""
    from functools import partial

    from gateway import operate
    from gateway.spool import audit

    with opened(config) as spool:
        meant = number if number is not None else spool.read(partial(audit.last, who=who()))
        if meant is None:
            raise complain("you have done nothing that can be undone", Exit.FAILED)
        moved = operate.undo(spool, meant, who())
    if as_json:
        print_json({"act": moved.number, "undone": meant, "jobs": moved.jobs})
    else:
        print(f"act {meant} undone: {', '.join(map(str, moved.jobs))}")


@app.command()
def acts(
    config: Config = DEFAULT,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="At most so many, newest first.")] = 50,
    below: Annotated[int | None, typer.Option(min=1, max=2**63 - 1, help="Only older acts than this one.")] = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Tell who did what, when and why: the audit."""
    from functools import partial

    from rich.markup import escape
    from rich.table import Table

    from gateway.spool import audit

    with opened(config) as spool:
        found = spool.read(partial(audit.page, below=below, most=limit))
    if as_json:
        print_json(found.rows)
        return
    table = Table("act", "when", "who", "did", "what", "jobs", "why", box=None)
    for row in found.rows:
        did = f"{row['act']} (undone)" if row["undone_by"] is not None else row["act"]
        cells = str(row["id"]), _local(row["at"]), row["who"], did, row["target"], str(row["jobs"] or ""), row["reason"]
        table.add_row(*map(escape, cells))
    print_table(table)


def _list(paused: Mapping[str, Any], *, as_json: bool) -> None:
    if as_json:
        print_json(list(paused.values()))
        return
    for name, one in paused.items():
        why = f": {one['reason']}" if one["reason"] else ""
        print(f"{name} paused by {one['who']} since {_local(one['since'])}{why}")
    if not paused:
        print("nothing is paused")


def _local(at: float) -> str:
    return f"{datetime.fromtimestamp(at).astimezone():%Y-%m-%d %H:%M:%S}"
