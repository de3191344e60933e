"""How many ask another side at once: a few, and one more now and then when they take long."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

_PATIENCE = 0.002


class Door:
    """Lets `at_once` in, and beside them one every two milliseconds while these have not come out.

    So a side that is quick is asked by few at once, and one that is slow is not waited for by all: its answers take
    their time, and nobody's behind them. How many may be in there at all is for the caller to bound.
    """

    def __init__(self, at_once: int) -> None:
        self._places = threading.Semaphore(at_once)
        self._first_in_line = threading.Lock()

    @contextmanager
    def entered(self) -> Iterator[None]:
        """Wait to be let in, and go out again."""
        with self._first_in_line:
            placed = self._places.acquire(timeout=_PATIENCE)
        try:
            yield
        finally:
            if placed:
                self._places.release()
