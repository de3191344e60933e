"""A smarthost: where it is, how its line is protected, who we are there, and its place among others."""

import ssl
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal, Protocol
from urllib.parse import unquote, urlsplit

Security = Literal["plain", "opportunistic", "starttls", "tls"]
Mechanism = Literal["plain", "login", "cram-md5", "scram-sha-256", "xoauth2", "oauthbearer"]
_SCHEMES: dict[str, tuple[Security, int]] = {
    "smtp": ("plain", 25),
    "smtp+starttls": ("starttls", 587),
    "smtps": ("tls", 465),
}


class Tokens(Protocol):
    """What gives access tokens, such as `gateway.oauth.source.TokenSource`; errors of the family where it cannot."""

    def __call__(self) -> str:
        """Return a token that is good for now."""

    def invalidate(self, token: str) -> None:
        """Have the next one be another, since this one was refused."""


@dataclass(frozen=True, slots=True)
class Smarthost:
    """Where mail is handed to.

    `password` and `tokens` are asked at each login, so that they can change while we run; a login is by `tokens` where
    they are given, and by `mechanism` alone where that is. `tls` is what TLS is made with, None for the default: the
    system's authorities. `pin` is the SHA-256 of the one certificate that is believed, in hex. Smarthosts of a lower
    `priority` go first, those of the same share by `weight`. With `named_only` it is for routes that name it.
    """

    host: str
    port: int
    security: Security
    user: str = ""
    password: Callable[[], str] | None = field(default=None, repr=False)
    tokens: Tokens | None = field(default=None, repr=False)
    mechanism: Mechanism | None = None
    tls: ssl.SSLContext | None = field(default=None, repr=False, compare=False)
    pin: str = ""
    name: str = ""
    priority: int = 0
    weight: int = 1
    named_only: bool = False
    max_connections: int = 20

    @property
    def address(self) -> str:
        """`host:port`, as sentences and traces name it."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def parse_smarthost(url: str, user: str = "", password: Callable[[], str] | None = None) -> Smarthost:
    """Read `smtp://`, `smtp+starttls://` or `smtps://[user:password@]host[:port]`.

    The port is 25, 587 or 465 if not given; an IPv6 host stands in brackets. User and password may stand in the URL,
    percent-encoded, or be given beside it. Raises ValueError, with a sentence that repeats nothing of the URL, since a
    password may be in it.
    """
    host, port, security = _place(url)
    user, password = _credentials(url, user, password)
    return Smarthost(host, port, security, user, password)


def _place(url: str) -> tuple[str, int, Security]:
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        raise ValueError("a smarthost's URL needs a valid host and a port from 1 to 65535") from None
    if parts.scheme not in _SCHEMES:
        raise ValueError("a smarthost's URL begins with smtp://, smtp+starttls:// or smtps://")
    if not host or port == 0 or parts.path.strip("/") or parts.query or parts.fragment:
        raise ValueError("a smarthost's URL names a host, perhaps a port, and nothing after them")
    security, default_port = _SCHEMES[parts.scheme]
    return host, port or default_port, security


def _credentials(url: str, user: str, password: Callable[[], str] | None) -> tuple[str, Callable[[], str] | None]:
    parts = urlsplit(url)
    url_user, url_password = unquote(parts.username or ""), parts.password
    if (url_user and user) or (url_password and password):
        raise ValueError("a smarthost's user and password stand in its URL or beside it, not in both")
    if bool(url_user or user) != bool(url_password or password):
        raise ValueError("a smarthost's user and password are given together or not at all")

    def of_the_url() -> str:
        return unquote(url_password or "")

    return url_user or user, of_the_url if url_password else password
