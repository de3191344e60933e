"""The list of errands as the templates show it."""

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from gateway.simulator.errand import Errand
from gateway.simulator.pages.words import When, when

MOST_ROWS = 200


@dataclass(frozen=True, slots=True)
class Where:
    """What the list shows: an area's errands (`workspace/name`), the closed ones, or what a search finds."""

    area: str = ""
    closed: bool = False
    query: str = ""

    @property
    def suffix(self) -> str:
        """The query string that leads here, with its question mark; "" for the front page."""
        said = {"area": self.area, "closed": "1" if self.closed else "", "q": self.query}
        return f"?{urlencode(kept)}" if (kept := {name: value for name, value in said.items() if value}) else ""


@dataclass(frozen=True, slots=True)
class Row:
    """An errand in the list."""

    id: str
    address: str
    subject: str
    writer: str
    note: str
    when: When
    state: str
    chosen: bool


def rows(errands: Sequence[Errand], where: Where, chosen: str, now: float) -> tuple[Row, ...]:
    """The newest of these errands, newest first, at most MOST_ROWS."""
    return tuple(
        Row(
            errand.id,
            f"/errands/{errand.id}{where.suffix}",
            subject(errand),
            writer(errand),
            _note(errand),
            when(errand.created, now),
            errand.state,
            errand.id == chosen,
        )
        for errand in reversed(errands[-MOST_ROWS:])
    )


def subject(errand: Errand) -> str:
    """What the errand is called."""
    return errand.message.get("subject", "").strip() or "(no subject)"


def writer(errand: Errand) -> str:
    """Who wrote it, as far as they said."""
    message = errand.message
    return message.get("name", "").strip() or message["from"] or "(nobody)"


def _note(errand: Errand) -> str:
    """What is said of an errand behind its writer's name."""
    parts = ["", *_counted(errand.message.get("attachments", []))]
    parts += ["came again"] if errand.repeat else []
    parts += [errand.state] if errand.state != "open" else []
    return " · ".join(parts)


def _counted(files: Sequence[dict[str, str]]) -> list[str]:
    pictures = sum(file["content_type"].lower().startswith("image/") for file in files)
    counts = [(len(files) - pictures, "file"), (pictures, "picture")]
    words = ", ".join(f"{count} {noun}{'s' * (count > 1)}" for count, noun in counts if count)
    return [words] if words else []
