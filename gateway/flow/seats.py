"""How many mails are read at once: a count that bounds processor and memory, and that no slow mail uses up for long."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from queue import Empty, SimpleQueue


class Seats:
    """`seats` at once, and `aside` more that have turned out to be slow: these do not hold up those that wait."""

    def __init__(self, seats: int, aside: int = 0) -> None:
        # A semaphore of the standard library is written in Python, and takes many times as long.
        self._seats, self._aside = _free(seats), _free(aside)

    @contextmanager
    def seat(self) -> Iterator[Callable[[], bool]]:
        """Wait for a seat and hold it. What is given steps aside: True when the seat is free for another now."""
        held = self._seats
        held.get()

        def step_aside() -> bool:
            nonlocal held
            if held is self._aside or not _taken_at_once(self._aside):
                return False
            held.put(None)
            held = self._aside
            return True

        try:
            yield step_aside
        finally:
            held.put(None)

    @contextmanager
    def seat_at_once(self) -> Iterator[bool]:
        """Hold a seat if one is free now; False when none is."""
        taken = _taken_at_once(self._seats)
        try:
            yield taken
        finally:
            if taken:
                self._seats.put(None)


def _free(count: int) -> "SimpleQueue[None]":
    free: SimpleQueue[None] = SimpleQueue()
    for _ in range(count):
        free.put(None)
    return free


def _taken_at_once(free: "SimpleQueue[None]") -> bool:
    try:
        free.get_nowait()
    except Empty:
        return False
    return True
