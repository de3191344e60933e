"""What jobs work with, as `app.py` puts it together; a reload makes a new one, and jobs in hand keep theirs."""

import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field

from gateway.cention.client import Client
from gateway.config.settings import Settings
from gateway.config.units import Secret
from gateway.flow.presentation import PLAIN, Presentation
from gateway.flow.retry import Retry
from gateway.outgoing.dkim import Signer
from gateway.outgoing.smarthost import Smarthost, Transport
from gateway.route.recipient import Recipients
from gateway.sources.token import Token


@dataclass(frozen=True, slots=True)
class Surroundings:
    """Settings, and what was built from them. `clients` is by workspace, `transport` the way out by `smarthosts`.

    `rules` are the settings' rules as reading processes are given them, `recipients` tell which route takes whose mail;
    `presentations` are how answers look, by route; `keys` are what they are signed
    with. `tokens` give the access tokens of `[oauth.NAME]`.
    """

    settings: Settings
    clients: Mapping[str, Client]
    smarthosts: tuple[Smarthost, ...]
    tls: ssl.SSLContext
    transport: Transport
    retry: Retry
    recipients: Recipients
    rules: bytes = b""
    presentations: Mapping[str, Presentation] = field(default_factory=dict)
    keys: tuple[Signer, ...] = ()
    tokens: Mapping[str, Token] = field(default_factory=dict)

    def presentation_of(self, route: str) -> Presentation:
        """Return how a route's answers look."""
        return self.presentations.get(route, PLAIN)

    def token_of(self, lane: str) -> Secret | None:
        """Return the token that a lane ("route:NAME" or "workspace:NAME") waits for; None when it is not configured."""
        kind, _, name = lane.partition(":")
        if kind == "route":
            route = self.settings.route_named(name)
            return route.token if route is not None else None
        workspace = self.settings.cention.get(name) if kind == "workspace" else None
        return workspace.attachment_token if workspace is not None else None
