"""The settings' classes. Each key is described here, once; the reference page and the example are checked by a test."""

import os
import socket
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from gateway.config.units import Duration, Listen, ListenAddress, Secret, Size

_LOOPBACK = ("localhost", "127.0.0.1", "::1")


class Section(BaseModel):
    """A table of the settings: frozen, and nothing in it that is not known."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class GatewaySection(Section):
    """The program as a whole."""

    hostname: str = Field(
        default_factory=socket.getfqdn,
        description="Our name in SMTP greetings and generated Message-IDs; by default the machine's own name.",
    )
    spool: str = Field(
        default="sqlite:////var/lib/cention-gateway/spool.db",
        pattern=r"^(sqlite:///|postgresql\+psycopg://|env:|file:).+",
        description="Where accepted mail is kept: `sqlite:///FILE`, `postgresql+psycopg://USER:PASSWORD@HOST/NAME`, or "
        "a reference to one. With SQLite large mails lie in a folder beside the file, named alike with `.blobs`.",
    )
    bodies: str = Field(
        default="",
        description="With PostgreSQL, a folder for large mails that all nodes share; by default the database has them.",
    )
    max_spool: Size = Field(
        default=0,
        description="Bytes of mail in the spool over which finished ones are forgotten early and, where that is not "
        "enough, no more is accepted (452); 0 for no limit.",
    )
    max_waiting: int = Field(
        default=0,
        ge=0,
        description="Unfinished jobs in the spool over which no mail is accepted (452); 0 for no limit.",
    )
    retention: Duration = Field(
        default=30 * 86400.0,
        description="How long done and discarded mails are kept. Parked ones are kept until a person acts.",
    )
    history: Duration = Field(
        default=400 * 86400.0,
        description="How long it is known which mail made which errand, without content; answers are threaded by it.",
    )
    min_free: Size = Field(
        default=5_000_000,
        description="Free disk under which no mail is accepted (452), so that work in hand can be finished.",
    )
    stop_timeout: Duration = Field(default=30.0, description="How long SIGTERM waits for work in hand.")
    log: Literal["auto", "human", "json"] = Field(
        default="auto",
        description="Form of the log: for people on a terminal and JSON otherwise, or always one of them.",
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        default="info", description="Least level that is logged."
    )

    @property
    def store(self) -> str:
        """The spool's URL itself; SettingsError when it is a reference to what is not there."""
        return Secret(self.spool).value() if self.spool.startswith(("env:", "file:")) else self.spool


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
        default=300.0, description="Time for a whole command line to arrive, and for a reply to leave."
    )
    data_timeout: Duration = Field(default=180.0, description="Longest silence while a mail's data arrives.")
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


class Workspace(Section):
    """A workspace at Cention, `[cention.NAME]`; its callback comes to `/callbacks/NAME`."""

    url: str = Field(description="The API's base, `https://<api domain>/s/<workspace>`.")
    attachment_token: Secret = Field(description="Token with the claim *get attachment*.")
    callback_secrets: list[Secret] = Field(
        default_factory=list,
        description="Secret keys of the callback; any is valid, so one can be changed without a gap. Empty: unchecked.",
    )
    default_route: str = Field(
        default="",
        description="Route for answers to errands that no mail of ours made; by default the workspace's first route.",
    )
    timeout: Duration = Field(default=60.0, description="Longest wait for Cention's answer to one call.")
    max_attachment_size: Size = Field(default=50_000_000, description="Largest attachment fetched for an answer.")
    concurrency: int = Field(
        default=4, ge=1, le=100, description="Answers of this workspace that are sent at once, by each node."
    )
    allow_plain_http: bool = Field(
        default=False,
        description="Allow `http://` in `url` to other hosts. The token can then be read on the way.",
    )

    @model_validator(mode="after")
    def _url_is_sound(self) -> Self:
        parts = urlsplit(self.url)
        if (
            parts.scheme not in {"http", "https"}
            or not parts.hostname
            or parts.query
            or parts.fragment
            or parts.username
        ):
            raise ValueError(f'url: expected "https://<api domain>/s/<workspace>", found {self.url!r}')
        if parts.scheme == "http" and parts.hostname not in _LOOPBACK and not self.allow_plain_http:
            raise ValueError(
                "url: expected https, since the token travels with each call; or set allow_plain_http = true"
            )
        return self


class Route(Section):
    """Which recipients' mail goes where, `[[route]]`: one for each area at Cention."""

    name: str = Field(min_length=1, pattern=r"^[A-Za-z0-9_.-]+$", description="Its name in logs, metrics and commands.")
    recipients: list[str] = Field(
        min_length=1,
        description="Addresses, or `*@domain`. `support+x@` finds `support@`; letter case does not matter.",
    )
    workspace: str = Field(description="The `[cention.NAME]` that its errands are created in.")
    token: Secret = Field(description="Token with the claim *Create Errand*; it decides the area that errands land in.")
    reply_from: str = Field(
        min_length=3, pattern="@", description='From of answers, such as "Support <support@example.com>".'
    )
    concurrency: int = Field(
        default=8, ge=1, le=100, description="Errands of this route that are created at once, by each node."
    )
    order: Literal["oldest", "newest"] = Field(
        default="oldest", description="Which mails go first when some wait; `newest` serves today's after an outage."
    )
    sender: Literal["from", "reply-to"] = Field(
        default="from", description="Which header names the errand's writer; `reply-to` falls back to From."
    )


