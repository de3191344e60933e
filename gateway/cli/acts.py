"""`queue retry`, `hold`, `release`, `discard`, `park`, `edit`: what is done with jobs, with the console's words."""

import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gateway.cli import completion
from gateway.cli.exits import Exit
from gateway.cli.options import DEFAULT, AsJson, Config, opened
from gateway.cli.queue import app
from gateway.cli.search import searched
from gateway.cli.terminal import complain, print_json
from gateway.cli.who import who

if TYPE_CHECKING:
    from gateway.operate import Moved
    from gateway.spool.acts import Order
    from gateway.spool.spool import Spool

__all__ = ["app"]

Jobs = Annotated[
    list[str] | None,
    typer.Argument(metavar="ID", help="Jobs' numbers, or ids of mails or callbacks.", autocompletion=completion.jobs),
]
Search = Annotated[
    str, typer.Option("--search", "-s", metavar="WORDS", help="All that a search finds, as `queue list` does.")
]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask whether that many are meant.")]
Reason = Annotated[str, typer.Option("--reason", "-r", help="Why, for the trace and the audit.")]


@app.command("retry")
def queue_retry(
    names: Jobs = None,
    config: Config = DEFAULT,
    search: Search = "",
    route: Annotated[
        str, typer.Option(help="Mails in this other route from now on.", autocompletion=completion.routes)
    ] = "",
    reason: Reason = "",
    *,
    every: Annotated[bool, typer.Option("--all-parked", help="All parked ones.")] = False,
    yes: Yes = False,
    as_json: AsJson = False,
) -> None:
    """Try jobs again now: parked and discarded ones, and those that wait for their next try."""
    if route:
        _known(config, route)
    wanted = search or ("state:parked" if every else "")
    _act(config, names, wanted, _order("retry", reason, route=route), yes=yes or every, as_json=as_json)


@app.command("hold")
def queue_hold(
    names: Jobs = None,
    config: Config = DEFAULT,
    search: Search = "",
    reason: Reason = "",
    *,
    yes: Yes = False,
    as_json: AsJson = False,
) -> None:
    """Have queued or parked jobs wait until a person releases them."""
    _act(config, names, search, _order("hold", reason), yes=yes, as_json=as_json)


@app.command("release")
def queue_release(
    names: Jobs = None,
    config: Config = DEFAULT,
    search: Search = "",
    reason: Reason = "",
    *,
    yes: Yes = False,
    as_json: AsJson = False,
) -> None:
    """Let held jobs go on now."""
    _act(config, names, search, _order("release", reason), yes=yes, as_json=as_json)


@app.command("park")
def queue_park(
    names: Jobs = None,
    config: Config = DEFAULT,
    search: Search = "",
    reason: Reason = "by hand",
    *,
    yes: Yes = False,
    as_json: AsJson = False,
) -> None:
    """Set queued or held jobs aside until a person retries them."""
    _act(config, names, search, _order("park", reason), yes=yes, as_json=as_json)


@app.command("discard")
def queue_discard(
    reason: Reason,
    names: Jobs = None,
    config: Config = DEFAULT,
    search: Search = "",
    *,
    yes: Yes = False,
    as_json: AsJson = False,
) -> None:
    """End jobs without doing them; what they were for stays until its time is over."""
    _act(config, names, search, _order("discard", reason), yes=yes, as_json=as_json)


