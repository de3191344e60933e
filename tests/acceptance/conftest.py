"""A whole house for each test: gateway and simulator; for all tests one Dovecot with a plain smarthost before it."""

import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.servers.certificate import Certificate, make_certificate
from tests.servers.dovecot import Dovecot
from tests.servers.gateway import Gateway, Settings
from tests.servers.postfix import Postfix, smarthost
from tests.servers.simulator import ATTACHMENT_TOKEN, CREATE_TOKEN, SECRET, WORKSPACE, Simulator

SUPPORT = "support@example.com"


@dataclass(frozen=True, slots=True)
class House:
    """A gateway and the Cention that it works for, both running."""

    gateway: Gateway
    simulator: Simulator


Build = Callable[..., House]


@pytest.fixture(scope="session")
def certificate() -> Iterator[Certificate]:
    """A certificate for localhost, where any server's user can read it."""
    folder = Path(tempfile.mkdtemp(prefix="certificate-"))
    folder.chmod(0o755)
    yield make_certificate(folder)
    shutil.rmtree(folder)


@pytest.fixture(scope="session")
def dovecot() -> Iterator[Dovecot]:
    """Where answers to addresses @example.net arrive; each test has writers of its own there."""
    server = Dovecot()
    yield server.start()
    server.stop()


@pytest.fixture(scope="session")
def plain_smarthost(dovecot: Dovecot) -> Iterator[Postfix]:
    """A Postfix that delivers to Dovecot, asking for nothing."""
    server = smarthost("example.net", dovecot.lmtp_port)
    yield server.start()
    server.stop()


def house_settings(simulator_url: str, folder: Path) -> Settings:
    """Settings for one route to the simulator, with short waits between tries and the token in a file of `folder`."""
    token = folder / "create-token"
    token.write_text(CREATE_TOKEN)
    workspace = {"url": simulator_url, "attachment_token": "env:ATTACHMENT_TOKEN", "callback_secrets": ["env:SECRET"]}
    route = {
        "name": "support",
        "recipients": [SUPPORT, "*@support.example.com"],
        "workspace": WORKSPACE,
        "token": f"file:{token}",
        "reply_from": f"Support <{SUPPORT}>",
    }
    worker = {"threads": 8, "retry_min": "200 ms", "retry_max": "1 s", "probe": "500 ms"}
    return {f"cention.{WORKSPACE}": workspace, "route": [route], "worker": worker}


@pytest.fixture
def build(tmp_path: Path) -> Iterator[Build]:
    """Builds a house in the test's folder with more settings, and starts both unless told not to."""
    running = ExitStack()

    def build(more: Settings | None = None, *, links: str = "own", start: bool = True) -> House:
        gateway = Gateway(tmp_path, {}, {"ATTACHMENT_TOKEN": ATTACHMENT_TOKEN, "SECRET": SECRET})
        simulator = Simulator(tmp_path, f"{gateway.url}/callbacks/{WORKSPACE}", links)
        gateway.change(house_settings(simulator.url, tmp_path))
        gateway.change(more or {})
        for server in (simulator, gateway):
            running.callback(server.stop)
            running.callback(lambda said: print(said()), server.said)  # pytest shows it where the test failed
        simulator.start()
        if start:
            gateway.start()
        return House(gateway, simulator)

    with running:
        yield build


@pytest.fixture
def house(build: Build, plain_smarthost: Postfix) -> House:
    """A house with the plain smarthost."""
    return build({"outgoing": {"smarthosts": [f"smtp://127.0.0.1:{plain_smarthost.port}"]}})


def message(errand: dict[str, Any]) -> dict[str, Any]:
    """The message in an errand, as it was posted (`attributes.msg`)."""
    found: dict[str, Any] = errand["attributes"]["msg"]
    return found
