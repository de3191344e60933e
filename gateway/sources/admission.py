"""How many connections at once, in all and from one address; and all of them at the end."""

import asyncio
from collections import Counter
from typing import Protocol

from gateway import metrics


class Connection(Protocol):
    """Something that can be told to end."""

    def stop(self) -> None:
        """End now if idle, else after the mail in hand."""


class Admission:
    """Lives with the listeners of a way in; counts their connections. `empty` is set while there is none."""

    def __init__(self, most: int, most_per_address: int) -> None:
        self.stopping = False
        self.empty = asyncio.Event()
        self.empty.set()
        self._most = most
        self._most_per_address = most_per_address
        self._open: set[Connection] = set()
        self._per_address: Counter[str] = Counter()

    def limit(self, most: int, most_per_address: int) -> None:
        """Set other limits; connections that are open stay."""
        self._most, self._most_per_address = most, most_per_address

    def enter(self, connection: Connection, address: str) -> None:
        """Count a connection in."""
        self._open.add(connection)
        self._per_address[address] += 1
        self.empty.clear()
        metrics.smtp_connections.set(len(self._open))

    def leave(self, connection: Connection, address: str) -> None:
        """Count a connection out."""
        if connection in self._open:
            self._open.discard(connection)
            self._per_address[address] -= 1
            self._per_address += Counter()
        if not self._open:
            self.empty.set()
        metrics.smtp_connections.set(len(self._open))

    def refusal(self, address: str) -> str | None:
        """Return the reply for a connection that is one too many (it was counted in), or None."""
        if self.stopping:
            return "421 4.3.2 The gateway is stopping, try again later"
        if len(self._open) > self._most:
            return "421 4.3.2 Too many connections, try again later"
        if self._per_address[address] > self._most_per_address:
            return "421 4.7.0 Too many connections from your address, try again later"
        return None

    def stop(self) -> None:
        """Let nobody in any more, and tell everyone to end."""
        self.stopping = True
        for connection in list(self._open):
            connection.stop()
