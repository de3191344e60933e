"""How each part of the house stands, as values. The terminal and the console render these same ones.

Times are Unix seconds; None is for what never was or is not known.
"""

from dataclasses import dataclass
from enum import StrEnum


class Level(StrEnum):
    """Whether somebody has to do something. `WARNING` mends itself, or has time; `WRONG` needs a person."""

    OK = "ok"
    WARNING = "warning"
    WRONG = "wrong"


@dataclass(frozen=True, slots=True)
class Remark:
    """A part that is not all right, in words: `what` names it, `said` tells why and since when."""

    level: Level
    what: str
    said: str


@dataclass(frozen=True, slots=True)
class GatewayStanding:
    """The running program. `parts` has what is wrong with each of its parts, "" for nothing; empty where none runs."""

    level: Level
    said: str
    address: str
    parts: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class SpoolStanding:
    """The store. `oldest_waiting` is when the oldest job was made that is not at its end; `free` is bytes of disk."""

    level: Level
    said: str
    name: str
    waiting: int = 0
    parked: int = 0
    answers_waiting: int = 0
    oldest_waiting: float | None = None
    free: int | None = None


@dataclass(frozen=True, slots=True)
class SourceStanding:
    """A way in. `kind` is "smtp", "imap", ...; `state` is a word, `said` the same for people, with the last error.

    Counts are since the gateway started. `refused` are connections or mails that were answered with an error.
    """

    level: Level
    kind: str
    name: str
    state: str
    said: str
    since: float | None = None
    last_success: float | None = None
    error: str = ""
    taken: int | None = None
    seen_before: int | None = None
    skipped: int | None = None
    refused: int | None = None


@dataclass(frozen=True, slots=True)
class LaneStanding:
    """A route's errands (`kind` "route") or a workspace's answers ("workspace").

    `token` says how long its token is good, or what is wrong with it. `paused_since` is when its credentials were
    refused. Held jobs wait for credentials or for a person; parked ones need a person.
    """

    level: Level
    kind: str
    name: str
    said: str
    token: str
    paused_since: float | None = None
    waiting: int = 0
    held: int = 0
    parked: int = 0
    last_answer: float | None = None


@dataclass(frozen=True, slots=True)
class SmarthostStanding:
    """Where answers leave by. `state` is "ok", "failing", "unused", or "unknown" where no gateway says.

    `failures` are those in a row since `since`; `mails` is what it took since the gateway started.
    """

    level: Level
    address: str
    state: str
    said: str
    since: float | None = None
    last_success: float | None = None
    failures: int = 0
    mails: int = 0


@dataclass(frozen=True, slots=True)
class Overview:
    """All of it at one time. `remarks` are what is not all right, the worst first."""

    at: float
    gateway: GatewayStanding
    spool: SpoolStanding
    sources: tuple[SourceStanding, ...]
    routes: tuple[LaneStanding, ...]
    workspaces: tuple[LaneStanding, ...]
    smarthosts: tuple[SmarthostStanding, ...]
    remarks: tuple[Remark, ...]

    @property
    def level(self) -> Level:
        """Return the worst level of all."""
        levels = {remark.level for remark in self.remarks}
        return next((level for level in (Level.WRONG, Level.WARNING) if level in levels), Level.OK)
