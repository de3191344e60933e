"""`import`: the mail of the last years, from the files that it lies in."""

import re
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gateway.cli import completion
from gateway.cli.exits import Exit
from gateway.cli.options import DEFAULT, AsJson, Config
from gateway.cli.terminal import complain

if TYPE_CHECKING:
    from gateway.config.settings import Settings
    from gateway.importing.tally import Tally
    from gateway.sources.addressing import Addressing

app = typer.Typer()
_SECONDS = {"s": 1, "min": 60, "h": 3600}
_FLAVOURS = "auto, mboxo, mboxrd, mboxcl, mboxcl2"


Paths = Annotated[
    list[Path], typer.Argument(metavar="PATH", help="An mbox, Maildir, MH folder, .eml or .msg, or a folder.")
]
RouteName = Annotated[
    str,
    typer.Option(help="The route of all mail, or of what --route-by finds none for.", autocompletion=completion.routes),
]
RouteBy = Annotated[
    list[str] | None,
    typer.Option(metavar="HEADER", help="A header that names the recipient; repeated, the first that does decides."),
]
Since = Annotated[
    datetime | None,
    typer.Option(formats=["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S"], help="Only what was sent then or later, in UTC."),
]
Rate = Annotated[str, typer.Option(metavar="N/s", help='At most so many mails: "50/s", "600/min", "5000/h".')]
State = Annotated[
    Path | None, typer.Option(help="Where it is kept how far it is; by default beside a spool that is a file.")
]
MboxFlavour = Annotated[str, typer.Option(metavar="FLAVOUR", help=f"How mboxes were written: {_FLAVOURS}.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Say what would be done, and do nothing.")]


@app.command("import")
def import_mail(
    paths: Paths,
    config: Config = DEFAULT,
    route: RouteName = "",
    route_by: RouteBy = None,
    since: Since = None,
    rate: Rate = "",
    state: State = None,
    mbox: MboxFlavour = "auto",
    *,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Take old mail into the spool: in order, what is known already but once; run again, it goes on where it was.

    Exit codes: 0 all is done; 1 some was refused; 75 it was ended before its end, by the spool or a signal.
    """
    from gateway.cli.importing import watching
    from gateway.config.load import load
    from gateway.importing.fromline import Flavour
    from gateway.importing.session import Order, run

    if missing := [str(path) for path in paths if not path.exists()]:
        raise complain(f"there is no such file or folder: {', '.join(missing)}", Exit.NO_INPUT)
    if mbox not in list(Flavour):
        raise typer.BadParameter(f"expected one of {_FLAVOURS}", param_hint="--mbox")
    settings = load(config)
    order = Order(
        paths=tuple(paths),
        addressing=_addressing(settings, config, route, route_by or []),
        flavour=Flavour(mbox),
        since=since.replace(tzinfo=UTC).timestamp() if since else None,
        rate=_rate(rate),
        state=state,
        rehearse=dry_run,
    )
    with watching(as_json=as_json, rehearsal=dry_run) as watch:
        tally = run(settings, order, watch)
        watch.ended(tally)
    _exit(tally)


def _addressing(settings: "Settings", config: Path, route: str, headers: list[str]) -> "Addressing":
    from gateway.recipients import checked
    from gateway.sources.addressing import Addressing

    names = ", ".join(one.name for one in settings.route)
    if route and settings.route_named(route) is None:
        raise complain(f"--route: no such route: {route}; there are: {names}", Exit.USAGE)
    if not route and not headers:
        raise complain(f"say whose mail it is: --route NAME (of {names}), --route-by HEADER, or both", Exit.USAGE)
    return Addressing(route, tuple(headers), checked(settings, str(config)).match)


def _rate(text: str) -> float:
    """Read how many mails a second there may be; 0.0 for no bound."""
    if not text:
        return 0.0
    found = re.fullmatch(r"(\d+(?:\.\d+)?)\s*(?:/\s*(s|min|h))?", text.strip())
    if found is None or not float(found[1]):
        raise typer.BadParameter('expected mails a time, such as "50/s", "600/min" or "5000/h"', param_hint="--rate")
    return float(found[1]) / _SECONDS[found[2] or "s"]


def _exit(tally: "Tally") -> None:
    if tally.stopped:
        raise typer.Exit(Exit.AGAIN)
    if tally.refused:
        raise typer.Exit(Exit.FAILED)
