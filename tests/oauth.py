"""A token source for tests: at a token server of the tests' own, with a clock that a test sets."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gateway.errors import GatewayError
from gateway.oauth.grant import Application
from gateway.oauth.source import TokenSource
from tests.servers.tokens import TokenServer

MakeSource = Callable[..., TokenSource]


class Clock:
    """Unix time, as a test wants it."""

    def __init__(self) -> None:
        self.time = 1_800_000_000.0

    def __call__(self) -> float:
        return self.time


def source_maker(tokens: TokenServer, clock: Clock, folder: Path) -> MakeSource:
    """Makes token sources with settings; another one is what a restart has."""

    def make(**settings: Any) -> TokenSource:
        application = Application("box", tokens.settings(folder, **settings))
        return TokenSource(application, folder / "spool.db.oauth" / "box.json", clock)

    return make


def failure(source: TokenSource) -> GatewayError:
    """Why there is no token."""
    with pytest.raises(GatewayError) as caught:
        source.token()
    return caught.value
