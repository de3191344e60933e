"""How many connections there are to a host, over all folders and mailboxes; who comes too late waits in line."""

import threading
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager

_LOOK_SECONDS = 0.5
_LOWERED_SECONDS = 900.0


class Slots:
    """The connections of one host, shared by its pollers' threads."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._lowered = most
        self._lowered_at = 0.0
        self._used = 0
        self._line: deque[object] = deque()
        self._changed = threading.Condition()

    @property
    def wanted(self) -> bool:
        """Whether somebody waits: then whoever has a slot leaves it soon."""
        return bool(self._line)

    @contextmanager
    def taken(self, stopping: threading.Event) -> Iterator[bool]:
        """Wait in line for a slot and have it while the context lasts; False when told to stop meanwhile."""
        got = self._wait(stopping)
        try:
            yield got
        finally:
            if got:
                with self._changed:
                    self._used -= 1
                    self._changed.notify_all()

    def reached(self) -> bool:
        """Note that the server takes no more connections than we had; return whether others of ours can make room.

        Then they take turns for a quarter of an hour.
        """
        with self._changed:
            others = self._used - 1
            self._lowered, self._lowered_at = max(1, others), time.monotonic()
            return others > 0

    def _limit(self) -> int:
        lowered = time.monotonic() - self._lowered_at < _LOWERED_SECONDS
        return min(self._most, self._lowered) if lowered else self._most

    def _wait(self, stopping: threading.Event) -> bool:
        me = object()
        with self._changed:
            self._line.append(me)
            try:
                while self._line[0] is not me or self._used >= self._limit():
                    if stopping.is_set():
                        return False
                    self._changed.wait(_LOOK_SECONDS)
                self._used += 1
                return True
            finally:
                self._line.remove(me)
                self._changed.notify_all()
