"""Chromium, a gateway with its simulator, and an agent who sits before the page."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from tests.browser.agent import Agent
from tests.roads import Road
from tests.roads import road as running
from tests.servers.program import needs

CHROMIUM = "/usr/bin/chromium"
PATIENCE_MS = 10_000

Sit = Callable[..., Agent]


# Not for the whole session: as long as playwright lives its loop runs in this thread, and asyncio allows no other.
@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    needs(CHROMIUM)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def road(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Road]:
    with running(tmp_path_factory.mktemp("road"), simulator={"areas": ("support", "invoices")}) as started:
        yield started


# Who sits down has a browser of their own. What it complains of (a script that failed, something that the page's policy
# forbids) fails the test, as does anything that it got from another server.
@contextmanager
def sitting(chromium: Browser, origin: str, name: str) -> Iterator[Sit]:
    """Let people sit down before the pages of one server; the name is the test's."""
    contexts: list[BrowserContext] = []
    agents: list[Agent] = []

    def down(
        path: str = "/", width: int = 1280, scheme: str = "light", *, scripts: bool = True, zone: str = "UTC"
    ) -> Agent:
        context = chromium.new_context(
            viewport={"width": width, "height": 900},
            color_scheme="dark" if scheme == "dark" else "light",
            java_script_enabled=scripts,
            base_url=origin,
            timezone_id=zone,
        )
        contexts.append(context)
        context.set_default_timeout(PATIENCE_MS)
        agents.append(Agent(context.new_page(), origin))
        agents[-1].page.goto(path)
        return agents[-1]

    yield down
    for number, agent in enumerate(agents):
        photograph(agent.page, f"{name}-{number}")
    for context in contexts:
        context.close()
    for agent in agents:
        assert agent.complaints == []
        assert agent.strangers == []


@pytest.fixture
def sit(chromium: Browser, road: Road, request: pytest.FixtureRequest) -> Iterator[Sit]:
    """An agent before the simulator's page."""
    with sitting(chromium, road.simulator.origin, request.node.name) as down:
        yield down


@pytest.fixture(scope="module")
def console(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Road]:
    """A road whose console is open to everybody on this machine."""
    with running(tmp_path_factory.mktemp("console"), console={"open": True}) as started:
        yield started


@pytest.fixture
def operate(chromium: Browser, console: Road, request: pytest.FixtureRequest) -> Iterator[Sit]:
    """An operator before the gateway's console."""
    with sitting(chromium, f"http://{console.gateway.http}", request.node.name) as down:
        yield down


def photograph(page: Page, name: str, *, whole: bool = True) -> None:
    """Keep what is seen, or the whole page, where somebody wants to look at it afterwards."""
    if folder := os.environ.get("SCREENSHOTS"):
        clean = "".join(letter if letter.isalnum() or letter == "-" else "_" for letter in name)
        page.screenshot(path=Path(folder) / f"{clean}.png", full_page=whole)
