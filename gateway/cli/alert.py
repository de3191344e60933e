"""`alert`: whether those who are to hear of what is wrong do."""

import time

import typer

from gateway.cli.exits import Exit
from gateway.cli.options import DEFAULT, AsJson, Config
from gateway.cli.terminal import complain, print_json

app = typer.Typer(no_args_is_help=True, help="Who hears of what needs a person.")


@app.callback()
def alert() -> None:
    """Have the commands be words of their own, as long as there is one alone."""


@app.command("test")
def send_test(config: Config = DEFAULT, *, as_json: AsJson = False) -> None:
    """Send an alert that is only a test by every way of [alerts]; exit 1 where one does not take it."""
    from gateway.alerting.channels import channels_of, try_all
    from gateway.alerting.matter import Notice
    from gateway.plan import load_plan

    plan, now = load_plan(config), time.time()
    channels = channels_of(plan.settings, plan.around.transport)
    if not channels:
        raise complain(f"{config}: alerts: expected mail or webhook, found neither: nobody is told", Exit.SETTINGS)
    said = "only a test: nothing is wrong, and whoever reads this will hear of what is"
    results = try_all(channels, [Notice("test", wrong=True, said=said, since=now, at=now)])
    plan.around.transport.close()
    if as_json:
        print_json([{"channel": name, "sent": not trouble, "said": trouble} for name, trouble in results])
    else:
        for name, trouble in results:
            print(f"{'✗' if trouble else '✓'} {name}: {trouble or 'sent'}")
    if any(trouble for _, trouble in results):
        raise typer.Exit(Exit.FAILED)
