"""What several commands have in common: their options, and opening the spool beside a gateway that may run."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from gateway.spool.spool import Spool

DEFAULT = Path("/etc/cention-gateway/config.toml")
Config = Annotated[
    Path,
    typer.Option("--config", "-c", envvar="CENTION_GATEWAY_CONFIG", help="The settings file."),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]


@contextmanager
def opened(config: Path) -> Iterator["Spool"]:
    """Open the spool that the settings name, for a command beside the gateway."""
    from gateway.config.load import load
    from gateway.spool.spool import beside

    settings = load(config).gateway
    with beside(settings.store, bodies=settings.bodies) as spool:
        yield spool
