"""`[outgoing]`: the way out for answers."""

import re
from typing import Annotated, Literal, Self

from pydantic import Field, PlainSerializer, PlainValidator, field_validator, model_validator

from gateway.config.domain import read_domain
from gateway.config.section import Section
from gateway.config.units import Authority, Duration, Secret

_FINGERPRINT = re.compile(r"[0-9a-f]{64}")
_RATE = re.compile(r"([1-9]\d{0,8})\s*/\s*(s|min|h|d)")
_SECONDS = {"s": 1.0, "min": 60.0, "h": 3600.0, "d": 86400.0}


def read_rate(value: object) -> tuple[int, float]:
    """Read "100/min" into a count and the seconds that it is counted over; ValueError otherwise."""
    found = _RATE.fullmatch(value.strip()) if isinstance(value, str) else None
    if found is None:
        raise ValueError(f'expected a count for a time, such as "100/min" (s, min, h, d), found {value!r}')
    return int(found[1]), _SECONDS[found[2]]


def rate_text(rate: tuple[int, float]) -> str:
    """Write a rate as the settings do."""
    count, seconds = rate
    return f"{count}/{next(unit for unit, length in _SECONDS.items() if length == seconds)}"


RateText = Annotated[tuple[int, float], PlainValidator(read_rate), PlainSerializer(rate_text)]


class SmarthostTable(Section):
    """A smarthost with more to say of it than its URL. See [smarthosts.md](smarthosts.md)."""

    url: str = Field(description="As in the short form: `smtp://`, `smtp+starttls://` or `smtps://`, host and port.")
    name: str = Field(
        default="", pattern=r"^[A-Za-z0-9_.-]*$", description="Its name in routes, metrics and on `/readyz`."
    )
    user: str = Field(default="", description="User for AUTH.")
    password: Secret | None = Field(default=None, description="Password for AUTH; or `oauth`.")
    oauth: str = Field(default="", description="The `[oauth.NAME]` whose tokens are shown instead of a password.")
    auth: Literal["", "plain", "login", "cram-md5", "scram-sha-256", "xoauth2", "oauthbearer"] = Field(
        default="", description="How to log in; by default the best that the smarthost offers."
    )
    tls: Literal["", "none", "opportunistic", "required", "verified"] = Field(
        default="",
        description="`verified`: in TLS, with a certificate of a known authority for this host. `required`: in TLS, "
        "whatever the certificate. `opportunistic`: in TLS where it is offered. `none`. By default `verified`, "
        "with `smtp://` `none`.",
    )
    ca: Authority = Field(
        default="", description="PEM file with the authority that its certificate is of, instead of the system's."
    )
    pin: str = Field(
        default="",
        description="SHA-256 of its certificate, in hex: this one and no other. Without `ca` nothing else is asked of "
        "it, so that it may be self-signed.",
    )
    certificate: str = Field(default="", description="PEM file with the certificate that we show, and its chain.")
    key: str = Field(default="", description="PEM file with that certificate's key, if it is not in the same file.")
    priority: int | None = Field(
        default=None,
        ge=1,
        le=1000,
        description="Lower ones are asked first; by default its place in the list, from 1. Those of one priority share "
        "the mail.",
    )
    weight: int = Field(default=1, ge=1, le=1000, description="Its share of the mail among those of one priority.")
    named_only: bool = Field(default=False, description="For routes that name it, and for no others.")
    max_connections: int = Field(default=20, ge=1, le=1000, description="Connections to it at once, by each node.")

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
        if self.oauth and (self.password is not None or not self.user):
            raise ValueError("oauth: expected user beside it, whose tokens they are, and no password")
        if self.tls == "opportunistic" and (self.user or self.pin):
            raise ValueError(
                'tls: expected "verified" or "required": with "opportunistic" who stands between could have the '
                "password, or another certificate than the pinned one"
            )
        if (self.named_only and not self.name) or (self.key and not self.certificate):
            raise ValueError("expected a name beside named_only, and a certificate beside key")
        return self


class OutgoingSection(Section):
    """The way out for answers."""

    smarthosts: list[str | SmarthostTable] = Field(
        default_factory=list,
        description="Asked in order; the first that takes the mail has it. One that failed is asked last for a while.",
    )
    tls_ca: str = Field(default="", description="PEM file with a certificate authority to trust beside the system's.")
    timeout: Duration = Field(
        default=60.0,
        description="Longest wait for a smarthost's reply (RFC 5321 4.5.3.2 has 5 min); after the final dot five "
        "times as long.",
    )
    connect_timeout: Duration | None = Field(
        default=None, description="Longest wait for a connection; by default `timeout`."
    )
    greeting_timeout: Duration | None = Field(
        default=None, description="Longest wait for the greeting (RFC: 5 min); by default `timeout`."
    )
    data_timeout: Duration | None = Field(
        default=None, description="Longest wait for the reply to DATA (RFC: 2 min); by default `timeout`."
    )
    block_timeout: Duration | None = Field(
        default=None, description="Longest wait while 256 KB of a mail leave (RFC: 3 min); by default `timeout`."
    )
    end_timeout: Duration | None = Field(
        default=None,
        description="Longest wait for the reply that makes the mail the smarthost's (RFC: 10 min); by default five "
        "times `timeout`. Too short a time makes second copies.",
    )
    mails_per_connection: int = Field(
        default=100, ge=1, le=10_000, description="After so many mails a connection is made anew; 1 keeps none."
    )
    keep_connection: Duration = Field(
        default=5.0, description="A connection without mail is kept for so long; it should be less than theirs."
    )
    rates: dict[str, RateText] = Field(
        default_factory=dict,
        description='Recipients of a domain that are sent to in a time, by each node: `{ "gmail.com" = "100/min", '
        '"*" = "1000/h" }`, `*` for each other domain. Over it an answer waits.',
    )

    @field_validator("rates")
    @classmethod
    def _domains_are_some(cls, rates: dict[str, RateText]) -> dict[str, RateText]:
        return {domain if domain == "*" else read_domain(domain): rate for domain, rate in rates.items()}

    @field_validator("timeout", "connect_timeout", "greeting_timeout", "data_timeout", "block_timeout", "end_timeout")
    @classmethod
    def _is_a_wait(cls, seconds: float | None) -> float | None:
        if seconds == 0:
            raise ValueError("expected a time longer than nothing")
        return seconds
