"""`[[imap]]`: mailboxes that mail is fetched from by IMAP."""

from datetime import date
from typing import Literal, Self

from pydantic import Field, model_validator

from gateway.config.mailbox import Account, Mailbox

_PORTS = {"tls": 993, "starttls": 143, "none": 143}
_LONGEST_IDLE = 290.0


class ImapAccount(Account):
    """A mailbox on an IMAP server."""

    port: int = Field(
        default=0, ge=0, le=65535, description="Its port; 0 is what belongs to `security`: 993 for tls, else 143."
    )

    @property
    def address(self) -> tuple[str, int]:
        """Return host and port."""
        return self.host, self.port or _PORTS[self.security]


class Imap(ImapAccount, Mailbox):
    """A mailbox that mail is fetched from by IMAP (RFC 3501, 9051)."""

    folders: list[str] = Field(
        default_factory=lambda: ["INBOX"],
        min_length=1,
        description="Folders, as people see them, with `/` between a folder and one in it; a connection for each.",
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
    idle: bool = Field(
        default=True, description="Have the server tell of new mail at once (IDLE), where it can; `interval` goes on."
    )
    max_connections: int = Field(
        default=8,
        ge=1,
        le=100,
        description="Connections at once to this host, for all mailboxes there; where there are more folders, "
        "they take turns.",
    )

    @model_validator(mode="after")
    def _folders_are_sound(self) -> Self:
        names = {_one_name(folder) for folder in self.folders}
        if _one_name(self.target) in names:
            raise ValueError(f"after: {self.target!r} is among the folders that are fetched from")
        if len(names) < len(self.folders):
            raise ValueError("folders: a folder is named twice")
        return self

    @property
    def target(self) -> str:
        """Return the folder that messages are moved to, "" for none."""
        kind, _, target = self.after.partition(":")
        return target if kind == "move" else ""

    @property
    def pause(self) -> float:
        """Return how long to wait for new mail before looking, in seconds: under five minutes (RFC 2177 has 29)."""
        return min(self.interval, _LONGEST_IDLE)


def _one_name(folder: str) -> str:
    """Return INBOX for all its spellings, which are one folder (RFC 3501 5.1); other names as they are."""
    return "INBOX" if folder.upper() == "INBOX" else folder
