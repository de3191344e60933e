"""A connection to PostgreSQL that does not wait for ever: a server may keep a connection and answer nothing on it."""

import time
from collections.abc import Generator
from typing import Any, TypeVar

import psycopg
from psycopg.abc import PQGen

T = TypeVar("T")
PATIENCE = 40.0
"""Seconds for an answer; longer than a statement may take by the server's own limit."""

_LOOK_SECONDS = 0.1


class PatientConnection(psycopg.Connection[Any]):
    """Waits `patience` seconds for an answer; OperationalError, and a closed connection, when there is none."""

    patience = PATIENCE

    def wait(self, gen: PQGen[T], interval: float = _LOOK_SECONDS, *more: Any, **named: Any) -> T:
        """Wait for what psycopg waits for, a generator of its own."""
        return super().wait(self._bounded(gen), interval, *more, **named)

    def _bounded(self, gen: PQGen[T]) -> Generator[Any, Any, T]:
        deadline = time.monotonic() + self.patience
        try:
            state = next(gen)
            while True:
                ready = yield state
                if not ready and time.monotonic() > deadline:
                    self.close()
                    raise psycopg.OperationalError(f"the server has not answered for {self.patience:.0f} s")
                state = gen.send(ready)
        except StopIteration as end:
            answer: T = end.value
            return answer
