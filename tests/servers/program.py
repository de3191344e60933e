"""Programs as children of the tests: started on free ports, waited for with a limit, stopped by their pid."""

import contextlib
import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache
from itertools import cycle
from pathlib import Path

import pytest

START_SECONDS = 30.0
STOP_SECONDS = 20.0
TICK_SECONDS = 0.02
# Below those that the kernel gives to outgoing connections: a server that is started anew finds its port free.
_PORTS = range(12_000, 32_000)
_SHARES = 16


def needs(*programs: str) -> None:
    """Skip the test when one of these programs is not there; with CI=true that is a failure (tests/conftest.py)."""
    missing = [program for program in programs if not os.access(program, os.X_OK)]
    if missing:
        pytest.skip(f"{', '.join(missing)} not found: scripts/test installs what is needed, on Debian as root")


def needs_root() -> None:
    """Skip the test when we are not root, as Postfix and Dovecot have to be for changing to their own users."""
    if os.geteuid() != 0:
        pytest.skip("Postfix and Dovecot are started by root alone")


@cache
def _ports() -> Iterator[int]:
    """Take a share of ports for this process's tests, which no other test of this machine has before we end."""
    for share in range(_SHARES):
        name = socket.socket(socket.AF_UNIX)
        try:
            name.bind(f"\0cention-gateway-tests-{share}")
        except OSError:
            name.close()
            continue
        name.detach()  # the name is ours until the process ends
        return cycle(range(_PORTS.start + share, _PORTS.stop, _SHARES))
    raise RuntimeError(f"{_SHARES} processes run tests here already")


def free_port() -> int:
    """Find a TCP port on 127.0.0.1 that nobody listens on, and that nobody else is given for a long time."""
    for port in _ports():
        with contextlib.suppress(OSError):
            socket.create_server(("127.0.0.1", port)).close()
            return port
    raise AssertionError("the ports go round")


def listens(port: int) -> bool:
    """Whether somebody takes connections on this port of 127.0.0.1."""
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True


def wait_until(true: Callable[[], object], what: str, seconds: float = 30.0) -> None:
    """Return as soon as `true()` is; TimeoutError, saying what was waited for, when it is not in time."""
    deadline = time.monotonic() + seconds
    while not true():
        if time.monotonic() > deadline:
            raise TimeoutError(f"{what}: not within {seconds:g} s")
        time.sleep(TICK_SECONDS)


class Program:
    """A program and the processes that it starts, in a process group of their own; what it says goes to `log`."""

    def __init__(self, name: str, argv: Sequence[str], log: Path, environment: Mapping[str, str] | None = None) -> None:
        self.name = name
        self.log = log
        self._argv = argv
        self._environment = os.environ if environment is None else environment
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        """The process that was started, not its children."""
        assert self._process is not None, f"{self.name} was not started"
        return self._process.pid

    @property
    def exit_status(self) -> int | None:
        """None as long as it runs; negative for the signal that ended it."""
        return self._process.poll() if self._process else None

    def start(self, ready: Callable[[], object]) -> None:
        """Start it and return when `ready()` is true; when it ends before that or takes too long, fail with its log."""
        with self.log.open("ab") as output:
            output.write(b"\n")  # the program before may have been killed in the middle of a line
            output.flush()
            self._process = subprocess.Popen(
                self._argv,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env=self._environment,
                start_new_session=True,
            )
        wait_until(lambda: self.exit_status is not None or ready(), f"{self.name} starts", START_SECONDS)
        if self.exit_status is not None:
            pytest.fail(f"{self.name} ended with status {self.exit_status} when it was started:\n{self.said()}")

    def said(self, characters: int = 4000) -> str:
        """The end of its log."""
        return self.log.read_text(errors="replace")[-characters:] if self.log.exists() else ""

    def send(self, number: signal.Signals) -> None:
        """Send it a signal."""
        os.kill(self.pid, number)

    def wait(self, seconds: float = STOP_SECONDS) -> int:
        """Wait for its end; its exit status."""
        assert self._process is not None
        return self._process.wait(seconds)

    def kill(self) -> None:
        """End it at once, as the power does: SIGKILL to the program, and to all that it started."""
        if self._process is None:
            return
        with contextlib.suppress(ProcessLookupError):  # nothing of it is left
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait(STOP_SECONDS)

    def stop(self) -> None:
        """End it in order; nothing of it is left, whatever it did with the signal."""
        if self._process is None:
            return
        if self.exit_status is None:
            self.send(signal.SIGTERM)
            try:
                self.wait()
            except subprocess.TimeoutExpired:
                self.kill()
                pytest.fail(f"{self.name} did not stop within {STOP_SECONDS:g} s of SIGTERM:\n{self.said()}")
        self.kill()
