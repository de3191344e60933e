"""The child processes that read mails. One that hangs, crashes or eats memory is ended, and nothing else with it."""

import multiprocessing
import resource
import signal
from collections.abc import Callable
from concurrent.futures import TimeoutError as FutureTimeoutError
from pathlib import Path

from pebble import ProcessExpired, ProcessPool

from gateway.flow.inbound import Prepared, Reading, prepare

Work = Callable[[bytes | Path, Reading], Prepared]
"""What a child does with a mail; a function of a module, so that the child finds it."""


class ReaderDied(Exception):
    """A child was ended while it read a mail; says why."""


class Readers:
    """The pool. `read` may be called from any thread; it waits for a free child and then for the mail."""

    def __init__(self, processes: int, seconds: float, memory: int, work: Work = prepare) -> None:
        self._seconds = seconds
        self._work = work
        # A process with threads must not fork, so the children come from a server that has none.
        context = multiprocessing.get_context("forkserver")
        context.set_forkserver_preload(["gateway.flow.readers"])
        self._pool = ProcessPool(processes, max_tasks=10_000, initializer=_limit, initargs=(memory,), context=context)

    def read(self, source: bytes | Path, reading: Reading) -> Prepared:
        """Read a mail in a child; ReaderDied when it did not live to the end. The family's errors pass through."""
        try:
            prepared: Prepared = self._pool.schedule(self._work, (source, reading), timeout=self._seconds).result()
        except FutureTimeoutError as error:
            raise ReaderDied(f"reading took longer than {self._seconds:g} s") from error
        except MemoryError as error:
            raise ReaderDied("reading took more memory than it may") from error
        except ProcessExpired as error:
            raise ReaderDied(f"the reading process ended with exit code {error.exitcode}") from error
        return prepared

    def close(self) -> None:
        """End the children."""
        self._pool.stop()  # type: ignore[no-untyped-call]  # it takes nothing and returns nothing
        self._pool.join()


def _limit(memory: int) -> None:
    """Set a child up: its memory is bounded, and an interrupt from the terminal is for the parent to act on."""
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    signal.signal(signal.SIGINT, signal.SIG_IGN)
