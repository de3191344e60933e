"""What the simulated Cention remembers: errands, and the files of answers."""

from dataclasses import dataclass, field, replace
from itertools import count
from typing import Any

from gateway.simulator.contract import ARCHIVE, ATTACHMENT


@dataclass(frozen=True, slots=True)
class Errand:
    """An errand: `attributes` as they were posted, `created` in Unix time."""

    id: str
    attributes: dict[str, Any] = field(repr=False)
    closed: bool
    created: float

    def shown(self) -> dict[str, Any]:
        """The errand as `/_sim/errands` shows it."""
        return {"id": self.id, "closed": self.closed, "attributes": self.attributes}


@dataclass(frozen=True, slots=True)
class File:
    """A file of an answer: the resource `type`/`id`. `content` is base64; `inline` when the answer's HTML names it."""

    type: str
    id: int
    name: str
    content_type: str
    content: str = field(repr=False)
    inline: bool

    @property
    def content_id(self) -> str:
        """What the HTML writes after `cid:`: `attachment_788`, but 12 for an archive."""
        return f"attachment_{self.id}" if self.type == ATTACHMENT else str(self.id)

    def shown(self) -> dict[str, Any]:
        """The resource as a GET of its address answers (contract, Fetch); content_id only where it says something."""
        named = {"content_id": self.content_id} if self.inline and self.type == ATTACHMENT else {}
        attachment = {"c3_id": self.id, "content_type": self.content_type, "name": self.name, "content": self.content}
        return {"data": {"type": self.type, "id": str(self.id), "attributes": {"attachment": attachment | named}}}


class Errands:
    """Errands and files by their ids. It lives in one event loop, and forgets all when that ends."""

    def __init__(self) -> None:
        self._errands: dict[str, Errand] = {}
        self._files: dict[tuple[str, str], File] = {}
        self._ids = count(511055)
        self._file_ids = {ATTACHMENT: count(788), ARCHIVE: count(12)}

    def create(self, attributes: dict[str, Any], now: float) -> Errand:
        """A new errand; it is closed at once when it brings its own answer."""
        errand = Errand(str(next(self._ids)), attributes, "answer" in attributes, now)
        self._errands[errand.id] = errand
        return errand

    def close(self, errand: Errand) -> None:
        """Mark an errand as closed; closing it twice changes nothing."""
        self._errands[errand.id] = replace(errand, closed=True)

    def find(self, errand_id: str) -> Errand | None:
        """The errand with this id."""
        return self._errands.get(errand_id)

    def of_call(self, end: dict[str, Any]) -> Errand | None:
        """The newest open errand of the telephone call that this integrationData (contract, Close) speaks of."""
        keys = [key for key in ("deviceId", "extensionId", "referenceId") if key in end]
        for errand in reversed(self._errands.values()):
            call = errand.attributes.get("integrationData", {})
            if not errand.closed and all(call.get(key) == end[key] for key in keys):
                return errand
        return None

    def all(self) -> list[Errand]:
        """Every errand, oldest first."""
        return list(self._errands.values())

    def keep(self, kind: str, upload: dict[str, str], *, inline: bool) -> File:
        """Store a file `{name, content_type, content}` as a resource of this type."""
        file = File(kind, next(self._file_ids[kind]), upload["name"], upload["content_type"], upload["content"], inline)
        self._files[kind, str(file.id)] = file
        return file

    def file(self, kind: str, file_id: str) -> File | None:
        """The resource of this type and id."""
        return self._files.get((kind, file_id))
