"""What a poller remembers between its runs, as a shape: the spool's `Places` is handed in by `pollers.py`."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from gateway.model import Mark, Position


class Places(Protocol):
    """Each call returns after its commit, and raises GatewayError where there is none; from the poller's thread."""

    def position(self, mailbox: str, folder: str) -> Position | None:
        """Return how far a folder was read; None for one that was never read."""

    def advance(self, mailbox: str, folder: str, to: Position) -> None:
        """Remember how far a folder was read."""

    def marks(self, mailbox: str, folder: str) -> Mapping[str, Mark]:
        """Return what is remembered of single messages, by their UID or UIDL."""

    def mark(self, mailbox: str, folder: str, marks: Sequence[Mark]) -> None:
        """Remember something of messages, instead of what was remembered of them."""

    def unmark(self, mailbox: str, folder: str, uids: Sequence[str]) -> None:
        """Forget messages."""
