"""What every mailbox on a server needs: where it is, how it is entered; and to be fetched from, whose mail it holds."""

import re
from typing import Literal, Self

from pydantic import Field, field_validator, model_validator

from gateway.config.section import Section
from gateway.config.units import Authority, Duration, Secret, Size

_LOOPBACK = ("localhost", "127.0.0.1", "::1")
_FINGERPRINT = re.compile(r"[0-9a-f]{64}")


class Account(Section):
    """A mailbox on a server, and how it is entered."""

    name: str = Field(
        min_length=1,
        pattern=r"^[A-Za-z0-9_.-]+$",
        description="Its name in logs, metrics and the spool: with another name all begins anew.",
    )
    host: str = Field(min_length=1, description="The server.")
    port: int = Field(default=0, ge=0, le=65535, description="Its port; 0 is what belongs to `security`.")
    security: Literal["tls", "starttls", "none"] = Field(
        default="tls",
        description="TLS from the first byte, or by STARTTLS (in POP3: STLS), or none, which `allow_plain` has to "
        "allow.",
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
    timeout: Duration = Field(default=60.0, ge=1, description="Longest silence of the server.")

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
    def _is_entered_safely(self) -> Self:
        if (self.password is None) == (not self.oauth):
            raise ValueError("expected either password or oauth")
        if self.security == "none" and self.host not in _LOOPBACK and not self.allow_plain:
            raise ValueError(
                'security: expected "tls" or "starttls", since the password travels; or set allow_plain = true'
            )
        return self


class Mailbox(Account):
    """A mailbox that mail is fetched from."""

    route: str = Field(description="The `[[route]]` for all mail, or for what `route_by` finds none for.")
    route_by: list[str] = Field(
        default_factory=list,
        description="Headers that name the recipient, by which a route is found, the first that does: "
        '`["Delivered-To", "X-Original-To", "To"]`.',
    )
    interval: Duration = Field(default=120.0, ge=1, description="How often is looked for new mail.")
    max_size: Size = Field(
        default=50_000_000, description="Largest message taken; a larger one is left where it is, and told of."
    )
