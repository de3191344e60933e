"""What the settings come to, checked as a whole: a plan that the gateway, `check` and the commands work by."""

import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from gateway.cention.workspace import cache_of, client_of
from gateway.config import sentcopy
from gateway.config.load import load
from gateway.config.settings import Settings
from gateway.errors import SettingsError
from gateway.flow.presentation import presentations
from gateway.flow.retry import Retry
from gateway.flow.surroundings import Surroundings
from gateway.oauth import named
from gateway.oauth.source import TokenSource
from gateway.outgoing.dkim import signers
from gateway.outgoing.named import manner_of, smarthosts_of
from gateway.outgoing.smarthost import Transport
from gateway.recipients import mistakes, recipients_of
from gateway.route import source as rules
from gateway.route.recipient import Recipients
from gateway.sources.listener import tls_context


@dataclass(frozen=True, slots=True)
class Plan:
    """What the settings come to: checked as a whole, nothing started."""

    settings: Settings
    recipients: Recipients
    smtp_tls: ssl.SSLContext | None
    around: Surroundings
    tokens: Mapping[str, TokenSource]

    def token_of(self, name: str) -> TokenSource:
        """Return what gives the access tokens of `[oauth.NAME]`, when it is called."""
        return self.tokens[name]


def plan(settings: Settings, where: str) -> Plan:
    """Work out what the settings mean; SettingsError with every mistake, each line beginning with `where`."""
    lines = mistakes(settings) + rules.mistakes(settings) + named.mistakes(settings)
    lines += sentcopy.mistakes(settings.sent_folder, settings.sent_bcc, [route.name for route in settings.route])
    tokens = named.token_sources(settings)
    smarthosts = smarthosts_of(settings, tokens, lines)
    looks = presentations(settings, lines)
    keys = signers(settings.dkim, lines)
    smtp_tls, smarthost_tls = None, ssl.create_default_context()
    try:
        smtp_tls = tls_context(settings.smtp)
    except SettingsError as error:
        lines += error.lines
    try:
        if settings.outgoing.tls_ca:
            smarthost_tls.load_verify_locations(settings.outgoing.tls_ca)
    except OSError as error:
        lines.append(f"outgoing.tls_ca: {settings.outgoing.tls_ca}: expected a PEM file: {error.strerror or error}")
    if lines:
        raise SettingsError([f"{where}: {line}" for line in lines])
    cache = cache_of(settings.cache, settings.gateway.beside(".cache"))
    worker, recipients = settings.worker, recipients_of(settings)
    around = Surroundings(
        settings=settings,
        clients={name: client_of(one, settings.threads, cache) for name, one in settings.cention.items()},
        smarthosts=smarthosts,
        tls=smarthost_tls,
        transport=Transport(smarthosts, manner_of(settings)),
        retry=Retry(worker.retry_min, worker.retry_max, worker.give_up),
        recipients=recipients,
        rules=rules.source(settings),
        presentations=looks,
        keys=keys,
        tokens=tokens,
    )
    return Plan(settings, recipients, smtp_tls, around, tokens)


def load_plan(path: Path) -> Plan:
    """Read a settings file and work out what it means; SettingsError with every mistake."""
    return plan(load(path), str(path))
