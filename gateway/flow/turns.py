"""Whose turn it is to call a lane's other side: so many calls at once, the others in the order they came."""

import threading
from collections import deque
from collections.abc import Callable
from typing import TypeAlias

Begin: TypeAlias = Callable[[], bool]
"""Begins a call, or finds that there is none to make any more: False."""


class Turns:
    """At most `at_once` calls are under way, and at most `unrecorded` are so or are not recorded yet.

    What is not recorded would be done again after a crash, so that is bounded too. Used from any thread; none waits.
    """

    def __init__(self, at_once: int, unrecorded: int) -> None:
        self._calls, self._open = at_once, unrecorded
        self._waiting: deque[Begin] = deque()
        self._going_on = False
        self._lock = threading.Lock()

    def take(self, begin: Begin) -> None:
        """Have a call begun, now or when it is its turn; when it is over: `give_back`, and then `recorded`."""
        self._waiting.append(begin)
        self._go_on()

    def give_back(self) -> None:
        """Say that a call is over."""
        self._free(calls=1, opened=0)
        self._go_on()

    def recorded(self) -> None:
        """Say that what came of a call is recorded."""
        self._free(calls=0, opened=1)
        self._go_on()

    def _go_on(self) -> None:
        """Begin what can be begun, in one thread at a time: a call that is over at once comes here again."""
        with self._lock:
            if self._going_on:
                return
            self._going_on = True
        try:
            while (begin := self._next()) is not None:
                if not begin():
                    self._free(calls=1, opened=1)
        except BaseException:
            self._going_on = False
            raise

    def _free(self, calls: int, opened: int) -> None:
        with self._lock:
            self._calls += calls
            self._open += opened

    def _next(self) -> Begin | None:
        with self._lock:
            if not (self._waiting and self._calls > 0 and self._open > 0):
                self._going_on = False
                return None
            self._calls -= 1
            self._open -= 1
            return self._waiting.popleft()
