"""`health`: whether the running gateway is ready, for containers and scripts; at once, or once it is."""

import time
from typing import TYPE_CHECKING, Annotated

import typer

from gateway.cli.exits import Exit
from gateway.cli.options import DEFAULT, AsJson, Config
from gateway.cli.terminal import complain, print_json

if TYPE_CHECKING:
    from gateway.status.live import Live

app = typer.Typer()
_PAUSE = 0.2


@app.command()
def health(
    config: Config = DEFAULT,
    wait: Annotated[float, typer.Option(min=0, help="Seconds to wait for it to become ready.")] = 0.0,
    *,
    as_json: AsJson = False,
) -> None:
    """Ask the running gateway whether it is ready; exit 0 if so (for containers and scripts)."""
    from gateway.config.load import load
    from gateway.status.live import ask

    listen, end = load(config).http.listen, time.monotonic() + wait
    while trouble := _trouble(live := ask(listen)):
        if time.monotonic() + _PAUSE > end:
            break
        time.sleep(_PAUSE)
    if as_json:
        parts = {name: said or "ok" for name, said in live.parts.items()}
        print_json({"ready": not trouble, "said": trouble, "parts": parts})
    if trouble:
        raise typer.Exit(Exit.FAILED) if as_json else complain(trouble, Exit.FAILED)
    if not as_json:
        print("ready")


def _trouble(live: "Live") -> str:
    return live.trouble or "; ".join(f"{name}: {said}" for name, said in live.parts.items() if said)
