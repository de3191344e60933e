"""The settings' classes. Each key is described here, once; the reference page and the example are checked by a test."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Protocol

from pydantic import Field

from gateway.config.alerts import AlertsSection
from gateway.config.automatic import AutomaticSection
from gateway.config.cache import CacheSection
from gateway.config.cention import Route, Workspace
from gateway.config.console import ConsoleSection
from gateway.config.dkim import Dkim
from gateway.config.gateway import GatewaySection
from gateway.config.imap import Imap
from gateway.config.listening import HttpSection, SmtpSection
from gateway.config.lmtp import LmtpSection
from gateway.config.log import LogSection
from gateway.config.mail import MailSection
from gateway.config.maildir import Maildir, Pickup
from gateway.config.notices import NoticesSection
from gateway.config.oauth import OAuth
from gateway.config.outgoing import OutgoingSection
from gateway.config.pop3 import Pop3
from gateway.config.rules import RuleSection
from gateway.config.section import WholeFile
from gateway.config.sentcopy import SentBcc, SentFolder
from gateway.config.telemetry import TelemetrySection
from gateway.config.worker import WorkerSection


class Fetched(Protocol):
    """What mail is fetched from."""

    @property
    def name(self) -> str:
        """Its name in logs, metrics and the spool."""

    @property
    def route(self) -> str:
        """The route for what no other is found for."""


class Settings(WholeFile):
    """The whole file. Environment variables such as CENTION_GATEWAY_SMTP__MAX_SIZE go before what it says."""

    gateway: GatewaySection = Field(default_factory=GatewaySection)
    smtp: SmtpSection = Field(default_factory=SmtpSection)
    lmtp: LmtpSection = Field(default_factory=LmtpSection)
    http: HttpSection = Field(default_factory=HttpSection)
    console: ConsoleSection = Field(default_factory=ConsoleSection)
    mail: MailSection = Field(default_factory=MailSection)
    automatic: AutomaticSection = Field(default_factory=AutomaticSection)
    cention: dict[Annotated[str, Field(pattern=r"^[A-Za-z0-9_.-]+$")], Workspace] = Field(min_length=1)
    route: list[Route] = Field(min_length=1)
    rule: list[RuleSection] = Field(
        default_factory=list, max_length=500, description="Rules for every mail, `[[rule]]`, in order."
    )
    oauth: dict[Annotated[str, Field(pattern=r"^[A-Za-z0-9_.-]+$")], OAuth] = Field(default_factory=dict)
    imap: list[Imap] = Field(default_factory=list)
    pop3: list[Pop3] = Field(default_factory=list)
    maildir: list[Maildir] = Field(default_factory=list)
    pickup: list[Pickup] = Field(default_factory=list)
    outgoing: OutgoingSection = Field(default_factory=OutgoingSection)
    notices: NoticesSection = Field(default_factory=NoticesSection)
    dkim: list[Dkim] = Field(default_factory=list)
    sent_folder: list[SentFolder] = Field(default_factory=list)
    sent_bcc: list[SentBcc] = Field(default_factory=list)
    cache: CacheSection = Field(default_factory=CacheSection)
    alerts: AlertsSection = Field(default_factory=AlertsSection)
    log: LogSection = Field(default_factory=LogSection)
    telemetry: TelemetrySection = Field(default_factory=TelemetrySection)
    worker: WorkerSection = Field(default_factory=WorkerSection)

    def route_named(self, name: str) -> Route | None:
        """Return the route of that name."""
        return next((route for route in self.route if route.name == name), None)

    @property
    def threads(self) -> int:
        """Return how many jobs may be at work at once."""
        return self.worker.threads or min(200, max(8, sum(map(self._wanted, self.lanes()))))

    def lanes(self) -> list[str]:
        """Return what works side by side: a lane for each route's errands, workspace's answers, place of copies."""
        copies = [f"copy:{one.name}" for one in self.sent_copies]
        return [f"route:{route.name}" for route in self.route] + [f"workspace:{name}" for name in self.cention] + copies

    def concurrency(self, lane: str) -> int:
        """Return how many jobs of a lane may be at work at once: its share, where there are fewer threads than wanted.

        Each lane has threads that no other can take from it, so that none waits for another's host.
        """
        total = sum(map(self._wanted, self.lanes()))
        return max(1, self._wanted(lane) * min(self.threads, total) // total)

    def _wanted(self, lane: str) -> int:
        kind, _, name = lane.partition(":")
        if kind == "copy":
            return 1
        owner = self.route_named(name) if kind == "route" else self.cention.get(name)
        return owner.concurrency if owner is not None else 1

    @property
    def sent_copies(self) -> list[SentFolder | SentBcc]:
        """Return the places that copies of sent answers go to."""
        return [*self.sent_folder, *self.sent_bcc]

    def copies_of(self, route: str) -> tuple[str, ...]:
        """Return the names of the places that a route's answers are copied to."""
        return tuple(one.name for one in self.sent_copies if not one.routes or route in one.routes)

    def newest_first(self, lane: str) -> bool:
        """Return whether a lane's newest jobs go first."""
        kind, _, name = lane.partition(":")
        route = self.route_named(name) if kind == "route" else None
        return route is not None and route.order == "newest"

    def fetched(self) -> Mapping[str, Sequence[Fetched]]:
        """Return all that mail is fetched from, by the name of its table."""
        return {"imap": self.imap, "pop3": self.pop3, "maildir": self.maildir, "pickup": self.pickup}

    def routes_of(self, workspace: str) -> tuple[Route, ...]:
        """Return a workspace's routes, its default route first."""
        default = self.cention[workspace].default_route
        routes = [route for route in self.route if route.workspace == workspace]
        return tuple(sorted(routes, key=lambda route: route.name != default))
