"""Programs that are measured: started on a free port, waited for with a limit, ended by their pid."""

import contextlib
import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

_START_SECONDS = 60.0
_STOP_SECONDS = 30.0
_TICK_SECONDS = 0.01
_SAID = 1500


class BenchError(Exception):
    """A measurement that cannot be had, and why; notes tell what the programs said."""

    def __str__(self) -> str:
        return "\n".join([super().__str__(), *getattr(self, "__notes__", [])])


@dataclass(frozen=True, slots=True)
class Command:
    """How a program is started. `pid_file` names the process to end, for one whose first process is only a starter."""

    argv: Sequence[str]
    environment: Mapping[str, str] = field(default_factory=dict)
    pid_file: Path | None = None


def free_port() -> int:
    """Find a TCP port on 127.0.0.1 that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
        return port


def listens(port: int) -> bool:
    """Whether somebody takes connections on this port of 127.0.0.1."""
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True


def wait_until(true: Callable[[], object], what: str, seconds: float = _START_SECONDS) -> None:
    """Return as soon as `true()` is; BenchError when it is not in time."""
    deadline = time.monotonic() + seconds
    while not true():
        if time.monotonic() > deadline:
            raise BenchError(f"{what}: not within {seconds:g} s")
        time.sleep(_TICK_SECONDS)


@contextmanager
def running(name: str, command: Command, log: Path, ready: Callable[[], object]) -> Iterator[int]:
    """Start a program, wait until it is ready, yield its pid; end it and all that it started. It speaks to `log`.

    BenchError when it does not come up. Any BenchError meanwhile gets the end of its log as a note.
    """
    with log.open("wb") as output:
        process = subprocess.Popen(
            command.argv,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=os.environ | dict(command.environment),
            start_new_session=True,
        )
    try:
        _wait_for_start(name, process, ready)
        yield process.pid
    except BenchError as error:
        error.add_note(f"{name} said last:\n{log.read_text(errors='replace')[-_SAID:]}")
        raise
    finally:
        _end(process, command.pid_file)


def _wait_for_start(name: str, process: "subprocess.Popen[bytes]", ready: Callable[[], object]) -> None:
    wait_until(lambda: process.poll() is not None or ready(), f"{name} starts")
    if process.poll() is not None:
        raise BenchError(f"{name} ended with status {process.returncode}")


def _end(process: "subprocess.Popen[bytes]", pid_file: Path | None) -> None:
    """Ask it to end, wait, and leave nothing of its process group."""
    if process.poll() is None:
        pid = int(pid_file.read_text()) if pid_file is not None and pid_file.exists() else process.pid
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGTERM)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(_STOP_SECONDS)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
