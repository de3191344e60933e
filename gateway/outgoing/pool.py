"""Connections to one smarthost that are kept from mail to mail: so many mails on each, for so long, no more at once."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from gateway.outgoing.connection import connect
from gateway.outgoing.host import Smarthost
from gateway.outgoing.session import Session
from gateway.outgoing.timeouts import Timeouts
from gateway.outgoing.verdict import Busy


@dataclass(frozen=True, slots=True)
class Keeping:
    """How connections are kept: `mails` on each, and `idle` seconds without one; 0 mails for not at all."""

    mails: int = 100
    idle: float = 5.0


@dataclass(slots=True)
class Line:
    """A connection, how many mails it carried, and when the last one was over (monotonic seconds)."""

    session: Session
    mails: int = 0
    rests_since: float = 0.0


class Pool:
    """Lives as long as the settings that it was made of. After `close` nothing is kept, and all works on."""

    def __init__(self, smarthost: Smarthost, hostname: str, timeouts: Timeouts, keeping: Keeping) -> None:
        self.smarthost = smarthost
        self._hostname = hostname
        self._timeouts = timeouts
        self._keeping = keeping
        self._free: list[Line] = []
        self._places = threading.BoundedSemaphore(smarthost.max_connections)
        self._used = 0
        self._closed = False
        self._lock = threading.Lock()

    @property
    def counts(self) -> tuple[int, int]:
        """How many connections there are, and how many of them wait for a mail."""
        return self._used + len(self._free), len(self._free)

    @contextmanager
    def line(self, *, fresh: bool = False) -> Iterator[Line]:
        """Have a connection for a mail, a new one if none is kept or if it is to be `fresh`.

        Elsewhere where none can be had. What is left in the middle of something is not kept.
        """
        if not self._places.acquire(timeout=self._timeouts.command):
            raise Busy(f"{self.smarthost.address} has {self.smarthost.max_connections} connections of ours in use")
        self._counts(1)
        line = None
        try:
            line = (None if fresh else self._kept()) or Line(connect(self.smarthost, self._hostname, self._timeouts))
            yield line
        finally:
            self._counts(-1)
            if line is not None:
                self._give_back(line)
            self._places.release()

    def reap(self, now: float | None = None) -> None:
        """Say goodbye on connections that were not used for long."""
        before = (time.monotonic() if now is None else now) - self._keeping.idle
        with self._lock:
            old = [line for line in self._free if line.rests_since < before]
            self._free = [line for line in self._free if line.rests_since >= before]
        for line in old:
            line.session.leave()

    def close(self) -> None:
        """Say goodbye on all that are not in use, and on the others when they are given back."""
        self._closed = True
        with self._lock:
            left, self._free = self._free, []
        for line in left:
            line.session.leave()

    def _counts(self, change: int) -> None:
        with self._lock:
            self._used += change

    def _kept(self) -> Line | None:
        """Take the connection that was used last and is still there: the others may rest until they are too old."""
        self.reap()
        while True:
            with self._lock:
                if not self._free:
                    return None
                line = self._free.pop()
            if line.session.quiet:
                return line
            line.session.close()

    def _give_back(self, line: Line) -> None:
        line.mails += 1
        # After a refusal it is not kept: what is mended at a smarthost such as Postfix, new connections see first.
        keeps = line.session.quiet and not line.session.begun
        if keeps and not self._closed and line.mails < self._keeping.mails:
            line.rests_since = time.monotonic()
            with self._lock:
                if not self._closed:
                    self._free.append(line)
                    return
        line.session.leave()
