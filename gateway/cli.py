"""The command line. It alone prints; what the commands do is elsewhere. Exit codes are those of sysexits.h.

0 done · 1 a check or demo that failed · 64 wrong usage · 65 the mail cannot be used · 66 no such input · 67 no such
recipient · 69 a server is not there · 75 try again later · 78 wrong settings
"""

import asyncio
import json
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from enum import IntEnum
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from gateway import app, check, demo, operate
from gateway.config.load import load
from gateway.config.units import Secret
from gateway.errors import GatewayError, Permanent, SettingsError, TooLarge
from gateway.model import Envelope
from gateway.preview import answer_mail, errand_document
from gateway.simulator.options import Options
from gateway.simulator.server import Simulator
from gateway.spool.backup import backup
from gateway.spool.copy import copy
from gateway.spool.inspect import inspect
from gateway.spool.spool import Spool, beside


class Exit(IntEnum):
    """Exit codes (sysexits.h), which Postfix's pipe and others act on."""

    FAILED = 1
    USAGE = 64
    UNUSABLE = 65
    NO_INPUT = 66
    NO_RECIPIENT = 67
    UNAVAILABLE = 69
    AGAIN = 75
    SETTINGS = 78


cli = typer.Typer(
    no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False, help="Mail to Cention and back."
)
queue = typer.Typer(no_args_is_help=True, help="See jobs and act on them.")
preview = typer.Typer(no_args_is_help=True, help="See what would be sent, without sending it.")
database = typer.Typer(no_args_is_help=True, help="The spool's tables.")
spools = typer.Typer(no_args_is_help=True, help="Look a spool over, back it up, or move it to another store.")
cli.add_typer(queue, name="queue")
cli.add_typer(preview, name="preview")
cli.add_typer(database, name="db")
cli.add_typer(spools, name="spool")

_WIDE = 250
_DEFAULT = "/etc/cention-gateway/config.toml"
Config = Annotated[
    Path,
    typer.Option("--config", "-c", envvar="CENTION_GATEWAY_CONFIG", help="The settings file."),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]
Jobs = Annotated[list[str], typer.Argument(metavar="ID...", help="Jobs' numbers, or ids of mails or callbacks.")]
Reason = Annotated[str, typer.Option("--reason", "-r", help="Why, for the trace.")]


def main() -> None:
    """Run a command; every error that we foresee is a clear line and an exit code, never a traceback."""
    # Child processes import the main module: of the installed command that would be all of this one.
    sys.modules["__main__"].__spec__ = find_spec("gateway.__main__")
    try:
        cli()
    except SettingsError as error:
        _fail(error, Exit.SETTINGS)
    except TooLarge as error:
        _fail(error, Exit.UNUSABLE)
    except Permanent as error:
        _fail(error, Exit.UNUSABLE)
    except GatewayError as error:
        _fail(error, Exit.AGAIN)
    except BrokenPipeError:
        os._exit(0)


def _fail(error: Exception, code: Exit) -> None:
    for line in str(error).splitlines():
        print(line, file=sys.stderr)
    sys.exit(code)


def _print(table: Table) -> None:
    """Print a table as wide as the terminal is; into a file or pipe, as wide as it wants to be."""
    console = Console()
    (console if console.is_terminal else Console(width=_WIDE)).print(table)


def _say_json(value: Any) -> None:
    print(json.dumps(value, ensure_ascii=False, default=str))


@contextmanager
def _spool(config: Path) -> Iterator[Spool]:
    settings = load(config).gateway
    with beside(settings.store, bodies=settings.bodies) as spool:
        yield spool


@cli.command()
def run(
    config: Config = Path(_DEFAULT),
    role: Annotated[str, typer.Option(help="What this node does: several of smtp,http,worker.")] = ",".join(app.Role),
) -> None:
    """Run the gateway until SIGTERM; SIGHUP reads the settings again."""
    try:
        roles = frozenset(app.Role(name.strip()) for name in role.split(",") if name.strip())
    except ValueError as error:
        raise typer.BadParameter(f"{error}; there are {', '.join(app.Role)}", param_hint="--role") from error
    app.run(config, roles)


@cli.command("demo")
def run_demo(
    *, once: Annotated[bool, typer.Option("--once", help="End with a table of what was checked.")] = False
) -> None:
    """Run everything here and now: gateway, simulator, mail sink; three mails in, three answers out."""
    if not asyncio.run(demo.run(print, once=once)):
        raise typer.Exit(Exit.FAILED)


@cli.command("check")
def run_check(config: Config = Path(_DEFAULT), *, as_json: AsJson = False) -> None:
    """Check settings, names, certificates, tokens, and log in to every server; nothing is sent."""
    findings = check.check(app.load_plan(config))
    if as_json:
        _say_json([{"what": one.what, "state": one.state, "said": one.said} for one in findings])
    else:
        table = Table("", "what", "said", box=None)
        for one in findings:
            table.add_row({"ok": "✓", "warning": "!", "wrong": "✗"}[one.state], one.what, one.said)
        _print(table)
    if any(one.state == "wrong" for one in findings):
        raise typer.Exit(Exit.FAILED)


