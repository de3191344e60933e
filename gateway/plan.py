"""What the settings come to, checked as a whole: a plan that the gateway, `check` and the commands work by."""

import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from gateway.cention.workspace import client_of
from gateway.config.load import load
from gateway.config.outgoing import SmarthostTable
from gateway.config.settings import Settings
from gateway.errors import SettingsError
from gateway.flow.retry import Retry
from gateway.flow.surroundings import Surroundings
from gateway.oauth import named
from gateway.oauth.source import TokenSource
from gateway.outgoing.smarthost import Smarthost, parse_smarthost
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
    smarthosts = _smarthosts(settings, lines)
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
    worker, recipients = settings.worker, recipients_of(settings)
    around = Surroundings(
        settings=settings,
        clients={name: client_of(one, settings.threads) for name, one in settings.cention.items()},
        smarthosts=smarthosts,
        tls=smarthost_tls,
        retry=Retry(worker.retry_min, worker.retry_max, worker.give_up),
        recipients=recipients,
        rules=rules.source(settings),
    )
    return Plan(settings, recipients, smtp_tls, around, named.token_sources(settings))


def _smarthosts(settings: Settings, lines: list[str]) -> tuple[Smarthost, ...]:
    found = []
    for number, entry in enumerate(settings.outgoing.smarthosts, 1):
        table = entry if isinstance(entry, SmarthostTable) else SmarthostTable(url=entry)
        password = table.password.value if table.password is not None else None
        try:
            found.append(parse_smarthost(table.url, table.user, password))
        except ValueError as error:
            lines.append(f"outgoing.smarthosts[{number}]: {error}")
    return tuple(found)


def load_plan(path: Path) -> Plan:
    """Read a settings file and work out what it means; SettingsError with every mistake."""
    return plan(load(path), str(path))
