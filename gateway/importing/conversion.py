"""Where Outlook messages are read: in a child process, which is ended when it takes too long or too much memory."""

import multiprocessing
import resource
import signal
from multiprocessing.connection import Connection
from multiprocessing.context import SpawnProcess
from pathlib import Path

from gateway.importing.entry import Unreadable
from gateway.importing.folder import Convert
from gateway.importing.outlook import mail_of

_SECONDS = 60.0
_START_SECONDS = 30.0
_MEMORY = 2_000_000_000
_READY = "ready"


class Converter:
    """Makes mails of Outlook messages. Its child is started with the first of them, and again after it was ended.

    `seconds` and `memory` (bytes) bound the reading of one; `work`, a function of a module, is what the child does.
    """

    def __init__(self, seconds: float = _SECONDS, memory: int = _MEMORY, work: Convert = mail_of) -> None:
        self._work = work
        self._seconds = seconds
        self._memory = memory
        self._process: SpawnProcess | None = None
        self._link: Connection | None = None

    def __call__(self, path: Path) -> bytes:
        """Return the mail that a message's file is; Unreadable, with the reason, where there is none to be had."""
        link = self._started()
        try:
            link.send(path)
            if not link.poll(self._seconds):
                raise self._ended(f"reading it took longer than {self._seconds:g} s")
            answer: bytes | str = link.recv()
        except (EOFError, OSError) as error:
            raise self._ended("the process that read it ended") from error
        if isinstance(answer, str):
            raise Unreadable(answer)
        return answer

    def close(self) -> None:
        """End the child."""
        if self._process is not None:
            self._process.kill()
            self._process.join()
            self._process.close()
            self._process = None
        if self._link is not None:
            self._link.close()
            self._link = None

    def _started(self) -> Connection:
        if self._link is None:
            # A process with threads must not fork.
            context = multiprocessing.get_context("spawn")
            self._link, far = context.Pipe()
            self._process = context.Process(
                target=_serve, args=(far, self._work, self._memory), name="outlook", daemon=True
            )
            self._process.start()
            far.close()
            if not self._link.poll(_START_SECONDS) or self._link.recv() != _READY:
                raise self._ended("no process can be started to read it")
        return self._link

    def _ended(self, reason: str) -> Unreadable:
        self.close()
        return Unreadable(reason)


def _serve(link: Connection, work: Convert, memory: int) -> None:
    """Be the child: answer each path with a mail, or with the reason why there is none."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # an interrupt from the terminal is for the parent to act on
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    link.send(_READY)
    while True:
        try:
            path = link.recv()
        except EOFError:
            return
        try:
            link.send(work(path))
        except Unreadable as error:
            link.send(str(error))
        except MemoryError:
            link.send("reading it took more memory than it may")
