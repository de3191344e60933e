"""What every way in needs of the spool, as a shape: the spool itself is handed in by `app.py`."""

from collections.abc import Sequence
from typing import Protocol, TypeVar

from gateway.model import Envelope, Receipt


class Body(Protocol):
    """A mail's bytes while they come in. The source closes it in any case."""

    size: int

    @property
    def head(self) -> bytes:
        """The header block, as far as it has come."""

    async def write(self, data: bytes) -> None:
        """Take the next bytes; raises TooLarge for the header, Full for the disk."""

    def close(self) -> None:
        """Give it up, unless it was accepted."""


Taken = TypeVar("Taken", bound=Body)


class Store(Protocol[Taken]):
    """Where mail becomes durable."""

    def body(self, max_head: int) -> Taken:
        """Start taking a mail's bytes."""

    def check_room(self, size: int) -> None:
        """Raise Full when there is no room for a mail of that size."""

    async def accept(self, envelope: Envelope, body: Taken, routes: Sequence[str]) -> Receipt:
        """Return once the mail is durable (rule 1)."""
