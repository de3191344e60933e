"""The child processes that read mails. One that hangs, crashes or eats memory is ended, and nothing else with it.

Most mails are read by children that are kept, several small ones at a time. A large mail has a child of its own, one
at a time, so that memory is bounded and goes back at once; so has a mail that has ended a child before, since it may
do so again.
"""

import multiprocessing
import tempfile
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import IO

from gateway.errors import GatewayError
from gateway.flow.child import Child, NotRead, Question, ReaderDied, Work
from gateway.flow.inbound import Prepared, Reading, prepare
from gateway.flow.seats import Seats

__all__ = ["LARGE", "NotRead", "ReaderDied", "Readers", "Work"]

LARGE = 5_000_000
"""Bytes of a mail from which on it has a child of its own."""

# Seconds after which a mail is slow, and no longer keeps the next one from its turn; how many may be slow at once.
_PATIENCE = 2.0
_SLOW = 8
_SLOW_LARGE = 1
_MAILS_OF_A_CHILD = 10_000


class Readers:
    """The children. `read` may be called from any thread; it waits for its turn and then for the mail.

    `processes` mails are read at once. `seconds` and `memory` (bytes) bound the reading of one; after `patience`
    seconds it no longer keeps others from their turn. `folder` is where large documents lie while they are sent, by
    default the system's one for temporary files.
    """

    def __init__(
        self,
        processes: int,
        seconds: float,
        memory: int,
        work: Work = prepare,
        *,
        folder: Path | None = None,
        patience: float = _PATIENCE,
    ) -> None:
        self._processes = processes
        self._folder = folder
        # A process with threads must not fork, so the children come from a server that has none.
        context = multiprocessing.get_context("forkserver")
        context.set_forkserver_preload(["gateway.flow.readers"])
        self._new_child = partial(Child, context, work, seconds, memory, patience)
        self._small = Seats(processes, _SLOW)
        self._large = Seats(1, _SLOW_LARGE)
        self._suspects = Seats(1)
        self._lock = threading.Lock()
        self._idle: list[Child] = []
        self._children: set[Child] = set()
        self._closed = False

    def scratch(self) -> IO[bytes]:
        """Open a file for a large document. It has no name, so that it is gone when it is closed, or we are."""
        return tempfile.TemporaryFile(dir=self._folder)

    def read(
        self, source: bytes | Path, reading: Reading, file: IO[bytes] | None = None, *, suspect: bool = False
    ) -> Prepared:
        """Read a mail in a child; ReaderDied when it did not live to the end. The family's errors pass through.

        A document of more than 1 MB is written to `file`, where one is given. `suspect` says that the mail has ended a
        child before; NotRead when another such mail is being read, as it must not wait where others could go on.
        """
        if suspect:
            return self._read_suspect(source, reading, file)
        if _size(source) >= LARGE:
            with self._large.seat() as step_aside, self._own() as child:
                return child.read(source, reading, file, step_aside)
        with self._small.seat() as step_aside, self._kept() as child:
            return child.read(source, reading, file, step_aside)

    def read_all(self, questions: Sequence[Question]) -> list[Prepared | GatewayError]:
        """Read several small mails in one child; return what came of the first of them, as far as it came.

        Those behind are to be read one by one: among them is one that is slow, or that ends its child.
        """
        with self._small.seat(), self._kept() as child:
            return child.read_all(questions)

    def close(self) -> None:
        """End the children, those at work too: what they read ends in ReaderDied."""
        with self._lock:
            self._closed = True
            children, idle = list(self._children), list(self._idle)
        for child in children:
            child.end()
        for child in idle:
            child.close()

    def _read_suspect(self, source: bytes | Path, reading: Reading, file: IO[bytes] | None) -> Prepared:
        with self._suspects.seat_at_once() as seat:
            if not seat:
                raise NotRead("this mail has ended its reader before, and another such mail is being read")
            with self._own() as child:
                return child.read(source, reading, file, lambda: True)

    @contextmanager
    def _own(self) -> Iterator[Child]:
        """A child for one mail."""
        child = self._start()
        try:
            yield child
        finally:
            self._let_go(child)

    @contextmanager
    def _kept(self) -> Iterator[Child]:
        """A child that is kept for the next mail, unless this one ended it."""
        child = self._take()
        try:
            yield child
        finally:
            if not self._put_back(child):
                self._let_go(child)

    def _take(self) -> Child:
        while True:
            with self._lock:
                child = self._idle.pop() if self._idle else None
            if child is None:
                return self._start()
            if child.ready:
                return child
            self._let_go(child)

    def _put_back(self, child: Child) -> bool:
        if not child.ready or child.mails >= _MAILS_OF_A_CHILD:
            return False
        with self._lock:
            if self._closed or len(self._idle) >= self._processes:
                return False
            self._idle.append(child)
            return True

    def _start(self) -> Child:
        child = self._new_child()
        with self._lock:
            self._children.add(child)
            closed = self._closed
        if closed:
            self._let_go(child)
            raise ReaderDied("the gateway is being stopped")
        return child

    def _let_go(self, child: Child) -> None:
        child.close()
        with self._lock:
            self._children.discard(child)


def _size(source: bytes | Path) -> int:
    return len(source) if isinstance(source, bytes) else source.stat().st_size
