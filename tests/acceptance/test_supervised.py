"""The program under a supervisor: what systemd is told by it, what its watchdog hears, and `health --wait`."""

import json
import signal
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.acceptance.conftest import house_settings
from tests.servers.gateway import PROGRAM, Gateway
from tests.servers.simulator import ATTACHMENT_TOKEN, SECRET

WATCHDOG = "2000000"


class Manager:
    """Systemd's end of the notify socket, and the gateway that it runs."""

    def __init__(self, folder: Path) -> None:
        self.line = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.line.bind(str(folder / "notify"))
        environment = {"NOTIFY_SOCKET": str(folder / "notify"), "WATCHDOG_USEC": WATCHDOG}
        secrets = {"ATTACHMENT_TOKEN": ATTACHMENT_TOKEN, "SECRET": SECRET}
        self.gateway = Gateway(folder, house_settings("http://127.0.0.1:1/s/demo", folder), environment | secrets)
        self.gateway.change({"smtp": {"processes": 0}})

    def hears(self, word: str, seconds: float = 20.0) -> str:
        """Wait until it is told a word; all that came with it."""
        self.line.settimeout(seconds)
        while word not in (said := self.line.recv(4096).decode()).splitlines():
            pass
        return said

    def is_silent(self, seconds: float) -> bool:
        """Whether nothing comes for so long, once what is on its way has come."""
        self.line.settimeout(0.2)
        try:
            while self.line.recv(4096):
                pass
        except TimeoutError:
            self.line.settimeout(seconds)
        try:
            self.line.recv(4096)
        except TimeoutError:
            return True
        return False


@pytest.fixture
def manager(tmp_path: Path) -> Iterator[Manager]:
    found = Manager(tmp_path)
    yield found
    found.gateway.stop()
    found.line.close()


# One start for all of it: each stage of a service's life, in order.
def test_systemd_is_told_of_each_stage_and_hears_that_it_lives(manager: Manager) -> None:
    gateway = manager.gateway
    with subprocess.Popen(
        [PROGRAM, "health", "--wait", "30", "--config", str(gateway.settings_file)],
        env=gateway._environment,
        stdout=subprocess.PIPE,
    ) as waiting:
        gateway.start()
        assert "STATUS=ready: SMTP at 127.0.0.1:" in manager.hears("READY=1")
        assert waiting.communicate(timeout=30)[0] == b"ready\n"
    said = json.loads(gateway.command("health", "--json").stdout)
    assert said == {"ready": True, "said": "", "parts": {"spool": "ok", "smtp": "ok", "worker": "ok"}}
    manager.hears("WATCHDOG=1")
    gateway.send(signal.SIGHUP)
    assert "MONOTONIC_USEC=" in manager.hears("RELOADING=1")
    manager.hears("READY=1")
    right = gateway.settings_file.read_text()
    gateway.settings_file.write_text("nothing = 1")
    gateway.send(signal.SIGHUP)
    manager.hears("RELOADING=1")
    assert "not reloaded" in manager.hears("READY=1")
    gateway.settings_file.write_text(right)
    # A program that hangs gives no sign, and systemd starts it again.
    gateway.send(signal.SIGSTOP)
    assert manager.is_silent(1.5)
    gateway.send(signal.SIGCONT)
    manager.hears("WATCHDOG=1")
    gateway.send(signal.SIGTERM)
    assert "EXTEND_TIMEOUT_USEC=30000000" in manager.hears("STOPPING=1")


def test_health_waits_no_longer_than_it_is_told(manager: Manager) -> None:
    ran = manager.gateway.command("health", "--wait", "0.5")
    assert ran.returncode == 1
    assert b"no answer from" in ran.stderr
