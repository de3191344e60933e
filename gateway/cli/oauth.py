"""`oauth`: signing in for a mailbox's tokens, and how long those are good."""

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gateway.cli import completion
from gateway.cli.options import DEFAULT, AsJson, Config
from gateway.cli.terminal import print_json
from gateway.errors import SettingsError

if TYPE_CHECKING:
    from gateway.oauth.source import TokenSource

app = typer.Typer(no_args_is_help=True, help="Access tokens of mailboxes.")

Name = Annotated[str, typer.Argument(help="The NAME of [oauth.NAME].", autocompletion=completion.sign_ins)]


@app.command()
def login(name: Name, config: Config = DEFAULT) -> None:
    """Sign in for a mailbox, or try what needs nobody to sign in; the gateway then has its tokens, running or not."""
    from gateway.oauth.device import begin, wait

    source = _source(config, name)
    application, settings = source.application, source.application.settings
    if settings.grant == "client_credentials" or not settings.device_address:
        source.token()
        print(source.describe())
        return
    sign_in = begin(application)
    who = f" as {settings.user}" if settings.user else ""
    print(f"Sign in{who} at {sign_in.address}\nwith the code  {sign_in.code}", flush=True)
    print(f"Waiting, at most {sign_in.lifetime / 60:.0f} minutes ...", flush=True)
    source.adopt(wait(application, sign_in))
    print(source.describe())


@app.command()
def show(name: Name, config: Config = DEFAULT, *, as_json: AsJson = False) -> None:
    """Show how long the token is good and what for; never a token."""
    source = _source(config, name)
    if not as_json:
        print(f"{source.describe()}\nkept in {source.cache}")
        return
    kept = source.kept()
    end = datetime.fromtimestamp(kept.expires, UTC).isoformat() if kept.access_token else None
    grant = source.application.settings.grant
    print_json({"name": name, "grant": grant, "expires": end, "scope": kept.scope, "cache": source.cache})


def _source(config: Path, name: str) -> "TokenSource":
    from gateway.config.load import load
    from gateway.oauth.named import mistakes, token_sources

    settings = load(config)
    if lines := mistakes(settings):
        raise SettingsError([f"{config}: {line}" for line in lines])
    if name not in settings.oauth:
        known = ", ".join(settings.oauth) or "none"
        raise SettingsError([f"{config}: no [oauth.{name}] in this file; there is: {known}"])
    return token_sources(settings)[name]
