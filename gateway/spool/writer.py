"""The one writer: a thread that commits everything that is waiting in one transaction (group commit).

A change is a function from a connection to a result, or a `Batched` item, which is stored together with all others of
its kind. All changes that wait go into one transaction; their futures are resolved after its commit, so a result that
is seen is durable. When the transaction fails for one of them, it is halved until the bad one fails alone.
"""

import queue
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, TypeAlias, TypeVar

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import SQLAlchemyError

from gateway.errors import Temporary
from gateway.spool.batched import Batched
from gateway.spool.errors import concerns_all, conflicts, spool_error

T = TypeVar("T")
_MOST = 500
_CLOSED = "the spool is closed"


Change: TypeAlias = Callable[[Connection], T] | Batched[Any, T]
"""What the writer commits. To travel over a link it must be picklable: a `partial` of a function of a module."""


@dataclass(frozen=True, slots=True)
class _Waiting:
    change: Change[Any]
    future: "Future[Any]"


class Writer:
    """Lives as long as the spool is open; `submit` from any thread.

    `on_settled` is called, in the writer's thread, after the futures of a transaction were resolved. `trouble` is what
    the store last refused a transaction with, until someone who has written to it since clears it.
    """

    def __init__(self, engine: Engine) -> None:
        self.on_settled: Callable[[], None] = lambda: None
        self.trouble = ""
        self._engine = engine
        self._queue: queue.SimpleQueue[_Waiting | None] = queue.SimpleQueue()
        self._closed = False
        self._ended = False
        self._connection: Connection | None = None
        self._thread = threading.Thread(target=self._run, name="spool-writer", daemon=True)
        self._thread.start()

    @property
    def alive(self) -> bool:
        """Whether its thread runs; where it does not before `close`, nothing is committed any more."""
        return self._thread.is_alive()

    def submit(self, change: Change[T]) -> "Future[T]":
        """Have a change committed; the future holds its result after the commit, or an error of the family."""
        future: Future[T] = Future()
        if self._closed:
            future.set_exception(Temporary(_CLOSED))
            return future
        self._queue.put(_Waiting(change, future))
        if self._ended:
            self._fail_waiting()
        return future

    def close(self) -> None:
        """Commit what is waiting, then end."""
        self._closed = True
        self._queue.put(None)
        self._thread.join()

    def _let_go(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            with suppress(SQLAlchemyError):
                connection.close()

    def _run(self) -> None:
        try:
            self._work()
        finally:
            self._closed = self._ended = True
            self._let_go()
            self._fail_waiting()
            self.on_settled()

    def _fail_waiting(self) -> None:
        """Tell those whose changes nobody will commit any more; who comes later finds the spool closed."""
        with suppress(queue.Empty):
            while True:
                waiting = self._queue.get_nowait()
                if waiting is not None and waiting.future.set_running_or_notify_cancel():
                    waiting.future.set_exception(Temporary(_CLOSED))

    def _work(self) -> None:
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
            self.on_settled()
            if last:
                return

    def _commit(self, batch: list[_Waiting], *, again: bool = False) -> None:
        try:
            # Kept open: taking it from the pool for each transaction costs as much as a row.
            self._connection = self._connection or self._engine.connect()
            with self._connection.begin():
                results = _apply(self._connection, [waiting.change for waiting in batch])
        except BaseException as error:  # noqa: BLE001 - the writer outlives any change; its caller gets the error
            self._let_go()
            if concerns_all(error):
                self.trouble = str(spool_error(error))
            if len(batch) == 1 and not again and conflicts(error):
                self._commit(batch, again=True)
            elif len(batch) == 1 or concerns_all(error):
                for waiting in batch:
                    waiting.future.set_exception(spool_error(error))
            else:
                self._commit(batch[: len(batch) // 2])
                self._commit(batch[len(batch) // 2 :])
        else:
            for waiting, result in zip(batch, results, strict=True):
                waiting.future.set_result(result)


def _apply(connection: Connection, changes: Sequence[Change[Any]]) -> list[Any]:
    results: list[Any] = [None] * len(changes)
    together: dict[Callable[..., Sequence[Any]], list[int]] = {}
    for place, change in enumerate(changes):
        if isinstance(change, Batched):
            together.setdefault(change.function, []).append(place)
        else:
            results[place] = change(connection)
    for function, places in together.items():
        found = function(connection, [changes[place].item for place in places])  # type: ignore[union-attr]
        for place, result in zip(places, found, strict=True):
            results[place] = result
    return results