@cli.command()
def health(config: Config = Path(_DEFAULT)) -> None:
    """Ask the running gateway whether it is ready; exit 0 if so (for containers and scripts)."""
    trouble = check.health(load(config).http.listen)
    if trouble:
        print(trouble, file=sys.stderr)
        raise typer.Exit(Exit.FAILED)
    print("ready")


@cli.command()
def ingest(
    recipient: Annotated[list[str], typer.Option("--recipient", "-r", help="Envelope recipient; may be repeated.")],
    sender: Annotated[str, typer.Option("--sender", "-f", help="Envelope sender; empty is the null one.")] = "",
    config: Config = Path(_DEFAULT),
) -> None:
    """Take one mail from standard input into the spool (for Postfix's pipe and scripts)."""
    plan = app.load_plan(config)
    routes = {address: plan.recipients.match(address) for address in recipient}
    if unknown := [address for address, route in routes.items() if route is None]:
        print(f"no such recipient here: {', '.join(unknown)}", file=sys.stderr)
        raise typer.Exit(Exit.NO_RECIPIENT)
    envelope = Envelope("pipe", sender, tuple(recipient))
    names = list(dict.fromkeys(route for route in routes.values() if route))
    receipt = asyncio.run(operate.ingest(plan.settings, envelope, names, sys.stdin.buffer))
    print(f"{'have it already, as' if receipt.repeat else 'queued as'} {receipt.id}")


@preview.command("mail")
def preview_mail(
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="Mails (.eml).")],
    *,
    as_json: Annotated[bool, typer.Option("--json", help='One line a file: {"file", "document"}.')] = False,
    writer: Annotated[str, typer.Option(help='Header that names the writer: "from" or "reply-to".')] = "from",
) -> None:
    """Print the JSON:API document that each mail would become."""
    for file in files:
        document = errand_document(_bytes_of(file), writer)
        if as_json:
            _say_json({"file": str(file), "document": document})
        else:
            print(json.dumps(document, ensure_ascii=False, indent=2))


@preview.command("answer")
def preview_answer(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A callback document (JSON).")],
    reply_from: Annotated[str, typer.Option(help="From of the mail.")] = "Support <support@example.com>",
) -> None:
    """Print the RFC 5322 mail that a callback would become, with placeholders for what would be fetched."""
    sys.stdout.buffer.write(answer_mail(_bytes_of(file), reply_from))


