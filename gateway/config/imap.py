"""`[[imap]]`: mailboxes that mail is fetched from."""

import re
from datetime import date
from typing import Literal, Self

from pydantic import Field, field_validator, model_validator

from gateway.config.section import Section
from gateway.config.units import Authority, Duration, Secret, Size

_LOOPBACK = ("localhost", "127.0.0.1", "::1")
_PORTS = {"tls": 993, "starttls": 143, "none": 143}
_FINGERPRINT = re.compile(r"[0-9a-f]{64}")
_LONGEST_IDLE = 290.0


class Imap(Section):
    """A mailbox that mail is fetched from by IMAP (RFC 3501, 9051)."""

    name: str = Field(
        min_length=1,
        pattern=r"^[A-Za-z0-9_.-]+$",
        description="Its name in logs, metrics and the spool: with another name all begins anew.",
    )
    host: str = Field(min_length=1, description="The server.")
    port: int = Field(
        default=0, ge=0, le=65535, description="Its port; 0 is what belongs to `security`: 993 for tls, else 143."
    )
    security: Literal["tls", "starttls", "none"] = Field(
        default="tls", description="TLS from the first byte, or by STARTTLS, or none, which `allow_plain` has to allow."
    )
    allow_plain: bool = Field(
        default=False,
        description='Allow `security = "none"` to other hosts. The password can then be read on the way.',
    )
    user: str = Field(min_length=1, description="User to log in as.")
    password: Secret | None = Field(default=None, description="Its password; or `oauth`.")
    oauth: str = Field(default="", description="The `[oauth.NAME]` whose tokens are sent instead of a password.")
    ca: Authority = Field(
        default="", description="PEM file with the authority that the server's certificate is of, if not a public one."
    )
    pin: str = Field(
        default="",
        description="SHA-256 of the server's certificate, in hex: this one and no other. Without `ca` nothing else is "
        "asked of it, so that it may be self-signed.",
    )
    folders: list[str] = Field(
        default_factory=lambda: ["INBOX"],
        min_length=1,
        description="Folders, as people see them, in UTF-8; a connection for each.",
    )
    route: str = Field(description="The `[[route]]` for all mail, or for what `route_by` finds none for.")
    route_by: list[str] = Field(
        default_factory=list,
        description="Headers that name the recipient, by which a route is found, the first that does: "
        '`["Delivered-To", "X-Original-To", "To"]`.',
    )
    since: Literal["now", "all", "unseen"] | date = Field(
        default="unseen",
        description="Which of the mail that is there at the first start is taken: none (`now`), `all`, what nobody has "
        "read (`unseen`), or what came on a day or later (`2024-05-31`).",
    )
    after: str = Field(
        default="seen",
        pattern=r'^(keep|seen|delete|keyword:[^\s(){%*"\\\]]+|move:.+)$',
        description="What is done with a message once it is ours: `keep` leaves it, `seen` marks it read, "
        "`keyword:NAME` sets a keyword, `move:FOLDER` moves it, `delete` deletes it.",
    )
    expunge_all: bool = Field(
        default=False,
        description="On a server without UIDPLUS, empty the folder of all that is marked as deleted, by whomever. "
        "Otherwise what was moved or deleted only stays marked there.",
    )
    interval: Duration = Field(
        default=120.0, ge=1, description="How often is looked for new mail; with `idle` the server also tells at once."
    )
    idle: bool = Field(default=True, description="Use IDLE where the server has it.")
    max_size: Size = Field(
        default=50_000_000, description="Largest message taken; a larger one is left where it is, and told of."
    )
    timeout: Duration = Field(default=60.0, ge=1, description="Longest silence of the server.")
    max_connections: int = Field(
        default=8,
        ge=1,
        le=100,
        description="Connections at once to this host, for all mailboxes there; where there are more folders, "
        "they take turns.",
    )

    @field_validator("pin")
    @classmethod
    def _pin_is_a_fingerprint(cls, pin: str) -> str:
        plain = pin.replace(":", "").lower()
        if plain and not _FINGERPRINT.fullmatch(plain):
            raise ValueError(
                "expected a SHA-256 in hex, 64 digits, as `openssl x509 -noout -fingerprint -sha256 -in cert.pem` says"
            )
        return plain

    @model_validator(mode="after")
    def _is_sound(self) -> Self:
        if (self.password is None) == (not self.oauth):
            raise ValueError("expected either password or oauth")
        if self.security == "none" and self.host not in _LOOPBACK and not self.allow_plain:
            raise ValueError(
                'security: expected "tls" or "starttls", since the password travels; or set allow_plain = true'
            )
        if self.target in self.folders:
            raise ValueError(f"after: {self.target!r} is among the folders that are fetched from")
        if len(set(self.folders)) < len(self.folders):
            raise ValueError("folders: a folder is named twice")
        return self

    @property
    def target(self) -> str:
        """Return the folder that messages are moved to, "" for none."""
        kind, _, target = self.after.partition(":")
        return target if kind == "move" else ""

    @property
    def address(self) -> tuple[str, int]:
        """Return host and port."""
        return self.host, self.port or _PORTS[self.security]

    @property
    def pause(self) -> float:
        """Return how long to wait for new mail before looking, in seconds: under five minutes (RFC 2177 has 29)."""
        return min(self.interval, _LONGEST_IDLE)
