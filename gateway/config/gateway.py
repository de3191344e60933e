"""`[gateway]`: the program as a whole."""

import socket
from pathlib import Path
from typing import Literal

from pydantic import Field

from gateway.config.section import Section
from gateway.config.units import Duration, Secret, Size

_SQLITE = "sqlite:///"


class GatewaySection(Section):
    """The program as a whole."""

    hostname: str = Field(
        default_factory=socket.getfqdn,
        description="Our name in SMTP greetings and generated Message-IDs; by default the machine's own name.",
    )
    authserv_id: str = Field(
        default="",
        description="Name in Authentication-Results headers (RFC 8601) that rules believe: that of our own border "
        "server, which takes such headers out of what comes from outside. Empty: none is believed.",
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

    def beside(self, ending: str) -> Path | None:
        """Return the path that is named after a SQLite spool's file; None for another spool, which is no file."""
        url = self.store
        if not url.startswith(_SQLITE):
            return None
        database = Path(url.removeprefix(_SQLITE).partition("?")[0])
        return database.with_name(f"{database.name}{ending}")
