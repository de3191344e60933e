"""Two nodes with the same mailbox on one PostgreSQL: one fetches, and the other when that one dies."""

import asyncio
import threading
from collections.abc import Iterator

import pytest

from gateway.sources import supervisor
from gateway.sources.poller import Ground, State
from gateway.sources.supervisor import Supervisor
from gateway.spool.fetching import Places
from gateway.spool.spool import Spool
from tests.servers.program import wait_until

HOLD = 1.5


class Box:
    """A mailbox that is in hand for as long as it may be."""

    name = kind = "box"

    def run(self, ground: Ground) -> None:
        ground.succeeded()
        ground.stopping.wait()


class Node:
    """A spool of its own and a supervisor, in a loop in a thread."""

    def __init__(self, url: str, holder: str) -> None:
        self.spool = Spool(url)
        self.supervisor = Supervisor(self.spool, Places(self.spool, holder).hold, 1000, 1000)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever)
        self._thread.start()

        async def started() -> None:
            self.supervisor.start([Box()])

        asyncio.run_coroutine_threadsafe(started(), self._loop).result(10)

    def is_in(self, state: State) -> bool:
        return self.supervisor.statuses[0].state is state

    def dies(self) -> None:
        """Its hold is not given back: to the others that is what a kill looks like."""
        assert self.supervisor.stop(10) == 0

    def close(self) -> None:
        self.supervisor.stop(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()
        self.spool.close()


@pytest.fixture
def nodes(postgresql_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Node]]:
    """Two; the first one has the mailbox."""
    monkeypatch.setattr(supervisor, "HOLD", HOLD)
    running = [Node(postgresql_url, "A" * 26)]
    wait_until(lambda: running[0].is_in(State.WORKING), "the first node fetches", 10)
    running.append(Node(postgresql_url, "B" * 26))
    yield running
    for node in running:
        node.close()


def test_another_node_fetches_when_the_first_one_dies(nodes: list[Node]) -> None:
    first, second = nodes
    wait_until(lambda: second.is_in(State.ELSEWHERE), "the second node leaves it to the first", 10)
    assert first.is_in(State.WORKING)
    first.dies()
    wait_until(lambda: second.is_in(State.WORKING), "the second node takes over", 10)
