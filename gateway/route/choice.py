"""Which attachments a rule means: by name, media type and size."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from gateway.model import Attachment
from gateway.route.pattern import Pattern, patterns


@dataclass(frozen=True, slots=True)
class FileChoice:
    """Which attachments are meant: those that fit a pattern of each kind, and both bounds (bytes)."""

    names: tuple[Pattern, ...]
    types: tuple[Pattern, ...]
    over: int | None
    under: int | None

    def takes(self, file: Attachment) -> bool:
        """Say if an attachment is meant."""
        return (
            _fits(self.names, file.name)
            and _fits(self.types, file.content_type)
            and between(len(file.content), self.over, self.under)
        )


def choices(given: Sequence[Mapping[str, Any]], key: str, mistakes: list[str]) -> tuple[FileChoice, ...]:
    """Read which attachments are meant."""
    return tuple(
        FileChoice(
            patterns(one.get("name", ()), f"{key}.name", mistakes),
            patterns(one.get("type", ()), f"{key}.type", mistakes),
            one.get("over"),
            one.get("under"),
        )
        for one in given
    )


def between(size: int, over: int | None, under: int | None) -> bool:
    """Say if a size in bytes is between two bounds, None for no bound."""
    return (over is None or size > over) and (under is None or size < under)


def _fits(wanted: Sequence[Pattern], text: str) -> bool:
    return not wanted or any(one.find(text) is not None for one in wanted)
