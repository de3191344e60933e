"""A child process that reads mails, one after the other, as it is asked to. It can be ended at any moment.

Questions and answers are pickles on a pair of sockets. A question is of one mail or of several small ones, since what
passes between two processes costs as much as reading them does; its answers come in one frame, or in several where
that takes longer. A byte goes before each question, and with it, where the mail is large, the open file that its
document is to be written to: the file has no name, so nothing is left over of it, whichever of the two processes is
ended. It is the kernel that keeps time, so that a mail costs few system calls.
"""

import math
import os
import pickle
import select
import socket
import struct
from collections.abc import Callable, Sequence
from contextlib import suppress
from multiprocessing.context import ForkServerContext
from pathlib import Path
from typing import IO

from gateway.errors import GatewayError
from gateway.flow.inbound import Prepared, Reading
from gateway.flow.reader import LENGTH, NotRead, Outcome, Question, Work, serve

__all__ = ["Child", "NotRead", "Question", "ReaderDied", "Work"]

_TIME = struct.Struct("ll")
_START_SECONDS = 60.0
_GOODBYE_SECONDS = 5.0
_NICE = 10


class ReaderDied(Exception):
    """A child was ended while it read a mail; says why."""


class Child:
    """One process, asked by one thread at a time; `end` may come from any.

    `seconds` and `memory` (bytes) bound the reading of one mail; it is slow after `patience` seconds. `mails` counts
    what it was asked to read.
    """

    def __init__(self, context: ForkServerContext, work: Work, seconds: float, memory: int, patience: float) -> None:
        self.mails = 0
        self._open = False
        self._seconds, self._patience = seconds, min(patience, seconds)
        self._socket, far = socket.socketpair()
        for option in (socket.SO_SNDTIMEO, socket.SO_RCVTIMEO):
            self._socket.setsockopt(socket.SOL_SOCKET, option, _TIME.pack(math.ceil(seconds), 0))
        with far:
            arguments = (far, work, seconds, memory)
            self._process = context.Process(target=serve, args=arguments, name="reader", daemon=True)
            self._process.start()
        self._poll = select.poll()
        self._poll.register(self._socket, select.POLLIN)
        if not self._says_something(_START_SECONDS) or not self._socket.recv(1):
            self.close()
            raise NotRead(f"no reading process can be started: it ended with exit code {self._process.exitcode}")

    @property
    def ready(self) -> bool:
        """Whether it waits for a question: none is open, and it has not ended by itself."""
        return not self._open and not self._says_something(0)

    def read(
        self, source: bytes | Path, reading: Reading, file: IO[bytes] | None, slow: Callable[[], bool]
    ) -> Prepared:
        """Have it read a mail. When that is slow, `slow` is asked whether the child is to go behind the others.

        ReaderDied when it did not live to the end; it is of no use then. The family's errors pass through.
        """
        self._open = True
        self.mails += 1
        try:
            self._ask([(source, reading)], file)
            (outcome,) = self._answer(slow)
        except (TimeoutError, BlockingIOError) as error:
            raise ReaderDied(f"reading took longer than {self._seconds:g} s") from error
        except (OSError, EOFError, pickle.UnpicklingError) as error:
            raise ReaderDied(f"the reading process ended with exit code {self._exit_code()}") from error
        if isinstance(outcome, MemoryError):
            raise ReaderDied("reading took more memory than it may")
        self._open = False
        if isinstance(outcome, GatewayError):
            raise outcome
        return outcome

    def read_all(self, questions: Sequence[Question]) -> list[Prepared | GatewayError]:
        """Have it read several small mails; return what came of the first of them, as far as it came.

        It comes to its end only where each is quick: whichever is slow, or ends the child, is not told from those about
        it, so all that are left are to be read one by one. The child is of no use then.
        """
        self._open = True
        self.mails += len(questions)
        outcomes: list[Prepared | GatewayError] = []
        with suppress(OSError, EOFError, pickle.UnpicklingError):
            self._ask(questions, None)
            while len(outcomes) < len(questions) and self._says_something(self._patience):
                for outcome in self._frame():
                    if isinstance(outcome, MemoryError):
                        return outcomes
                    outcomes.append(outcome)
        self._open = len(outcomes) < len(questions)
        return outcomes

    def end(self) -> None:
        """End it now, whatever it does."""
        if self._process.is_alive():
            self._process.kill()
        self._process.join(_GOODBYE_SECONDS)

    def close(self) -> None:
        """End it, and let go of what it took here."""
        self.end()
        self._socket.close()

    def _ask(self, questions: Sequence[Question], file: IO[bytes] | None) -> None:
        question = pickle.dumps(questions, pickle.HIGHEST_PROTOCOL)
        if file is None:
            self._socket.sendall(b"\0" + question)
        else:
            socket.send_fds(self._socket, [b"\0"], [file.fileno()])
            self._socket.sendall(question)

    def _answer(self, slow: Callable[[], bool]) -> list[Outcome]:
        if not self._says_something(self._patience):
            if slow():
                self._go_behind()
            if not self._says_something(self._seconds - self._patience):
                raise TimeoutError
        return self._frame()

    def _frame(self) -> list[Outcome]:
        data = self._exactly(LENGTH.size)
        answers: list[Outcome] = pickle.loads(self._exactly(*LENGTH.unpack(data)))  # noqa: S301 - our own child wrote it
        return answers

    def _exactly(self, size: int) -> bytearray:
        data = bytearray(size)
        left = memoryview(data)
        while left:
            count = self._socket.recv_into(left)
            if not count:
                raise EOFError
            left = left[count:]
        return data

    def _says_something(self, seconds: float) -> bool:
        return bool(self._poll.poll(seconds * 1000))

    def _go_behind(self) -> None:
        """Let those that are quicker have the processor first."""
        assert self._process.pid is not None
        with suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, self._process.pid, _NICE)

    def _exit_code(self) -> int | None:
        self._process.join(_GOODBYE_SECONDS)
        return self._process.exitcode
