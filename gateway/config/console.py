"""`[console]`: the pages for people, who may sign in to them, and as what."""

import re
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Annotated, Self
from urllib.parse import urlsplit

from pydantic import Field, PlainSerializer, PlainValidator, model_validator

from gateway.config.role import Role
from gateway.config.section import Section
from gateway.config.units import Authority, Duration, Secret

__all__ = ["LOOPBACK", "USER_NAME", "ConsoleHeader", "ConsoleOidc", "ConsoleSection", "ConsoleUser", "Role"]

LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
USER_NAME = r"[A-Za-z0-9][A-Za-z0-9._@+-]{0,63}"
ARGON2 = r"\$argon2(?:id|i|d)\$v=\d+\$m=\d+,t=\d+,p=\d+\$[A-Za-z0-9+/]+\$[A-Za-z0-9+/]+"
_HEADER_NAME = r"^[A-Za-z0-9-]{1,60}$"


def _network(value: object) -> IPv4Network | IPv6Network:
    if isinstance(value, IPv4Network | IPv6Network):
        return value
    try:
        return ip_network(value if isinstance(value, str) else "", strict=False)
    except ValueError as error:
        raise ValueError(f'expected an address or a network such as "192.0.2.0/24", found {value!r:.100}') from error


Network = Annotated[IPv4Network | IPv6Network, PlainValidator(_network), PlainSerializer(str)]


class ConsoleUser(Section):
    """Somebody who signs in with a password, `[console.user.NAME]`; `cention-gateway user add` makes the lines."""

    password: str = Field(
        pattern=f"^{ARGON2}$",
        description="The password's hash (Argon2), never the password; `cention-gateway user add NAME` prints it.",
    )
    role: Role = Field(default=Role.LOOK, description="`look`, `act` or `administer`.")


class ConsoleHeader(Section):
    """People whom a reverse proxy has signed in, `[console.header]`; believed from `console.proxies` alone."""

    user: str = Field(pattern=_HEADER_NAME, description="The header that names them, such as `X-Remote-User`.")
    groups: str = Field(
        default="",
        pattern=r"^[A-Za-z0-9-]{0,60}$",
        description="The header that names their groups, with commas between; empty for none.",
    )
    roles: dict[str, Role] = Field(
        default_factory=dict, description="Role by group; the highest of somebody's groups counts."
    )
    role: Role | None = Field(
        default=None, description="The role of whoever has none by a group; without it they may not enter."
    )


class ConsoleOidc(Section):
    """People whom an OpenID provider signs in (OpenID Connect Core 1.0), `[console.oidc]`."""

    issuer: str = Field(
        description="The provider's issuer, as it writes it itself; https, or http on this machine. Its addresses and "
        "keys are read from `<issuer>/.well-known/openid-configuration`."
    )
    client_id: str = Field(min_length=1, description="Our id there. The address to register: `<address>/sign-in/back`.")
    client_secret: Secret | None = Field(
        default=None, description="Our secret there, sent as `client_secret_post`; without it PKCE alone."
    )
    label: str = Field(default="your organisation", min_length=1, max_length=60, description="Its name on the button.")
    scope: str = Field(default="openid profile email", description="What is asked for, with spaces between.")
    name_claim: str = Field(
        default="preferred_username", min_length=1, description="The claim that names somebody; else `email`, `sub`."
    )
    roles_claim: str = Field(
        default="groups", min_length=1, description="The claim with groups or roles: a text, or a list of texts."
    )
    roles: dict[str, Role] = Field(
        default_factory=dict, description="Role by value of that claim; the highest of somebody's counts."
    )
    role: Role | None = Field(
        default=None, description="The role of whoever has none by that claim; without it they may not enter."
    )
    ca: Authority = Field(
        default="", description="PEM file with the authority that the provider's certificate is of, if its own."
    )
    timeout: Duration = Field(default=10.0, ge=1, le=60, description="Longest wait for each answer of the provider.")

    @model_validator(mode="after")
    def _is_sound(self) -> Self:
        if not is_private(self.issuer) or "?" in self.issuer:
            raise ValueError(f"issuer: expected an https address (http to this machine alone), found {self.issuer!r}")
        if "openid" not in self.scope.split():
            raise ValueError('scope: expected "openid" among its words')
        return self


