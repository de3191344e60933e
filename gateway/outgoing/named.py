"""From the settings to the way out: smarthosts as they are written, and what is wrong with them."""

import ssl
from collections.abc import Iterator, Mapping
from dataclasses import replace

from gateway.config.outgoing import OutgoingSection, SmarthostTable, rate_text
from gateway.config.settings import Settings
from gateway.outgoing.host import Security, Smarthost, Tokens, parse_smarthost
from gateway.outgoing.pace import Rate
from gateway.outgoing.pool import Keeping
from gateway.outgoing.smarthost import Manner
from gateway.outgoing.timeouts import Timeouts

_BY_TOKEN = ("xoauth2", "oauthbearer")


def smarthosts_of(settings: Settings, tokens: Mapping[str, Tokens], lines: list[str]) -> tuple[Smarthost, ...]:
    """Return the smarthosts of the settings; what is wrong with them is added to `lines`, key first.

    `tokens` are the sources of access tokens by the name of their `[oauth.NAME]`.
    """
    found = []
    for number, entry in enumerate(settings.outgoing.smarthosts, 1):
        table = entry if isinstance(entry, SmarthostTable) else SmarthostTable(url=entry)
        try:
            found.append(_smarthost(table, number, settings, tokens))
        except ValueError as error:
            lines.append(f"outgoing.smarthosts[{number}]: {error}")
    lines += _mistakes(settings)
    return tuple(found)


def manner_of(settings: Settings) -> Manner:
    """Return how mail is handed over by the settings."""
    outgoing = settings.outgoing
    return Manner(
        hostname=settings.gateway.hostname,
        timeouts=_timeouts(outgoing),
        keeping=Keeping(outgoing.mails_per_connection, outgoing.keep_connection),
        rates={domain: Rate(*rate, text=rate_text(rate)) for domain, rate in outgoing.rates.items()},
    )


def _timeouts(outgoing: OutgoingSection) -> Timeouts:
    usual = Timeouts.of(outgoing.timeout)
    return Timeouts(
        connect=outgoing.connect_timeout or usual.connect,
        greeting=outgoing.greeting_timeout or usual.greeting,
        command=usual.command,
        data=outgoing.data_timeout or usual.data,
        block=outgoing.block_timeout or usual.block,
        end=outgoing.end_timeout or usual.end,
    )


def _smarthost(table: SmarthostTable, number: int, settings: Settings, tokens: Mapping[str, Tokens]) -> Smarthost:
    if table.oauth and table.oauth not in settings.oauth:
        raise ValueError(
            f"oauth: no [oauth.{table.oauth}] in this file; there is: {', '.join(settings.oauth) or 'none'}"
        )
    if bool(table.oauth) != (table.auth in _BY_TOKEN) and table.auth:
        raise ValueError(f"auth: {table.auth} goes with {'oauth' if table.auth in _BY_TOKEN else 'a password'}")
    password = table.password.value if table.password is not None else None
    # A user whose tokens are shown has no password, which the URL's reader would ask for.
    read = parse_smarthost(table.url, "" if table.oauth else table.user, password)
    return replace(
        read,
        user=table.user or read.user,
        tokens=tokens.get(table.oauth),
        mechanism=table.auth or None,
        security=_security(table, read.security),
        tls=_context(table, settings.outgoing.tls_ca),
        pin=table.pin,
        name=table.name,
        priority=number if table.priority is None else table.priority,
        weight=table.weight,
        named_only=table.named_only,
        max_connections=table.max_connections,
    )


def _security(table: SmarthostTable, scheme: Security) -> Security:
    """Return how the line is protected: what the URL says, unless `tls` says more or less."""
    if table.tls == "":
        return scheme
    secured = table.tls in {"required", "verified"}
    if (scheme == "tls" and not secured) or (scheme == "starttls" and table.tls == "none"):
        raise ValueError(f'tls: expected "required" or "verified" with this URL, found "{table.tls}"')
    if secured:
        return "starttls" if scheme == "plain" else scheme
    return "opportunistic" if table.tls == "opportunistic" else "plain"


def _context(table: SmarthostTable, also: str) -> ssl.SSLContext:
    """Return what TLS is made with; ValueError for files that cannot be used."""
    context = ssl.create_default_context(cafile=table.ca or None)
    unverified = table.tls in {"required", "opportunistic"} or (table.pin and not table.ca and table.tls != "verified")
    if unverified:
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    key, path = "", ""
    try:
        if also and not table.ca:
            key, path = "tls_ca", also
            context.load_verify_locations(also)
        if table.certificate:
            key, path = "certificate", table.certificate
            context.load_cert_chain(table.certificate, table.key or None)
    except OSError as error:
        raise ValueError(f"{key}: {path}: expected a PEM file: {error.strerror or error}") from error
    return context


def _mistakes(settings: Settings) -> Iterator[str]:
    """Say which names are there twice, and which route names a smarthost that is not there."""
    tables = [one for one in settings.outgoing.smarthosts if isinstance(one, SmarthostTable)]
    names = [one.name for one in tables if one.name]
    yield from (
        f"outgoing.smarthosts: there are two of the name {one}" for one in sorted(set(names)) if names.count(one) > 1
    )
    for number, route in enumerate(settings.route, 1):
        for name in route.smarthosts:
            if name not in names:
                known = ", ".join(names) or "none"
                yield f"route[{number}].smarthosts: no smarthost of the name {name}; there is: {known}"
