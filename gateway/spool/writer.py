"""The one writer: a thread that commits everything that is waiting in one transaction (group commit).

A change is a function from a connection to a result. All changes that wait go into one transaction; their futures are
resolved after its commit, so a result that is seen is durable. When one of them fails, the transaction is rolled back
and each is run in a transaction of its own, so that a bad one fails alone.
"""

import queue
import threading
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any, TypeVar

from sqlalchemy import Connection, Engine

from gateway.errors import Full, Temporary
from gateway.spool.errors import spool_error

T = TypeVar("T")
_MOST = 500


@dataclass(frozen=True, slots=True)
class _Waiting:
    change: Callable[[Connection], Any]
    future: "Future[Any]"

    def fail(self, error: BaseException) -> None:
        self.future.set_exception(spool_error(error))


class Writer:
    """Lives as long as the spool is open; `submit` from any thread."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._queue: queue.SimpleQueue[_Waiting | None] = queue.SimpleQueue()
        self._closed = False
        self._thread = threading.Thread(target=self._run, name="spool-writer", daemon=True)
        self._thread.start()

    def submit(self, change: Callable[[Connection], T]) -> "Future[T]":
        """Have a change committed; the future holds its result after the commit, or an error of the family."""
        future: Future[T] = Future()
        if self._closed:
            future.set_exception(Temporary("the spool is closed"))
        else:
            self._queue.put(_Waiting(change, future))
        return future

    def close(self) -> None:
        """Commit what is waiting, then end."""
        self._closed = True
        self._queue.put(None)
        self._thread.join()

    def _run(self) -> None:
        while (first := self._queue.get()) is not None:
            batch = [first]
            last = False
            while len(batch) < _MOST and not self._queue.empty():
                waiting = self._queue.get()
                if waiting is None:
                    last = True
                    break
                batch.append(waiting)
            self._commit([one for one in batch if one.future.set_running_or_notify_cancel()])
            if last:
                return

    def _commit(self, batch: list[_Waiting]) -> None:
        try:
            with self._engine.begin() as connection:
                results = [waiting.change(connection) for waiting in batch]
        except BaseException as error:  # noqa: BLE001 - the writer outlives any change; its caller gets the error
            self._apart(batch, error)
        else:
            for waiting, result in zip(batch, results, strict=True):
                waiting.future.set_result(result)

    def _apart(self, batch: list[_Waiting], error: BaseException) -> None:
        if len(batch) == 1 or isinstance(spool_error(error), Full):
            for waiting in batch:
                waiting.fail(error)
        else:
            for waiting in batch:
                self._commit([waiting])