@app.command("edit")
def queue_edit(
    names: Annotated[
        list[str], typer.Argument(metavar="ID", help="Parked or held mails.", autocompletion=completion.jobs)
    ],
    config: Config = DEFAULT,
    writer: Annotated[str | None, typer.Option("--from", help="The writer's address.")] = None,
    name: Annotated[str | None, typer.Option(help="The writer's name.")] = None,
    subject: Annotated[str | None, typer.Option(help="The subject.")] = None,
    body: Annotated[Path | None, typer.Option(help="A file with the text.")] = None,
    html: Annotated[Path | None, typer.Option(help="A file with the HTML.")] = None,
    reason: Reason = "",
    *,
    as_json: AsJson = False,
) -> None:
    """Post parked mails with another subject, writer or text than was read of them; what rules set goes on beside."""
    from gateway.flow.edit import checked

    given = {"from": writer, "name": name, "subject": subject, "body": _text(body), "html": _text(html)}
    fields = {key: value for key, value in given.items() if value is not None}
    if not fields:
        raise complain("say what to change: --from, --name, --subject, --body or --html", Exit.USAGE)
    _act(config, names, "", _order("edit", reason, fields=checked(fields)), yes=True, as_json=as_json)


def _text(file: Path | None) -> str | None:
    """Read a file of text."""
    if file is None:
        return None
    try:
        return file.read_text(encoding="utf-8")
    except OSError as error:
        raise complain(f"{file}: cannot be read: {error.strerror}", Exit.NO_INPUT) from error
    except UnicodeDecodeError as error:
        raise complain(f"{file}: expected text in UTF-8", Exit.UNUSABLE) from error


def _known(config: Path, route: str) -> None:
    """Refuse a route that the settings do not have."""
    from gateway.config.load import load

    settings = load(config)
    if settings.route_named(route) is None:
        there = ", ".join(one.name for one in settings.route)
        raise complain(f"{config}: there is no route {route}; there is {there}", Exit.USAGE)


def _order(act: str, reason: str, **more: Any) -> "Order":
    from gateway.spool.acts import Act, Order

    return Order(Act(act), who(), reason, **more)


def _act(config: Path, names: Sequence[str] | None, words: str, order: "Order", *, yes: bool, as_json: bool) -> None:
    """Do something with the named jobs, or with all that a search finds; say what was done, and how it is undone."""
    from gateway import operate

    if bool(names) == bool(words):
        raise complain("name jobs, or say --search WORDS", Exit.USAGE)
    with opened(config) as spool:
        if names:
            target = names[0] if len(names) == 1 else f"{len(names)} named"
            moved = operate.act(spool, names, replace(order, target=target))
        else:
            moved = _all_found(spool, words, order, yes=yes)
    if as_json:
        print_json({"act": moved.number, "did": moved.verb, "jobs": moved.jobs, "left": moved.left})
    else:
        _say(moved)
    if moved.left:
        raise typer.Exit(Exit.FAILED)


def _all_found(spool: "Spool", words: str, order: "Order", *, yes: bool) -> "Moved":
    """Say how many a search finds, and go on when they are meant; those that come meanwhile are not."""
    from gateway import operate
    from gateway.spool.acts import done

    wanted = searched(words.split())
    found = operate.found_by(spool, wanted, order.act)
    if not found.jobs and not yes:
        raise complain(f"{wanted}: nothing of it can be {done(order.act)}", Exit.FAILED)
    if found.jobs and not yes:
        most = " (the newest; there may be more)" if found.more else ""
        print(f"{wanted}: {len(found.jobs)} jobs{most}", file=sys.stderr)
        if not sys.stdin.isatty():
            raise complain("say --yes to have it done without being asked", Exit.USAGE)
        typer.confirm(f"{order.act} all of them?", abort=True, err=True)
    return operate.act_on(spool, found.jobs, replace(order, target=words))


def _say(moved: "Moved") -> None:
    shown = ", ".join(map(str, moved.jobs[:20]))
    more = f" and {len(moved.jobs) - 20} more" if len(moved.jobs) > 20 else ""  # noqa: PLR2004 - a line's worth
    print(f"{moved.verb}: {shown or 'nothing'}{more}")
    for line in moved.left:
        print(line, file=sys.stderr)
    if moved.number is not None:
        print(f"cention-gateway undo {moved.number} takes it back, until somebody has begun it", file=sys.stderr)
