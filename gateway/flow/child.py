"""A child process that reads mails, one after the other, as it is asked to. It can be ended at any moment.

Questions and answers are pickles on a pair of sockets. A byte goes before each question, and with it, where the mail is
large, the open file that its document is to be written to: the file has no name, so nothing is left over of it,
whichever of the two processes is ended. It is the kernel that keeps time, so that a mail costs few system calls.
"""

import math
import os
import pickle
import resource
import select
import signal
import socket
import struct
import traceback
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from multiprocessing.context import ForkServerContext
from pathlib import Path
from typing import IO

from gateway.errors import GatewayError, Temporary
from gateway.flow.inbound import Prepared, Reading

Work = Callable[[bytes | Path, Reading], Prepared]
"""What a child does with a mail; a function of a module, so that the child finds it."""

_LENGTH = struct.Struct("!I")
_TIME = struct.Struct("ll")
_PIECE = 64 * 1024
_START_SECONDS = 60.0
_GOODBYE_SECONDS = 5.0
_GRACE_SECONDS = 2
_NICE = 10


class ReaderDied(Exception):
    """A child was ended while it read a mail; says why."""


class NotRead(Temporary):
    """A mail could not be read now, and that says nothing of where it is to go."""


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
            self._process = context.Process(target=_serve, args=arguments, name="reader", daemon=True)
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
            self._ask(source, reading, file)
            outcome = self._answer(slow)
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

    def end(self) -> None:
        """End it now, whatever it does."""
        if self._process.is_alive():
            self._process.kill()
        self._process.join(_GOODBYE_SECONDS)

    def close(self) -> None:
        """End it, and let go of what it took here."""
        self.end()
        self._socket.close()

    def _ask(self, source: bytes | Path, reading: Reading, file: IO[bytes] | None) -> None:
        question = pickle.dumps((source, reading), pickle.HIGHEST_PROTOCOL)
        if file is None:
            self._socket.sendall(b"\0" + question)
        else:
            socket.send_fds(self._socket, [b"\0"], [file.fileno()])
            self._socket.sendall(question)

    def _answer(self, slow: Callable[[], bool]) -> Prepared | GatewayError | MemoryError:
        if not self._says_something(self._patience):
            if slow():
                self._go_behind()
            if not self._says_something(self._seconds - self._patience):
                raise TimeoutError
        answer: Prepared | GatewayError | MemoryError = pickle.loads(self._frame())  # noqa: S301 - our own child wrote it
        return answer

    def _frame(self) -> memoryview:
        data = bytearray()
        while len(data) < _LENGTH.size or len(data) < _LENGTH.size + _LENGTH.unpack_from(data)[0]:
            piece = self._socket.recv(_PIECE)
            if not piece:
                raise EOFError
            data += piece
        return memoryview(data)[_LENGTH.size :]

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


def _serve(link: socket.socket, work: Work, seconds: float, memory: int) -> None:
    """Be a child: answer until the other side is gone. An interrupt from the terminal is for the parent to act on.

    The alarm ends a child whose parent cannot do it any more.
    """
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with suppress(OSError, EOFError), link, link.makefile("rb") as questions:
        link.send(b"\0")
        while True:
            begin, files, _, _ = socket.recv_fds(link, 1, 1)
            if not begin:
                return
            source, reading = pickle.load(questions)  # noqa: S301 - our own parent wrote it
            signal.alarm(math.ceil(seconds) + _GRACE_SECONDS)
            outcome = _outcome(work, source, replace(reading, into=files[0]) if files else reading)
            signal.alarm(0)
            for file in files:
                os.close(file)
            answer = pickle.dumps(outcome, pickle.HIGHEST_PROTOCOL)
            link.sendall(_LENGTH.pack(len(answer)) + answer)


def _outcome(work: Work, source: bytes | Path, reading: Reading) -> Prepared | GatewayError | MemoryError:
    try:
        return work(source, reading)
    except GatewayError as error:
        return error
    except MemoryError:
        return MemoryError()
    except Exception as error:  # noqa: BLE001 - it is told to the parent, and the mail is tried again
        place = traceback.extract_tb(error.__traceback__)[-1]
        where = f"{Path(place.filename).name}:{place.lineno}"
        return NotRead(f"reading failed: unexpected {type(error).__name__} at {where}: {error}")
