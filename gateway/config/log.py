"""`[log]`: where the log goes, and how much each room of the program says."""

from typing import Literal, TypeAlias

from pydantic import Field

from gateway.config.section import Section

Level: TypeAlias = Literal["debug", "info", "warning", "error"]
Room: TypeAlias = Literal["main", "alerting", "cention", "flow", "oauth", "sources", "spool", "web"]


class LogSection(Section):
    """Where the log goes, and how much each room says; its form and least level are `log` and `log_level` above."""

    to: str = Field(
        default="stderr",
        pattern=r"^(stderr|journald|file:/.+)$",
        description="`stderr`; `journald`, with a field for each part of a fact; or `file:PATH`, which is opened again "
        "as soon as it was moved away, as logrotate does.",
    )
    levels: dict[Room, Level] = Field(
        default_factory=dict,
        description='Least level of single rooms, such as `{ sources = "warning", flow = "debug" }`; the others have '
        "`gateway.log_level`.",
    )