def _bytes_of(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        print(f"{file}: cannot be read: {error.strerror}", file=sys.stderr)
        raise typer.Exit(Exit.NO_INPUT) from error


@queue.command("list")
def queue_list(
    config: Config = Path(_DEFAULT),
    state: Annotated[
        list[str] | None, typer.Option("--state", "-s", help="queued, working, held, parked, done, discarded.")
    ] = None,
    route: Annotated[str, typer.Option(help="Only this route's jobs.")] = "",
    limit: Annotated[int, typer.Option(min=1, max=100_000, help="At most so many, newest first.")] = 100,
    *,
    as_json: AsJson = False,
) -> None:
    """List jobs, newest first; those that are not at their end, unless a state is named."""
    with _spool(config) as spool:
        rows = operate.listing(spool, state or ["queued", "working", "held", "parked"], route, limit)
    if as_json:
        _say_json(rows)
        return
    table = Table("job", "kind", "state", "route", "tries", "id", "subject", "what", box=None)
    for row in rows:
        table.add_row(*(operate.cells(row)))
    _print(table)


@queue.command("show")
def queue_show(name: Annotated[str, typer.Argument(metavar="ID")], config: Config = Path(_DEFAULT)) -> None:
    """Print all that is known of a job, as JSON."""
    with _spool(config) as spool:
        _say_json(operate.show(spool, name))


def _act(config: Path, names: list[str], act: Callable[[Spool, list[str]], operate.Moved]) -> None:
    with _spool(config) as spool:
        moved = act(spool, names)
    print(f"{moved.verb}: {', '.join(map(str, moved.jobs)) or 'nothing'}")
    for line in moved.left:
        print(line, file=sys.stderr)
    if moved.left:
        raise typer.Exit(Exit.FAILED)


@queue.command("retry")
def queue_retry(
    names: Annotated[
        list[str] | None, typer.Argument(metavar="ID...", help="Jobs, or ids of mails or callbacks.")
    ] = None,
    config: Config = Path(_DEFAULT),
    *,
    every: Annotated[bool, typer.Option("--all-parked", help="All parked ones.")] = False,
) -> None:
    """Try jobs again now: parked and discarded ones, and those that wait for their next try."""
    if not names and not every:
        print("name jobs, or say --all-parked", file=sys.stderr)
        raise typer.Exit(Exit.USAGE)
    with _spool(config) as spool:
        wanted = [str(row["id"]) for row in operate.listing(spool, ["parked"], "", 100_000)] if every else names or []
    _act(config, wanted, operate.retry)


@queue.command("park")
def queue_park(names: Jobs, reason: Reason = "by hand", config: Config = Path(_DEFAULT)) -> None:
    """Set queued or held jobs aside until a person retries them."""
    _act(config, names, lambda spool, wanted: operate.park(spool, wanted, reason))


@queue.command("discard")
def queue_discard(names: Jobs, reason: Reason, config: Config = Path(_DEFAULT)) -> None:
    """End jobs without doing them; what they were for stays until its time is over."""
    _act(config, names, lambda spool, wanted: operate.discard(spool, wanted, reason))


@queue.command("release")
def queue_release(names: Jobs, config: Config = Path(_DEFAULT)) -> None:
    """Let held jobs go on now."""
    _act(config, names, operate.release)


@cli.command()
def trace(
    name: Annotated[
        str, typer.Argument(metavar="ID", help="A mail's or callback's id, a job, a Message-ID, or #errand.")
    ],
    config: Config = Path(_DEFAULT),
    *,
    as_json: AsJson = False,
    raw: Annotated[bool, typer.Option("--raw", help="Print the mail itself, or the callback's document.")] = False,
) -> None:
    """Tell a mail's or an answer's whole way, step by step."""
    with _spool(config) as spool:
        if raw:
            sys.stdout.buffer.write(operate.raw(spool, name))
            return
        traces = operate.traces(spool, name)
    if as_json:
        _say_json(traces)
    for one in traces if not as_json else []:
        for line in operate.told(one):
            print(line)
    if not traces:
        print(f"nothing is known of {name}", file=sys.stderr)
        raise typer.Exit(Exit.FAILED)


@cli.command()
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
    try:
        options = Options(listen, workspace, create_token, attachment_token, callback, callback_secret, links)  # type: ignore[arg-type]
    except ValueError as error:
        print(error, file=sys.stderr)
        raise typer.Exit(Exit.USAGE) from error
    asyncio.run(_simulate(Simulator(options)))


async def _simulate(simulator: Simulator) -> None:
    try:
        await simulator.start()
    except OSError as error:
        print(f"cannot listen: {error.strerror or error}", file=sys.stderr)
        raise typer.Exit(Exit.UNAVAILABLE) from error
    serving = asyncio.create_task(simulator.serve_forever())
    await asyncio.sleep(0)  # it minds signals before anyone can know that it is there
    for label, value in simulator.describe():
        print(f"{label + ':':<28}{value}", flush=True)
    await serving


@database.command("upgrade")
def db_upgrade(config: Config = Path(_DEFAULT)) -> None:
    """Bring the spool's tables to this program's revision."""
    with _spool(config):
        print("the spool is up to date")


@spools.command("check")
def spool_check(
    config: Config = Path(_DEFAULT),
    *,
    repair: Annotated[bool, typer.Option("--repair", help="Delete bodies that no mail refers to.")] = False,
    as_json: AsJson = False,
) -> None:
    """Compare every mail with its body, and every job with its mail; exit 1 when something is wrong."""
    with _spool(config) as spool:
        findings = list(inspect(spool, repair=repair))
    if as_json:
        _say_json([{"what": one.subject, "said": one.sentence, "repaired": one.repaired} for one in findings])
    else:
        for one in findings:
            print(f"{one.subject}: {one.sentence}{' (repaired)' if one.repaired else ''}")
        print(f"{sum(not one.repaired for one in findings)} things are wrong")
    if not all(one.repaired for one in findings):
        raise typer.Exit(Exit.FAILED)


@spools.command("backup")
def spool_backup(
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="Where the copy goes; it must not be there yet.")],
    config: Config = Path(_DEFAULT),
) -> None:
    """Copy the spool, whole and consistent, while the gateway runs or not."""
    made = backup(load(config).gateway.store, folder)
    print(f"{folder}: {made.mails} mails with content, {made.bodies} of them with a body in a file")


@spools.command("copy")
def spool_copy(
    source: Annotated[str, typer.Option("--from", metavar="URL", help="The spool as it is.")],
    target: Annotated[str, typer.Option("--to", metavar="URL", help="Where it goes; no gateway may run on it yet.")],
) -> None:
    """Copy a spool to another store: once while the gateway runs, and again when it is stopped, for the difference."""
    with beside(_store(source)) as ours, closing(Spool(_store(target))) as theirs:
        for one in copy(ours, theirs):
            print(f"{one.table}: {one.seen} rows seen, {one.written} written, {one.left} left for another time")


def _store(url: str) -> str:
    """Return a URL that may come by reference, so that no password stands in a list of processes."""
    return Secret(url).value() if url.startswith(("env:", "file:")) else url
