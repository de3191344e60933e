"""What was told, on both stores; and several nodes on one PostgreSQL: each thing is told by one of them."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.alerting.alerts import Alerts
from gateway.alerting.channels import Channel
from gateway.alerting.matter import Known
from gateway.alerting.memory import Memory
from gateway.alerting.sight import Sight
from gateway.config.settings import Settings
from gateway.sources.poller import State, Status
from gateway.spool import jobs
from gateway.spool.fetching import Places
from gateway.spool.spool import Spool

NOW = 1_700_000_000.0


def test_what_was_told_outlives_the_program(spool: Spool) -> None:
    known = {
        "parked": Known("parked", "2 jobs", NOW, 2, NOW + 1),
        "loop of å": Known("loop of å", "3 mails", NOW, 3, NOW + 1, right_since=NOW + 9),
    }
    memory = Memory(Places(spool, "A" * 26))
    assert memory.read() == {}
    memory.write(known)
    assert Memory(Places(spool, "B" * 26)).read() == known
    memory.read()
    memory.write({})
    assert Memory(Places(spool, "B" * 26)).read() == {}


# A spool that is away must neither be waited for nor make anything be told each time that is looked.
def test_what_cannot_be_written_is_remembered(sqlite_url: str) -> None:
    spool = Spool(sqlite_url)
    memory = Memory(Places(spool, "A" * 26))
    known = {"part spool": Known("part spool", "away", NOW, told_at=NOW)}
    spool.close()
    memory.write(known)
    assert memory.read() == known


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    (tmp_path / "token").write_text("token")
    token = f"file:{tmp_path / 'token'}"
    route = {"name": "support", "recipients": ["a@example.com"], "workspace": "demo", "token": token}
    return Settings.model_validate(
        {
            "cention": {"demo": {"url": "http://127.0.0.1:1/s/demo", "attachment_token": token}},
            "route": [route | {"reply_from": "a@example.com"}],
            "alerts": {"mail": "ops@example.com", "calm": "1 s"},
        }
    )


class Node:
    """A node with one mailbox, and what it has told."""

    def __init__(self, spool: Spool, settings: Settings, name: str) -> None:
        self.told: list[tuple[str, bool]] = []
        self.box = Status("imap a INBOX", "imap", started=NOW)
        self.spool = spool
        sight = Sight(lambda: settings, spool, lambda: {"spool": ""}, lambda: [self.box])
        channel = Channel("test", lambda notices: self.told.extend((one.what, one.wrong) for one in notices))
        self.alerts = Alerts(sight, Places(spool, name * 26), lambda: [channel])


@pytest.fixture
def nodes(database: str, settings: Settings) -> Iterator[tuple[Node, Node]]:
    """Two nodes on one PostgreSQL."""
    one, two = (Node(Spool(database), settings, name) for name in "AB")
    yield one, two
    one.spool.close()
    two.spool.close()


def test_what_all_nodes_see_is_told_by_one(nodes: tuple[Node, Node]) -> None:
    one, two = nodes
    one.spool.change(lambda connection: jobs.pause_lane(connection, "route:support", "401", NOW, NOW)).result(10)
    for node in (one, two, one, two):
        node.alerts.look(NOW)
    assert (one.told, two.told) == ([("lane route:support", True)], [])


# A mailbox goes to another node with its trouble; that we do not fetch from it any more does not mend it.
def test_a_mailbox_that_goes_to_another_node_is_told_once_and_its_recovery_by_that_one(
    nodes: tuple[Node, Node],
) -> None:
    one, two = nodes
    two.box.state = State.ELSEWHERE
    for node in nodes:
        node.alerts.look(NOW + 1000)
    one.box.state, two.box.state = State.ELSEWHERE, State.FAILING
    for at in (1010, 1020):
        for node in nodes:
            node.alerts.look(NOW + at)
    assert (one.told, two.told) == ([("mailbox imap a INBOX", True)], [])
    two.box.last_success = NOW + 1030
    for at in (1030, 1040):
        two.alerts.look(NOW + at)
    assert (one.told, two.told) == ([("mailbox imap a INBOX", True)], [("mailbox imap a INBOX", False)])
