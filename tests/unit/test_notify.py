"""What systemd is told: read from a socket as systemd has it."""

import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.notify import Notifier


@pytest.fixture
def listener(tmp_path: Path) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as line:
        line.bind(str(tmp_path / "notify"))
        line.settimeout(5)
        yield line


def said(listener: socket.socket) -> list[str]:
    return listener.recv(4096).decode().splitlines()


def test_systemd_hears_of_each_stage(listener: socket.socket) -> None:
    notifier = Notifier({"NOTIFY_SOCKET": listener.getsockname()})
    notifier.ready("it\nworks")
    assert said(listener) == ["READY=1", "STATUS=it works"]
    notifier.reloading()
    assert said(listener)[0] == "RELOADING=1"
    notifier.stopping(30)
    assert said(listener) == ["STOPPING=1", "EXTEND_TIMEOUT_USEC=30000000"]
    notifier.lives()
    assert said(listener) == ["WATCHDOG=1"]


def test_an_abstract_socket_is_reached_as_well(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as line:
        line.bind(f"\0{tmp_path}")
        line.settimeout(5)
        Notifier({"NOTIFY_SOCKET": f"@{tmp_path}"}).status("works")
        assert said(line) == ["STATUS=works"]


# A manager that is gone, or whose socket is full, must not cost a mail.
def test_that_nobody_listens_is_no_trouble_and_does_not_last(tmp_path: Path) -> None:
    Notifier({}).ready("works")
    notifier = Notifier({"NOTIFY_SOCKET": str(tmp_path / "notify")})
    notifier.ready("works")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as late:
        late.bind(str(tmp_path / "notify"))
        late.settimeout(5)
        notifier.status("works still")
        assert said(late) == ["STATUS=works still"]


def test_the_watchdog_of_another_process_is_none_of_ours() -> None:
    ours = {"WATCHDOG_USEC": "30000000", "WATCHDOG_PID": str(os.getpid())}
    assert Notifier(ours).watchdog == 30.0
    assert Notifier(ours | {"WATCHDOG_PID": "1"}).watchdog == 0.0
    assert Notifier({"WATCHDOG_USEC": "soon"}).watchdog == 0.0