class ConsoleSection(Section):
    """The pages for people, at `http.listen`; off until one of `user`, `users_file`, `header`, `oidc` is set."""

    address: str = Field(
        default="",
        description="What a browser reaches the pages by, such as `https://mail-gw.example.com`. Other names are not "
        "answered to, but those of this machine itself; with https, cookies go by TLS alone.",
    )
    users_file: str = Field(
        default="",
        description="File with users and their passwords' hashes, of mode 600, that `cention-gateway user add` writes; "
        "changes count at once.",
    )
    user: dict[Annotated[str, Field(pattern=f"^{USER_NAME}$")], ConsoleUser] = Field(
        default_factory=dict, max_length=500, description="Users in the settings themselves, by name."
    )
    proxies: list[Network] = Field(
        default_factory=list,
        description="Reverse proxies before us, addresses or networks: what they say of who asks is believed.",
    )
    header: ConsoleHeader | None = Field(
        default=None, description="People whom such a proxy has signed in, `[console.header]`."
    )
    oidc: ConsoleOidc | None = Field(
        default=None, description="People whom an OpenID provider signs in, `[console.oidc]`."
    )
    open: bool = Field(
        default=False,
        description="Let everybody on this machine administer without signing in: for a trial. Nothing else of who may "
        "sign in can be set beside it, and `http.listen` has to be of this machine alone.",
    )
    idle: Duration = Field(
        default=3600.0, ge=60, description="A session ends after so long without a request; live pages do not count."
    )
    longest: Duration = Field(default=43200.0, ge=60, description="A session ends after so long in any case.")
    hide_bodies: bool = Field(
        default=False, description="Keep what mails and answers say, and their files, from the role `look`."
    )

    @property
    def enabled(self) -> bool:
        """Return whether anybody can see the pages at all."""
        return self.open or self._signs_in

    @property
    def _signs_in(self) -> bool:
        return bool(self.user or self.users_file or self.header or self.oidc)

    @property
    def local(self) -> bool:
        """Return whether there are users with passwords of our own."""
        return bool(self.user or self.users_file)

    @property
    def by_tls(self) -> bool:
        """Return whether browsers reach us by TLS."""
        return self.address.startswith("https://")

    @model_validator(mode="after")
    def _is_sound(self) -> Self:
        if wrong := self._contradiction():
            raise ValueError(wrong)
        return self

    def _contradiction(self) -> str:
        """Say what in these keys does not go together."""
        if self.open and (self._signs_in or self.address or self.proxies):
            return "open: is for this machine alone, so no address, proxies or people can be set beside it"
        if self.address and not _is_origin(self.address):
            return f'address: expected "https://name" without a path, found {self.address!r:.100}'
        if self.header and not self.proxies:
            return "proxies: expected the addresses of the proxies that may send console.header"
        if self.oidc and not self.address:
            return "address: expected our own address, which the OpenID provider sends people back to"
        if self.idle > self.longest:
            return "idle: is longer than console.longest"
        return ""


def _is_origin(address: str) -> bool:
    try:
        parts = urlsplit(address)
        _ = parts.port
    except ValueError:
        return False
    plain = not (parts.path.strip("/") or parts.query or parts.fragment or parts.username)
    return parts.scheme in {"http", "https"} and bool(parts.hostname) and plain


def is_private(url: str) -> bool:
    """Return whether what is sent there stays between us and that host: https, or http to this machine."""
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        return False
    private = parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in LOOPBACK)
    return private and bool(parts.hostname) and not (parts.username or parts.fragment) and url.isprintable()


def is_hash(text: str) -> bool:
    """Return whether this is a password's hash, as `password` has to be."""
    return re.fullmatch(ARGON2, text) is not None
