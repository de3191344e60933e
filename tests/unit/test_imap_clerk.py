"""How far a folder is read, when something is missing in the middle: no message is ever passed by."""

from collections.abc import Iterator
from concurrent.futures import Future
from pathlib import Path

import pytest

from gateway.errors import Full, TooLarge
from gateway.model import Position, Receipt
from gateway.sources.imap_batch import Batch, together
from gateway.sources.imap_clerk import Clerk
from gateway.sources.imap_progress import Failure, Progress
from gateway.sources.imap_response import Fetched
from tests.fetching import Fetching, fetching


@pytest.fixture
def house(tmp_path: Path) -> Iterator[Fetching]:
    with fetching(tmp_path) as running:
        yield running


@pytest.fixture
def progress(house: Fetching) -> Progress:
    """A folder of which nothing was read."""
    made = Progress(house.places, "box", "INBOX")
    made.begin(Position(1, 0), [], 0.0)
    return made


@pytest.fixture
def clerk(progress: Progress) -> Iterator[Clerk]:
    with Clerk(progress, "box", marks=True) as running:
        yield running


def batch(*uids: int, without: tuple[int, ...] = (), cut: bool = False, error: Exception | None = None) -> Batch:
    """Messages that are committed, but for some; with an error it is that of the first one's commit."""
    made = Batch([Fetched(uid, 100) for uid in uids], forward=True, cut=cut)
    for uid in set(uids) - set(without):
        made.commits[uid] = Future()
        if error is not None and uid == uids[0]:
            made.commits[uid].set_exception(error)
        else:
            made.commits[uid].set_result(Receipt("id", repeat=False))
    return made


def written(clerk: Clerk, *batches: Batch) -> list[list[int]]:
    """What is ours of each batch."""
    for one in batches:
        clerk.write(one)
    return [one.taken for one in clerk.written()]


def test_the_position_follows_what_is_ours(progress: Progress, clerk: Clerk) -> None:
    assert written(clerk, batch(1, 2), batch(3, 4)) == [[1, 2], [3, 4]]
    assert progress.uid == 4


# A server may work at two commands at once: when it breaks off in the first, the second may have come whole.
def test_the_position_stays_before_a_message_that_did_not_come(progress: Progress, clerk: Clerk) -> None:
    assert written(clerk, batch(1, 2, 3, without=(2,), cut=True), batch(4, 5)) == [[1, 3], [4, 5]]
    assert progress.uid == 1
    # What is ours behind it is marked, so that it is not taken again.
    assert [uid for uid in range(1, 6) if progress.is_marked(uid)] == [1, 3, 4, 5]
    clerk.begin()
    written(clerk, batch(2))
    progress.reach(5)
    assert progress.uid == 5


def test_the_position_stays_before_a_message_that_there_was_no_room_for(progress: Progress, clerk: Clerk) -> None:
    clerk.write(batch(1, 2, error=Full("the disk is full")))
    clerk.write(batch(3))
    first, second = clerk.written()
    assert isinstance(first.trouble, Full)
    assert second.trouble is None
    assert progress.uid == 0


# It is marked, so it may be passed by: it is tried again by its mark.
def test_a_message_that_cannot_be_taken_holds_nothing_up(progress: Progress, clerk: Clerk) -> None:
    clerk.write(batch(1, 2, error=TooLarge("the header")))
    clerk.write(batch(3, 4, without=(4,)))
    first, second = clerk.written()
    assert first.told == [1]
    assert list(second.outcome.apart) == [4]
    assert progress.uid == 4
    assert progress.due() == ([], [4])


def test_a_failure_is_told_at_the_third_time(progress: Progress, clerk: Clerk) -> None:
    told = []
    for _ in range(4):
        one = batch(1, without=(1,))
        one.failed[1] = Failure("no")
        clerk.write(one)
        told += [found.told for found in clerk.written()]
    assert told == [[], [], [1], []]
    assert progress.next_due() > 60


# UIDVALIDITY has changed, and a mark of before means another message now.
def test_a_mark_of_another_uidvalidity_is_nobodys(house: Fetching, progress: Progress, clerk: Clerk) -> None:
    written(clerk, batch(1, 2))
    progress.begin(Position(2, 9), [7], 0.0)
    again = Progress(house.places, "box", "INBOX")
    assert not again.is_marked(1)
    assert again.due() == ([7], [])
    assert list(house.marks()) == ["2:7"]


def test_messages_are_put_together_by_number_and_size() -> None:
    small = [Fetched(uid, 1000) for uid in range(1, 451)]
    assert [len(some) for some in together(small, lambda _: False)] == [200, 200, 50]
    middle = [Fetched(uid, 900_000) for uid in range(1, 11)]
    assert [len(some) for some in together(middle, lambda _: False)] == [4, 4, 2]
    assert [len(some) for some in together(middle[:3], lambda one: one.uid == 2)] == [1, 1, 1]
