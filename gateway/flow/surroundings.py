"""What jobs work with, as `app.py` puts it together; a reload makes a new one, and jobs in hand keep theirs."""

import ssl
from collections.abc import Mapping
from dataclasses import dataclass

from gateway.cention.client import Client
from gateway.config.settings import Settings
from gateway.config.units import Secret
from gateway.flow.retry import Retry
from gateway.outgoing.smarthost import Smarthost
from gateway.route.recipient import Recipients


@dataclass(frozen=True, slots=True)
class Surroundings:
    """Settings, and what was built from them. `clients` is by workspace; `tls` is what smarthosts are verified with.

    `rules` are the settings' rules as reading processes are given them, `recipients` tell which route takes whose mail.
    """

    settings: Settings
    clients: Mapping[str, Client]
    smarthosts: tuple[Smarthost, ...]
    tls: ssl.SSLContext
    retry: Retry
    recipients: Recipients
    rules: bytes = b""

    def token_of(self, lane: str) -> Secret | None:
        """Return the token that a lane ("route:NAME" or "workspace:NAME") waits for; None when it is not configured."""
        kind, _, name = lane.partition(":")
        if kind == "route":
            route = self.settings.route_named(name)
            return route.token if route is not None else None
        workspace = self.settings.cention.get(name)
        return workspace.attachment_token if workspace is not None else None