class SmarthostTable(Section):
    """A smarthost whose password comes by reference."""

    url: str = Field(description="As in the short form: `smtp://`, `smtp+starttls://` or `smtps://`, host and port.")
    user: str = Field(default="", description="User for AUTH.")
    password: Secret | None = Field(default=None, description="Password for AUTH.")


class OutgoingSection(Section):
    """The way out for answers."""

    smarthosts: list[str | SmarthostTable] = Field(
        default_factory=list, description="Tried in order; the first that answers takes the mail."
    )
    tls_ca: str = Field(default="", description="PEM file with a certificate authority to trust beside the system's.")
    timeout: Duration = Field(default=60.0, description="Longest wait for a smarthost's reply.")


class WorkerSection(Section):
    """The work between accepting and delivering."""

    threads: int | None = Field(
        default=None,
        ge=1,
        le=200,
        description="Jobs that may wait for Cention or a smarthost at once; by default the sum of what routes and "
        "workspaces may do at once, at least 8 and at most 200.",
    )
    readers: int = Field(
        default_factory=lambda: max(1, os.cpu_count() or 1),
        ge=1,
        le=64,
        description="Processes that read mails; by default one a core.",
    )
    read_timeout: Duration = Field(default=60.0, description="Time for reading one mail; then its process is ended.")
    read_memory: Size = Field(
        default=2_000_000_000, ge=300_000_000, description="Memory for reading one mail; then its process is ended."
    )
    lease: Duration = Field(
        default=120.0, ge=1, description="After this long without a sign of life a job is taken by another worker."
    )
    retry_min: Duration = Field(default=60.0, description="First wait after a temporary failure; it doubles each time.")
    retry_max: Duration = Field(default=3600.0, description="Longest wait between tries.")
    give_up: Duration = Field(default=5 * 86400.0, description="After this long of temporary failures a job is parked.")
    probe: Duration = Field(
        default=60.0, description="How often a paused lane tries one job, to see whether its token works again."
    )


class Settings(BaseSettings):
    """The whole file. Environment variables such as CENTION_GATEWAY_SMTP__MAX_SIZE go before what it says."""

    model_config = SettingsConfigDict(
        extra="forbid",
        frozen=True,
        env_prefix="CENTION_GATEWAY_",
        env_nested_delimiter="__",
        nested_model_default_partial_update=True,
    )

    gateway: GatewaySection = Field(default_factory=GatewaySection)
    smtp: SmtpSection = Field(default_factory=SmtpSection)
    http: HttpSection = Field(default_factory=HttpSection)
    cention: dict[Annotated[str, Field(pattern=r"^[A-Za-z0-9_.-]+$")], Workspace] = Field(min_length=1)
    route: list[Route] = Field(min_length=1)
    outgoing: OutgoingSection = Field(default_factory=OutgoingSection)
    worker: WorkerSection = Field(default_factory=WorkerSection)

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """The environment first, then the file's content; nothing else."""
        del settings_cls, dotenv_settings, file_secret_settings
        return env_settings, init_settings

    def route_named(self, name: str) -> Route | None:
        """Return the route of that name."""
        return next((route for route in self.route if route.name == name), None)

    @property
    def threads(self) -> int:
        """Return how many jobs may be at work at once."""
        return self.worker.threads or min(200, max(8, sum(map(self._wanted, self.lanes()))))

    def lanes(self) -> list[str]:
        """Return what works side by side: a lane for each route's errands, and for each workspace's answers."""
        return [f"route:{route.name}" for route in self.route] + [f"workspace:{name}" for name in self.cention]

    def concurrency(self, lane: str) -> int:
        """Return how many jobs of a lane may be at work at once: its share, where there are fewer threads than wanted.

        Each lane has threads that no other can take from it, so that none waits for another's host.
        """
        total = sum(map(self._wanted, self.lanes()))
        return max(1, self._wanted(lane) * min(self.threads, total) // total)

    def _wanted(self, lane: str) -> int:
        kind, _, name = lane.partition(":")
        owner = self.route_named(name) if kind == "route" else self.cention.get(name)
        return owner.concurrency if owner is not None else 1

    def newest_first(self, lane: str) -> bool:
        """Return whether a lane's newest jobs go first."""
        kind, _, name = lane.partition(":")
        route = self.route_named(name) if kind == "route" else None
        return route is not None and route.order == "newest"

    def routes_of(self, workspace: str) -> tuple[Route, ...]:
        """Return a workspace's routes, its default route first."""
        default = self.cention[workspace].default_route
        routes = [route for route in self.route if route.workspace == workspace]
        return tuple(sorted(routes, key=lambda route: route.name != default))
