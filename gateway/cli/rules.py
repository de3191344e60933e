"""`rules`: what the rules of the settings make of mails, without doing it."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gateway.cli import completion
from gateway.cli.exits import Exit
from gateway.cli.options import DEFAULT, AsJson, Config
from gateway.cli.terminal import complain, content_of, print_json

if TYPE_CHECKING:
    from gateway.config.settings import Settings
    from gateway.flow.rehearsal import Came, Rehearsal
    from gateway.route.recipient import Recipients

app = typer.Typer(no_args_is_help=True, help="Try rules on mails.")


@app.callback()
def rules() -> None:
    """Try rules on mails."""


@app.command("test")
def rules_test(
    files: Annotated[list[Path], typer.Argument(metavar="FILE", help="Mails (.eml).")],
    config: Config = DEFAULT,
    route: Annotated[
        str,
        typer.Option(
            help="The route that they came to; by default what To, Cc or --recipient tell.",
            autocompletion=completion.routes,
        ),
    ] = "",
    recipient: Annotated[
        list[str] | None, typer.Option("--recipient", "-r", help="Envelope recipient; may be repeated.")
    ] = None,
    sender: Annotated[
        str | None, typer.Option("--sender", "-f", help="Envelope sender, empty for the null one; else Return-Path.")
    ] = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Print for each mail which rule matches and why, why others do not, and the document before (-) and after (+)."""
    from gateway.flow.rehearsal import rehearse
    from gateway.plan import load_plan

    plan = load_plan(config)
    for file in files:
        raw = content_of(file)
        came = _came(raw, plan.settings, plan.recipients, route, recipient or [], sender)
        found = rehearse(raw, plan.settings, came)
        if as_json:
            print_json({"file": str(file)} | found.as_json())
        else:
            _print(file, found)


def _came(
    raw: bytes, settings: "Settings", known: "Recipients", route: str, recipients: list[str], sender: str | None
) -> "Came":
    from gateway.flow.rehearsal import Came, guess

    guessed = guess(raw, settings, known)
    name = route or next(filter(None, map(known.match, recipients)), guessed.route.name)
    chosen = settings.route_named(name)
    if chosen is None:
        raise complain(f'no route "{name}"; there is: {", ".join(one.name for one in settings.route)}', Exit.USAGE)
    taken = tuple(recipients) or (guessed.recipients if chosen == guessed.route else ())
    return Came(chosen, taken, sender)


def _print(file: Path, found: "Rehearsal") -> None:
    print(f"{file}: {found.said()}")
    for trial in found.outcome.trials:
        did = f" -> {', '.join(trial.did)}" if trial.did else ""
        print(f"  {'✓' if trial.matched else '✗'} {trial.rule}: {'; '.join(trial.why)}{did}")
    for line in found.diff():
        print(f"  {line}")
