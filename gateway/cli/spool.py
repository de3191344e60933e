"""`db` and `spool`: the spool's tables, whether it is sound, copies of it."""

from contextlib import closing
from pathlib import Path
from typing import Annotated

import typer

from gateway.cli.exits import Exit
from gateway.cli.options import DEFAULT, AsJson, Config, opened
from gateway.cli.terminal import print_json

database = typer.Typer(no_args_is_help=True, help="The spool's tables.")
spools = typer.Typer(no_args_is_help=True, help="Look a spool over, back it up, or move it to another store.")


@database.command("upgrade")
def db_upgrade(config: Config = DEFAULT) -> None:
    """Bring the spool's tables to this program's revision."""
    with opened(config):
        print("the spool is up to date")


@spools.command("check")
def spool_check(
    config: Config = DEFAULT,
    *,
    repair: Annotated[bool, typer.Option("--repair", help="Delete bodies that no mail refers to.")] = False,
    as_json: AsJson = False,
) -> None:
    """Compare every mail with its body, and every job with its mail; exit 1 when something is wrong."""
    from gateway.spool.inspect import inspect

    with opened(config) as spool:
        findings = list(inspect(spool, repair=repair))
    if as_json:
        print_json([{"what": one.subject, "said": one.sentence, "repaired": one.repaired} for one in findings])
    else:
        for one in findings:
            print(f"{one.subject}: {one.sentence}{' (repaired)' if one.repaired else ''}")
        print(f"{sum(not one.repaired for one in findings)} things are wrong")
    if not all(one.repaired for one in findings):
        raise typer.Exit(Exit.FAILED)


@spools.command("backup")
def spool_backup(
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="Where the copy goes; it must not be there yet.")],
    config: Config = DEFAULT,
) -> None:
    """Copy the spool, whole and consistent, while the gateway runs or not."""
    from gateway.config.load import load
    from gateway.spool.backup import backup

    made = backup(load(config).gateway.store, folder)
    print(f"{folder}: {made.mails} mails with content, {made.bodies} of them with a body in a file")


@spools.command("copy")
def spool_copy(
    source: Annotated[str, typer.Option("--from", metavar="URL", help="The spool as it is.")],
    target: Annotated[str, typer.Option("--to", metavar="URL", help="Where it goes; no gateway may run on it yet.")],
) -> None:
    """Copy a spool to another store: once while the gateway runs, and again when it is stopped, for the difference."""
    from gateway.spool.copy import copy
    from gateway.spool.spool import Spool, beside

    with beside(_store(source)) as ours, closing(Spool(_store(target))) as theirs:
        for one in copy(ours, theirs):
            print(f"{one.table}: {one.seen} rows seen, {one.written} written, {one.left} left for another time")


def _store(url: str) -> str:
    """Return a URL that may come by reference, so that no password stands in a list of processes."""
    from gateway.config.units import Secret

    return Secret(url).value() if url.startswith(("env:", "file:")) else url
