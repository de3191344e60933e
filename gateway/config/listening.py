"""`[smtp]` and `[http]`: what listens."""

import os
from typing import Self

from pydantic import Field, model_validator

from gateway.config.section import Section
from gateway.config.units import Duration, Listen, ListenAddress, Size


class SmtpSection(Section):
    """Mail in by SMTP (RFC 5321)."""

    listen: list[ListenAddress] = Field(
        default_factory=lambda: [Listen("0.0.0.0", 25)],  # noqa: S104 - a mail server listens to the world
        description="Addresses to listen on; an empty list switches SMTP off.",
    )
    processes: int = Field(
        default_factory=lambda: min(8, os.cpu_count() or 1),
        ge=0,
        le=64,
        description="Processes that take connections, by default one a core, at most 8; 0 takes them in the main one, "
        "which saves memory.",
    )
    share_port: bool = Field(
        default=False,
        description="Let another gateway of this user listen beside us (SO_REUSEPORT): for a rolling restart of nodes "
        "on PostgreSQL without systemd's sockets.",
    )
    max_size: Size = Field(
        default=50_000_000, description="Largest mail accepted, announced as SIZE; larger ones get 552."
    )
    max_header_size: Size = Field(
        default=1_000_000, description="Largest header of a mail accepted; larger ones get 552."
    )
    tls_certificate: str = Field(
        default="", description="PEM file with certificate and chain; offers STARTTLS when set."
    )
    tls_key: str = Field(default="", description="PEM file with the certificate's key; by default in the same file.")
    max_connections: int = Field(default=1000, ge=1, description="Connections at once in all; more get 421.")
    max_connections_per_address: int = Field(
        default=100, ge=1, description="Connections at once from one address; more get 421."
    )
    max_recipients: int = Field(
        default=1000, ge=100, description="Recipients of one mail; more get 452 (RFC 5321 asks for 100)."
    )
    max_commands: int = Field(
        default=2000,
        ge=10,
        description="Commands in a session without a mail accepted; then 421 and the connection is closed.",
    )
    max_errors: int = Field(default=20, ge=1, description="Errors in a session; then 421 and the connection is closed.")
    max_hops: int = Field(
        default=50, ge=1, description="Received headers in a mail; more mean a loop and get 554 5.4.6."
    )
    max_own_hops: int = Field(
        default=3,
        ge=1,
        description="Received headers that name us, or our own trace headers, in a mail; more get 554 5.4.6.",
    )
    command_timeout: Duration = Field(
        default=300.0, gt=0, description="Time for a whole command line to arrive, and for a reply to leave."
    )
    data_timeout: Duration = Field(default=180.0, gt=0, description="Longest silence while a mail's data arrives.")
    min_rate: Size = Field(
        default=500,
        ge=1,
        description="Bytes a second that a mail's data must come at, on the whole, after `data_timeout`.",
    )

    @model_validator(mode="after")
    def _key_needs_certificate(self) -> Self:
        if self.tls_key and not self.tls_certificate:
            raise ValueError("tls_key is set but tls_certificate is not")
        return self


class HttpSection(Section):
    """HTTP in: callbacks, health, metrics."""

    listen: ListenAddress = Field(
        default_factory=lambda: Listen("127.0.0.1", 8080),
        description="Address to listen on. Cention must reach `/callbacks/<workspace>` there, through a TLS proxy.",
    )
    max_size: Size = Field(default=50_000_000, description="Largest callback document accepted; larger ones get 413.")
