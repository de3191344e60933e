"""What a token server gives, or why not: the one border from its answers to our errors (RFC 6749 5)."""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from urllib.parse import quote_plus

from gateway.config.oauth import OAuth
from gateway.config.units import Secret
from gateway.errors import GatewayError, Refused, SettingsError, Temporary
from gateway.oauth.endpoint import Endpoint, Reply, ask

_VISIBLE = re.compile(r"[!-~]{1,65536}", re.ASCII)
_JWT = re.compile(r"eyJ[A-Za-z0-9_.-]{5,}")
_USUAL_LIFE = 3600.0
_LONGEST_LIFE = 366 * 86400.0
_LONGEST_WAIT = timedelta(hours=1)
_LONGEST_REASON = 400
_SECRET_FIELDS = ("client_secret", "refresh_token", "device_code")
_REDIRECTION, _CLIENT_ERROR = 3, 4
_REFUSED_STATUS = frozenset({401, 403})
_PASSING_STATUS = frozenset({408, 425, 429})
_PASSING_CODES = frozenset({"temporarily_unavailable", "server_error", "slow_down"})
# What the application itself is refused for: nobody mends that by signing in.
_SETTINGS_CODES = frozenset(
    {"invalid_client", "unauthorized_client", "invalid_scope", "unsupported_grant_type", "invalid_request"}
)


@dataclass(frozen=True, slots=True)
class Grant:
    """What was given: an access token that lives `lifetime` seconds; `refresh_token` "" where the old one stays."""

    access_token: str = field(repr=False)
    lifetime: float
    refresh_token: str = field(default="", repr=False)
    scope: str = ""


@dataclass(frozen=True, slots=True)
class Application:
    """Who asks for tokens: a `[oauth.NAME]`."""

    name: str
    settings: OAuth

    def by_itself(self) -> Grant:
        """Ask by client credentials (RFC 6749 4.4). Errors as `granted`."""
        return self.granted({"grant_type": "client_credentials"} | self.scope())

    def by_refresh_token(self, token: str) -> Grant:
        """Ask by a refresh token (RFC 6749 6). Errors as `granted`."""
        return self.granted({"grant_type": "refresh_token", "refresh_token": token} | self.scope())

    def granted(self, fields: Mapping[str, str]) -> Grant:
        """Ask for a token; Refused where a person has to do something, and what; Temporary otherwise."""
        reply, sent = self.asked(self.settings.token_address, fields)
        if reply.status == HTTPStatus.OK:
            return self.grant_of(reply)
        raise self.error_for(reply, sent)

    def asked(self, url: str, fields: Mapping[str, str]) -> tuple[Reply, Mapping[str, str]]:
        """Ask anything in the application's name; return the reply and all that was sent."""
        sent = {**fields, "client_id": self.settings.client_id}
        if self.settings.client_secret is not None:
            sent["client_secret"] = self.value_of(self.settings.client_secret)
        return ask(Endpoint(url, self.settings.timeout, self.settings.ca), sent), sent

    def scope(self) -> dict[str, str]:
        """Return what is asked for, as a field."""
        return {"scope": self.settings.scopes} if self.settings.scopes else {}

    def value_of(self, secret: Secret) -> str:
        """Return a secret as it is now; Refused where it is gone."""
        try:
            return secret.value()
        except SettingsError as error:
            raise Refused(f"oauth.{self.name}: {error}") from error

    def seed(self) -> str:
        """Return a digest of what tokens depend on: with another one, what was kept is of no use."""
        settings = self.settings
        first = self.value_of(settings.refresh_token) if settings.refresh_token is not None else ""
        parts = (settings.grant, settings.token_address, settings.client_id, settings.scopes, first)
        return hashlib.sha256("\0".join(parts).encode()).hexdigest()

    def error_for(self, reply: Reply, sent: Mapping[str, str]) -> GatewayError:
        """Return what a reply other than a success means (RFC 6749 5.2)."""
        code = reply.text("error")
        said = f"oauth.{self.name}: the token server answered {reply.status}{_reason(reply, sent)}"
        if reply.status in _PASSING_STATUS or code in _PASSING_CODES:
            return Temporary(said, wait_of(reply.retry_after, datetime.now(UTC)))
        if reply.status in _REFUSED_STATUS or (code and reply.status // 100 == _CLIENT_ERROR):
            return Refused(f"{said}; {self.advice(code)}")
        if reply.status // 100 == _REDIRECTION:
            said += "; redirects are not followed, since the secret is for one address only: is token_url right?"
        return Temporary(said, wait_of(reply.retry_after, datetime.now(UTC)))

    def advice(self, code: str = "") -> str:
        """Say what a person can do about a refusal."""
        settings = self.settings
        if settings.grant == "client_credentials" or code in _SETTINGS_CODES:
            secret = f" and the secret from {settings.client_secret.origin}" if settings.client_secret else ""
            return f"are client_id {settings.client_id}{secret} right, not expired, and allowed this grant and scope?"
        if settings.device_address:
            return f"sign in again: cention-gateway oauth login {self.name}"
        place = f" in {settings.refresh_token.origin}" if settings.refresh_token is not None else ""
        return f"put a new refresh token{place} (docs/sources.md; cention-gateway oauth login {self.name} tries it)"

    def grant_of(self, reply: Reply) -> Grant:
        """Return what a success gives; Temporary where there is no bearer token in it."""
        token, kind = reply.text("access_token"), reply.text("token_type") or "Bearer"
        if not _VISIBLE.fullmatch(token) or kind.lower() != "bearer":
            raise Temporary(f"oauth.{self.name}: the token server answered 200, but with no bearer token")
        refresh = reply.text("refresh_token")
        refresh = refresh if _VISIBLE.fullmatch(refresh) else ""
        life = reply.number("expires_in")
        life = _USUAL_LIFE if life is None else min(max(0.0, life), _LONGEST_LIFE)
        return Grant(token, life, refresh, clean(reply.text("scope")))


def wait_of(value: str, now: datetime) -> timedelta | None:
    """Read Retry-After (RFC 9110 10.2.3), seconds or a date, at most an hour; None where it asks for nothing."""
    if re.fullmatch(r"\s*\d{1,9}\s*", value, re.ASCII):
        wait = timedelta(seconds=int(value))
    else:
        try:
            then = parsedate_to_datetime(value)
        except (ValueError, OverflowError):
            return None
        wait = (then if then.tzinfo else then.replace(tzinfo=UTC)) - now
    return min(wait, _LONGEST_WAIT) if wait > timedelta() else None


def _reason(reply: Reply, sent: Mapping[str, str]) -> str:
    """Return the server's own words, without what we sent in confidence."""
    words = " ".join(filter(None, (reply.text("error"), reply.text("error_description"))))
    for secret in (sent[name] for name in _SECRET_FIELDS if sent.get(name)):
        words = words.replace(secret, "***").replace(quote_plus(secret), "***")
    return f": {clean(words)}" if words else ""


def clean(text: str) -> str:
    """Return foreign text as a short line without control characters or anything like a token."""
    line = " ".join("".join(one if one.isprintable() else " " for one in _JWT.sub("***", text)).split())
    return line if len(line) <= _LONGEST_REASON else f"{line[: _LONGEST_REASON - 1]}…"
