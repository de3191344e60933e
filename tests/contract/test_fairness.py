"""Who works on what, fairly: what happens to one route's mails does not hold up another's."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Any

import pytest
from sqlalchemy import func, select

from gateway.config.settings import Settings
from gateway.model import Envelope
from gateway.spool import query
from gateway.spool.tables import job
from tests.roads import Road, until
from tests.spool.conftest import accepted

MAIL = b"From: Asa <asa@client.example>\r\nMessage-ID: <%d@client.example>\r\n\r\nhello\r\n"
FLOOD = 500
ENVELOPE = Envelope("smtp", "asa@client.example", ("slow@example.com",))


class TwoHosts(Road):
    """A road with one more route, `slow`, whose Cention is a host that takes connections and never answers."""

    def __init__(self, folder: Path, host: socket.socket, **sections: dict[str, Any]) -> None:
        self.host = host
        self.removed: set[str] = set()
        super().__init__(folder, **sections)

    def settings(self) -> Settings:
        plain = super().settings()
        demo, support = plain.cention["demo"], plain.route[0]
        url = f"http://127.0.0.1:{self.host.getsockname()[1]}/s/slow"
        slow = support.model_copy(update={"name": "slow", "recipients": ["slow@example.com"], "workspace": "slow"})
        routes = [route for route in (*plain.route, slow) if route.name not in self.removed]
        cention = plain.cention | {"slow": demo.model_copy(update={"url": url})}
        return plain.model_copy(update={"cention": cention, "route": routes})

    def floods(self, mails: int, route: str) -> None:
        """Accept so many mails for a route."""
        for number in range(mails):
            self.run(accepted(self.gateway.spool, MAIL % number, route, envelope=ENVELOPE))

    def count(self, *conditions: Any) -> int:
        counted = select(func.count()).select_from(job).where(*conditions)
        return self.gateway.spool.read(lambda connection: connection.scalar(counted)) or 0

    def waited(self, name: str) -> float:
        """How many seconds lie between a mail's acceptance and its errand."""
        trace = self.gateway.spool.read(lambda connection: query.trace(connection, name))
        assert trace is not None
        at = {event["step"]: event["at"] for event in trace["events"]}
        return float(at["created"] - at["accepted"])


@contextmanager
def hanging() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0), backlog=1000) as host:
        yield host


@pytest.fixture
def host() -> Iterator[socket.socket]:
    with hanging() as found:
        yield found


# With few threads each lane has its share of them too.
@pytest.mark.parametrize("threads", [None, 4])
def test_a_flood_to_a_host_that_hangs_does_not_hold_up_another_route(
    tmp_path: Path, host: socket.socket, threads: int | None
) -> None:
    with TwoHosts(tmp_path, host, worker={"threads": threads}) as roads:
        roads.floods(FLOOD, "slow")
        names = [roads.sends(f"From: a@b.example\nMessage-ID: <{n}@b>\n\nhello\n") for n in range(15)]
        for name in names:
            roads.reaches(name, "done", 30)
        assert median(map(roads.waited, names)) < 1
        assert roads.count(job.c.lane == "route:slow", job.c.state.in_(("queued", "working"))) == FLOOD


# An outage costs a few calls, not one for each mail, and the mails that wait have lost none of their tries.
def test_a_lane_that_is_down_spends_few_tries_and_goes_on_by_itself(tmp_path: Path, host: socket.socket) -> None:
    # Their own retries are far away, so that what comes after the outage is the waiting mails' doing.
    with TwoHosts(tmp_path, host, worker={"retry_min": "2 s", "retry_max": "2 s", "threads": None}) as roads:
        roads.faults({"target": "create", "status": 503})
        roads.floods(100, "support")
        until(lambda: "route:support" in roads.gateway._worker.troubles(), "the lane to be down")
        assert "503" in roads.gateway._worker.troubles()["route:support"]
        assert roads.count(job.c.lane == "route:support", job.c.attempts == 0) >= 80
        roads.faults()
        until(lambda: roads.count(job.c.state == "done") == 100, "everything to be done", 30)
        assert roads.gateway._worker.troubles() == {}
        assert len(roads.errands()) == 100


# Its mails would wait for ever, since no lane of the settings asks for them.
def test_mails_of_a_route_that_is_not_in_the_settings_any_more_are_parked(tmp_path: Path, host: socket.socket) -> None:
    with TwoHosts(tmp_path, host) as roads:
        roads.removed = {"slow"}
        roads.reload()
        roads.floods(3, "slow")
        until(lambda: roads.count(job.c.state == "parked") == 3, "them to be parked", 30)
        assert roads.count(job.c.error.like('%route "slow" is not in the settings any more%')) == 3
