"""How many connections at once, in all and from one address; and all of them at the end."""

import asyncio
import ctypes
import mmap
import resource
import sys
from typing import Protocol
from zlib import crc32

from gateway import metrics

_SLOTS = 1 << 16
# Descriptors that are not for connections: the store, readers, the other side of the work.
_KEPT = 64
_TOTAL = 0


class Tally:
    """Counts connections over several processes: a table in shared memory, of which each process writes its own row.

    Addresses share a slot by their hash: two of 65,535 that meet in one are counted together. `shared` is the table, of
    `Tally.size(rows)` bytes.
    """

    def __init__(self, shared: "mmap.mmap | ctypes.Array[ctypes.c_char]", row: int) -> None:
        table = memoryview(shared).cast("B").cast("i")
        self._rows = [table[start : start + _SLOTS] for start in range(0, len(table), _SLOTS)]
        self._mine = self._rows[row]

    @staticmethod
    def size(rows: int) -> int:
        """Return how many bytes the table of so many processes has."""
        return rows * _SLOTS * 4

    @staticmethod
    def slot(address: str) -> int:
        """Return where an address is counted; the first slot counts all."""
        return 1 + crc32(address.encode()) % (_SLOTS - 1)

    def clear(self) -> None:
        """Count from nothing: the process that had this row is gone."""
        self._mine[:] = memoryview(bytes(_SLOTS * 4)).cast("i")

    def add(self, address: str, change: int) -> None:
        """Count a connection in or out."""
        self._mine[_TOTAL] += change
        self._mine[self.slot(address)] += change

    def total(self) -> int:
        """Return how many connections all processes have."""
        return sum(row[_TOTAL] for row in self._rows)

    def of(self, address: str) -> int:
        """Return how many connections all processes have from an address."""
        slot = self.slot(address)
        return sum(row[slot] for row in self._rows)


class Connection(Protocol):
    """Something that can be told to end."""

    def stop(self) -> None:
        """End now if idle, else after the mail in hand."""


class Admission:
    """Lives with the listeners of a way in, and counts their connections. `empty` is set while this process has none.

    The limits are for all processes that share the `tally`.
    """

    def __init__(self, most: int, most_per_address: int, tally: Tally | None = None) -> None:
        self.stopping = False
        self.empty = asyncio.Event()
        self.empty.set()
        self._most = most
        self._most_per_address = most_per_address
        self._open: set[Connection] = set()
        self._tally = tally or Tally(mmap.mmap(-1, Tally.size(1)), 0)
        self._bearable = _bearable()

    def limit(self, most: int, most_per_address: int) -> None:
        """Set other limits; connections that are open stay."""
        self._most, self._most_per_address = most, most_per_address

    def enter(self, connection: Connection, address: str) -> None:
        """Count a connection in."""
        self._open.add(connection)
        self._tally.add(address, 1)
        self.empty.clear()
        metrics.smtp_connections.set(len(self._open))

    def leave(self, connection: Connection, address: str) -> None:
        """Count a connection out."""
        if connection in self._open:
            self._open.discard(connection)
            self._tally.add(address, -1)
        if not self._open:
            self.empty.set()
        metrics.smtp_connections.set(len(self._open))

    def refusal(self, address: str) -> str | None:
        """Return the reply for a connection that is one too many (it was counted in), or None."""
        if self.stopping:
            return "421 4.3.2 The gateway is stopping, try again later"
        if self._tally.total() > self._most or len(self._open) > self._bearable:
            return "421 4.3.2 Too many connections, try again later"
        if self._tally.of(address) > self._most_per_address:
            return "421 4.7.0 Too many connections from your address, try again later"
        return None

    def stop(self) -> None:
        """Let nobody in any more, and tell everyone to end."""
        self.stopping = True
        for connection in list(self._open):
            connection.stop()


def _bearable() -> int:
    """Return how many connections this process has descriptors for: each may need one more, for a large body."""
    most, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return sys.maxsize if most == resource.RLIM_INFINITY else max(1, (most - _KEPT) // 2)
