"""What pollers remember, on both stores: positions, marks, and which node holds which poller."""

import time
from collections.abc import Iterator
from concurrent.futures import Future

import pytest

from gateway.errors import Temporary
from gateway.model import Mark, Position
from gateway.spool.fetching import Places
from gateway.spool.spool import Spool


@pytest.fixture
def places(spool: Spool) -> Places:
    return Places(spool, "A" * 26)


@pytest.fixture
def nodes(database: str) -> Iterator[tuple[Places, Places]]:
    """Two nodes on one PostgreSQL."""
    one, two = Spool(database), Spool(database)
    yield Places(one, "A" * 26), Places(two, "B" * 26)
    one.close()
    two.close()


def test_a_folder_that_was_never_read_has_no_position(places: Places) -> None:
    assert places.position("old", "INBOX") is None


def test_a_folder_is_read_on_from_where_it_was_left(places: Places) -> None:
    places.advance("old", "INBOX", Position(17, 2**32 - 1))
    places.advance("old", "INBOX", Position(18, 5))
    places.advance("old", "Sent", Position(1, 1))
    assert places.position("old", "INBOX") == Position(18, 5)


def test_marks_of_a_folder_are_kept_changed_and_forgotten(places: Places) -> None:
    many = [Mark(str(number), "taken", 1, 2.5) for number in range(1200)]
    places.mark("old", "INBOX", many)
    places.mark("old", "Other", many[:1])
    places.mark("old", "INBOX", [Mark("7", "skipped", 3, 9.0, "the server says no")])
    assert places.marks("old", "INBOX")["7"] == Mark("7", "skipped", 3, 9.0, "the server says no")
    places.unmark("old", "INBOX", [str(number) for number in range(1199)])
    assert list(places.marks("old", "INBOX")) == ["1199"]
    assert len(places.marks("old", "Other")) == 1


def test_one_node_alone_holds_a_poller(nodes: tuple[Places, Places]) -> None:
    one, two = nodes
    assert one.hold(["a", "b"], 60) == {"a", "b"}
    assert two.hold(["a", "b", "c"], 60) == {"c"}
    assert one.hold(["a", "b", "c"], 60) == {"a", "b"}


def test_a_poller_that_a_node_let_go_is_free_at_once(nodes: tuple[Places, Places]) -> None:
    one, two = nodes
    one.hold(["a"], 60)
    one.release()
    assert two.hold(["a"], 60) == {"a"}


def test_another_node_takes_over_what_was_not_renewed(nodes: tuple[Places, Places]) -> None:
    one, two = nodes
    one.hold(["a"], 0.1)
    time.sleep(0.2)
    assert two.hold(["a"], 60) == {"a"}
    assert one.hold(["a"], 60) == set()


# A disk that hangs is the spool's trouble: neither the mail server's, nor the end of who asks.
def test_a_commit_that_takes_too_long_is_the_spool_s_trouble(
    places: Places, spool: Spool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gateway.spool.fetching._WAIT", 0.01)
    monkeypatch.setattr(spool, "change", lambda _: Future())
    with pytest.raises(Temporary, match="nothing was committed"):
        places.advance("old", "INBOX", Position(1, 1))
    with pytest.raises(Temporary):
        places.mark("old", "INBOX", [Mark("1", "taken")])
