"""A house in a folder, with whatever settings and environment a case asks for."""

import signal
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from os import killpg
from pathlib import Path

from tests.acceptance.conftest import House, house_settings, message
from tests.servers.gateway import Gateway, Settings
from tests.servers.simulator import ATTACHMENT_TOKEN, SECRET, WORKSPACE, Simulator

CONCURRENCY = 5
Mail = tuple[str, str]
"""Sender and Message-ID."""


@contextmanager
def house_in(
    folder: Path, more: Settings | None = None, environment: Mapping[str, str] | None = None, *, start: bool = True
) -> Iterator[House]:
    """A house that runs meanwhile; `start` False: its gateway was not started yet."""
    gateway = Gateway(folder, {}, secrets() | dict(environment or {}))
    simulator = Simulator(folder, f"{gateway.url}/callbacks/{WORKSPACE}")
    gateway.change(house_settings(simulator.url, folder))
    gateway.change(more or {})
    with ExitStack() as stops:
        for server in (simulator, gateway):
            stops.callback(server.stop)
            stops.callback(lambda said: print(said()), server.said)  # pytest shows it where the test failed
        simulator.start()
        if start:
            gateway.start()
        yield House(gateway, simulator)


def secrets() -> dict[str, str]:
    """What a gateway of these settings finds in its environment."""
    return {"ATTACHMENT_TOKEN": ATTACHMENT_TOKEN, "SECRET": SECRET}


def errands(house: House) -> Counter[Mail]:
    """How many errands there are of each mail."""
    asked = map(message, house.simulator.errands())
    return Counter((one["from"], one["message_id"]) for one in asked)


def unfinished(house: House) -> int:
    """How many jobs are not at their end; what is parked is not."""
    return house.gateway.jobs().total()


@contextmanager
def stopped(gateway: Gateway) -> Iterator[None]:
    """All of its processes stand still meanwhile (SIGSTOP)."""
    killpg(gateway.pid, signal.SIGSTOP)
    try:
        yield
    finally:
        killpg(gateway.pid, signal.SIGCONT)


@contextmanager
def started(gateway: Gateway) -> Iterator[None]:
    """It runs meanwhile."""
    try:
        gateway.start()
        yield
    finally:
        print(gateway.said())  # pytest shows it where the test failed
        gateway.stop()


def workspaces(urls: Mapping[str, str], folder: Path) -> Settings:
    """Settings for a route and a workspace of each name, at these addresses."""
    made: Settings = {}
    for name, url in urls.items():
        (folder / name).write_text(f"token-of-{name}")
        plain = {"allow_plain_http": True} if "invalid" in url else {}
        made[f"cention.{name}"] = {"url": url, "attachment_token": f"file:{folder / name}", "timeout": "1 s"} | plain
        made[f"cention.{name}"] |= {"concurrency": 1}
    return made | {
        "gateway": {"stop_timeout": "1 s"},
        "route": [_route(name, folder) for name in urls],
        "worker": {"retry_min": "200 ms", "retry_max": "1 s", "probe": "500 ms"},
    }


def _route(name: str, folder: Path) -> Settings:
    """A route to the workspace of its name."""
    return {
        "name": name,
        "recipients": [f"{name}@example.com"],
        "workspace": name,
        "token": f"file:{folder / name}",
        "reply_from": f"{name}@example.com",
        "concurrency": CONCURRENCY,
    }
