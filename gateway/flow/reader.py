"""What a reading process does: it answers questions about mails until the other side is gone.

Its answers come in one frame, a length and a pickle, or in several where reading takes longer.
"""

import math
import os
import pickle
import resource
import signal
import socket
import struct
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TypeAlias

from gateway.errors import GatewayError, Temporary
from gateway.flow.inbound import Prepared, Reading

Work = Callable[[bytes | Path, Reading], Prepared]
"""What a child does with a mail; a function of a module, so that the child finds it."""

Question: TypeAlias = tuple[bytes | Path, Reading]
"""A mail, and what reading it needs to know."""

Outcome: TypeAlias = Prepared | GatewayError | MemoryError
"""What came of reading a mail."""

LENGTH = struct.Struct("!I")
"""What goes before each frame of answers."""

_GRACE_SECONDS = 2
# Answers wait for those of the mails behind them, but not longer than this.
_ANSWER_SECONDS = 0.05


class NotRead(Temporary):
    """A mail could not be read now, and that says nothing of where it is to go."""


def serve(link: socket.socket, work: Work, seconds: float, memory: int) -> None:
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
            asked: list[Question] = pickle.load(questions)  # noqa: S301 - our own parent wrote it
            if files:
                asked = [(source, replace(reading, into=files[0])) for source, reading in asked]
            for answers in _together(_outcomes(work, asked, math.ceil(seconds) + _GRACE_SECONDS)):
                answer = pickle.dumps(answers, pickle.HIGHEST_PROTOCOL)
                link.sendall(LENGTH.pack(len(answer)) + answer)
            for file in files:
                os.close(file)


def _outcomes(work: Work, asked: list[Question], seconds: int) -> Iterator[Outcome]:
    for source, reading in asked:
        signal.alarm(seconds)
        yield _outcome(work, source, reading)
    signal.alarm(0)


def _together(outcomes: Iterator[Outcome]) -> Iterator[list[Outcome]]:
    """Yield what comes within a short time as one."""
    some: list[Outcome] = []
    began = time.monotonic()
    for outcome in outcomes:
        some.append(outcome)
        if time.monotonic() - began > _ANSWER_SECONDS:
            yield some
            some = []
            began = time.monotonic()
    if some:
        yield some


def _outcome(work: Work, source: bytes | Path, reading: Reading) -> Outcome:
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
