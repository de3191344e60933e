"""A lane's threads: begun when there is work for them, ended when there was none for a while."""

import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from gateway.log import log

_IDLE_SECONDS = 10.0


class Hands:
    """Runs `at_once` tasks at once, in the order they came; those that stand aside are not counted.

    Used from any thread. A thread that is done takes the next task itself, so that a busy lane wakes nobody.
    `returning` is how many stood aside and wait for a place.
    """

    def __init__(self, name: str, at_once: int, idle: float = _IDLE_SECONDS) -> None:
        self._name = name
        self._places = at_once
        self._idle_seconds = idle
        self._tasks: deque[Callable[[], None]] = deque()
        self._idle = 0
        self.returning = 0
        self._stopped = False
        lock = threading.Lock()
        self._work, self._back = threading.Condition(lock), threading.Condition(lock)

    def take(self, task: Callable[[], None]) -> bool:
        """Have a task run when there is a place for it; False when all has stopped."""
        with self._work:
            if self._stopped:
                return False
            self._tasks.append(task)
            self._call_on_one()
            return True

    @contextmanager
    def aside(self) -> Iterator[None]:
        """Leave the place of the task that runs here to others, and take one again: before those not begun."""
        with self._work:
            self._leave()
        try:
            yield
        finally:
            with self._work:
                self.returning += 1
                self._back.wait_for(lambda: self._places > 0 or self._stopped)
                self.returning -= 1
                self._places -= 1

    def stop(self) -> None:
        """Begin no task any more; those that run go on."""
        with self._work:
            self._stopped = True
            self._tasks.clear()
            self._work.notify_all()
            self._back.notify_all()

    def _leave(self) -> None:
        self._places += 1
        if self.returning:
            self._back.notify()
        else:
            self._call_on_one()

    def _call_on_one(self) -> None:
        """Have one more thread at work, if there are a task and a place for it."""
        wanted = min(len(self._tasks), self._places - self.returning)
        if 0 < wanted <= self._idle:
            self._work.notify()
        elif wanted > 0:
            self._idle += 1
            threading.Thread(target=self._run, name=self._name, daemon=True).start()

    def _run(self) -> None:
        while (task := self._next()) is not None:
            try:
                task()
            except Exception as error:  # noqa: BLE001 - a task's own errors are its own; the thread goes on
                log.trouble(f"a thread of {self._name}", error)
            with self._work:
                self._idle += 1
                self._places += 1
                if self.returning:
                    self._back.notify()

    def _next(self) -> Callable[[], None] | None:
        """Wait for a task and take it, with a place; None when there was none for long."""
        with self._work:
            due = self._work.wait_for(self._is_due, self._idle_seconds)
            self._idle -= 1
            if not due or self._stopped:
                return None
            self._places -= 1
            return self._tasks.popleft()

    def _is_due(self) -> bool:
        return self._stopped or (bool(self._tasks) and self._places > self.returning)
