"""What a poller remembers between its runs, as a shape: the spool's `Places` is handed in by `pollers.py`.

`Position` and `Mark` have the fields of the spool's own, by which it stores them.
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, Protocol


class Position(NamedTuple):
    """How far a folder was read: all messages up to `uid` are taken, or marked one by one."""

    uidvalidity: int
    uid: int


class Mark(NamedTuple):
    """A message that a poller has something to remember of: `state` is the poller's own word, `at` Unix time."""

    uid: str
    state: str
    tries: int = 0
    at: float = 0.0
    error: str = ""


class Places(Protocol):
    """Each call returns after its commit, and raises GatewayError where there is none; from the poller's thread."""

    def position(self, mailbox: str, folder: str) -> Any:
        """Return how far a folder was read, with the fields of Position; None for one that was never read."""

    def advance(self, mailbox: str, folder: str, to: Any) -> None:
        """Remember how far a folder was read, a Position."""

    def marks(self, mailbox: str, folder: str) -> Mapping[str, Any]:
        """Return what is remembered of single messages, with the fields of Mark, by their UID or UIDL."""

    def mark(self, mailbox: str, folder: str, marks: Sequence[Any]) -> None:
        """Remember something of messages, Marks, instead of what was remembered of them."""

    def unmark(self, mailbox: str, folder: str, uids: Sequence[str]) -> None:
        """Forget messages."""
