"""Mail in by IMAP, from a real Dovecot into a spool: what is taken, once, and what is done with it afterwards."""

import re
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from gateway.model import Mark, Position
from tests.fetching import Fetching, fetching, letter, mailbox, pollers
from tests.servers.dovecot import Dovecot
from tests.servers.program import wait_until

SEEN, DELETED = b"\\Seen", b"\\Deleted"


@pytest.fixture
def house(tmp_path: Path) -> Iterator[Fetching]:
    with fetching(tmp_path) as running:
        yield running


@pytest.fixture
def user(request: pytest.FixtureRequest) -> str:
    """A user of the test's own."""
    return re.sub(r"\W+", "-", request.node.name)[-50:].strip("-").lower() + "@example.net"


Fetch = Callable[..., None]


@pytest.fixture
def fetch(house: Fetching, dovecot: Dovecot, user: str) -> Fetch:
    """Starts a poller of the user's mailbox with some settings, waits until it has taken all, and stops it."""

    def fetch(*, go_on: bool = False, **settings: Any) -> None:
        house.start(pollers(house, mailbox(dovecot, user, **settings)))
        house.wait_until(lambda status: status.last_success, "all is taken")
        if not go_on:
            house.stop()

    return fetch


# Old mail that somebody has read is none of ours; the ways to want other things are below.
def test_what_nobody_has_read_is_taken_at_the_first_start(
    house: Fetching, dovecot: Dovecot, user: str, fetch: Fetch
) -> None:
    dovecot.append(user, [letter(1)], flags=[SEEN])
    dovecot.append(user, [letter(2), letter(3)])
    fetch()
    assert house.raw() == [letter(2), letter(3)]


@pytest.mark.parametrize(("since", "numbers"), [("now", []), ("all", [1, 2, 3]), ("unseen", [2, 3])])
def test_a_setting_says_which_old_mail_is_taken(
    house: Fetching, dovecot: Dovecot, user: str, fetch: Fetch, since: str, numbers: list[int]
) -> None:
    dovecot.append(user, [letter(1)], flags=[SEEN])
    dovecot.append(user, [letter(2), letter(3)])
    fetch(since=since)
    assert house.raw() == [letter(number) for number in numbers]
    dovecot.append(user, [letter(4)])
    fetch(since=since)
    assert house.raw()[len(numbers) :] == [letter(4)]


def test_mail_since_a_day_is_taken(house: Fetching, dovecot: Dovecot, user: str, fetch: Fetch) -> None:
    today = datetime.now(UTC)
    for number, days in ((1, 9), (2, 4), (3, 0)):
        dovecot.append(user, [letter(number)], flags=[SEEN], msg_time=today - timedelta(days=days))
    fetch(since=(today - timedelta(days=5)).date())
    assert house.raw() == [letter(2), letter(3)]


# Ours are not read by our reading them: the flag comes after the commit, or not at all.
def test_nothing_is_changed_where_the_setting_says_keep(dovecot: Dovecot, user: str, fetch: Fetch) -> None:
    dovecot.append(user, [letter(1), letter(2)])
    fetch(after="keep")
    assert dovecot.flags(user) == {1: (), 2: ()}


def test_what_is_ours_is_marked_as_read(house: Fetching, dovecot: Dovecot, user: str, fetch: Fetch) -> None:
    dovecot.append(user, [letter(1), letter(2)])
    fetch()
    assert dovecot.flags(user) == {1: (SEEN,), 2: (SEEN,)}
    assert house.marks() == {}


def test_what_is_ours_gets_a_keyword(dovecot: Dovecot, user: str, fetch: Fetch) -> None:
    dovecot.append(user, [letter(1)])
    fetch(after="keyword:Cention")
    assert dovecot.flags(user) == {1: (b"Cention",)}


# The folder is made where there is none, and its name is written as people write it.
def test_what_is_ours_is_moved_to_a_folder_of_any_name(dovecot: Dovecot, user: str, fetch: Fetch) -> None:
    dovecot.append(user, [letter(number) for number in range(300)])
    fetch(after="move:Kundtjänst/Klart & betalt")
    assert dovecot.flags(user) == {}
    assert len(dovecot.flags(user, "Kundtjänst.Klart & betalt")) == 300


def test_what_is_ours_is_deleted_and_nothing_else(dovecot: Dovecot, user: str, fetch: Fetch) -> None:
    dovecot.append(user, [letter(1)], flags=[SEEN, DELETED])
    dovecot.append(user, [letter(2)])
    fetch(after="delete")
    assert dovecot.flags(user) == {1: (DELETED, SEEN)}


def test_a_folder_with_a_name_of_other_letters_is_fetched(
    house: Fetching, dovecot: Dovecot, user: str, fetch: Fetch
) -> None:
    dovecot.append(user, [letter(1)], folder="Ärenden.日本語")
    fetch(folders=["Ärenden/日本語"])
    assert house.raw() == [letter(1)]


# Our own cursor says what is new, not a flag: another client may read, mark and move as it likes.
def test_another_client_that_reads_the_mailbox_changes_nothing(
    house: Fetching, dovecot: Dovecot, user: str, fetch: Fetch
) -> None:
    fetch()
    dovecot.append(user, [letter(1), letter(2)])
    with dovecot.client(user, "INBOX") as client:
        client.add_flags([1, 2], [SEEN])
    fetch()
    with dovecot.client(user, "INBOX") as client:
        client.remove_flags([1, 2], [SEEN])
    fetch()
    assert house.raw() == [letter(1), letter(2)]
    assert house.copies() == 0


def test_the_server_tells_of_new_mail_at_once(house: Fetching, dovecot: Dovecot, user: str, fetch: Fetch) -> None:
    fetch(go_on=True, interval="4 min")
    dovecot.append(user, [letter(1)])
    house.wait_for(1, seconds=20)
    wait_until(lambda: dovecot.flags(user) == {1: (SEEN,)}, "it is marked", 20)


def test_mail_is_looked_for_where_idle_is_not_wanted(
    house: Fetching, dovecot: Dovecot, user: str, fetch: Fetch
) -> None:
    fetch(go_on=True, idle=False)
    dovecot.append(user, [letter(1)])
    house.wait_for(1, seconds=20)


# Several folders of one mailbox, and several mailboxes, each go their own way.
def test_each_folder_has_its_own_progress(house: Fetching, dovecot: Dovecot, user: str) -> None:
    dovecot.append(user, [letter(1)])
    dovecot.append(user, [letter(2)], folder="Second")
    dovecot.append(f"other-{user}", [letter(3)])
    boxes = mailbox(dovecot, user, folders=["INBOX", "Second"]), mailbox(dovecot, f"other-{user}", name="other")
    house.start(pollers(house, *boxes))
    house.wait_for(3)
    wait_until(lambda: all(one.last_success for one in house.supervisor.statuses), "all three are done")
    assert [one.name for one in house.supervisor.statuses] == ["imap box INBOX", "imap box Second", "imap other INBOX"]
    assert {one.taken for one in house.supervisor.statuses} == {1}


# The server would let more in; we keep to what we were told, and every folder has its turn all the same.
def test_folders_take_turns_where_there_are_fewer_connections(house: Fetching, dovecot: Dovecot, user: str) -> None:
    names = ["INBOX", "One", "Two", "Three"]
    for number, name in enumerate(names):
        dovecot.append(user, [letter(number)], folder=name)
    house.start(pollers(house, mailbox(dovecot, user, folders=names, max_connections=1)))
    house.wait_for(4, seconds=40)
    dovecot.append(user, [letter(number) for number in range(10, 14)], folder="Three")
    house.wait_for(8, seconds=40)
    connected = dovecot.doveadm("-f", "tab", "who", user).splitlines()[1:]
    assert all(line.split("\t")[1] == "1" for line in connected)


def test_the_header_tells_sender_recipient_and_route(
    house: Fetching, dovecot: Dovecot, user: str, fetch: Fetch
) -> None:
    dovecot.append(user, [letter(1, to="sales@example.com"), letter(2, to="nobody@example.org")])
    fetch(route_by=["Delivered-To"])
    assert house.routes() == ["sales", "support"]
    assert house.envelopes() == [("asa@client.example", ["sales@example.com"]), ("asa@client.example", [user])]


# A bounce has the null reverse-path; a mail that does not say is from its writer.
def test_the_return_path_is_the_sender(house: Fetching, dovecot: Dovecot, user: str, fetch: Fetch) -> None:
    without = letter(1).replace(b"Return-Path: <asa@client.example>\r\n", b"")
    dovecot.append(user, [b"Return-Path: <>\r\n" + without, letter(2).partition(b"\r\n")[2]])
    fetch()
    assert [sender for sender, _ in house.envelopes()] == ["", "asa@client.example"]


@pytest.mark.parametrize("size", [100, 100_000, 1_200_000, 9_500_000])
def test_a_message_of_any_size_comes_whole(
    house: Fetching, dovecot: Dovecot, user: str, fetch: Fetch, size: int
) -> None:
    dovecot.append(user, [letter(1, size)])
    fetch()
    assert house.raw() == [letter(1, size)]


def test_a_message_that_is_too_large_is_left_and_told_of_and_the_next_ones_go_on(
    house: Fetching, dovecot: Dovecot, user: str, fetch: Fetch
) -> None:
    dovecot.append(user, [letter(1), letter(2, 300_000), letter(3)])
    fetch(max_size="200 kB")
    assert house.raw() == [letter(1), letter(3)]
    assert dovecot.flags(user) == {1: (SEEN,), 2: (), 3: (SEEN,)}
    assert house.status().skipped == 1
    [mark] = house.marks().values()
    assert mark.state == "failed"
    assert "more than max_size" in mark.error
    assert mark.at > time.time()


def test_a_message_whose_header_is_too_large_is_left_and_the_next_ones_go_on(
    house: Fetching, dovecot: Dovecot, user: str, fetch: Fetch
) -> None:
    huge = b"X-Huge: " + b"x" * 500 + b"\r\n"
    dovecot.append(user, [huge * 2200 + letter(1), huge * 8000 + letter(2), letter(3)])
    fetch()
    assert house.raw() == [letter(3)]
    assert house.status().skipped == 2


# What was skipped is not given up: once it can be taken it is.
def test_what_was_skipped_is_taken_when_its_time_has_come(
    house: Fetching, dovecot: Dovecot, user: str, fetch: Fetch
) -> None:
    dovecot.append(user, [letter(1, 300_000)])
    fetch(max_size="200 kB")
    [(name, mark)] = house.marks().items()
    house.places.mark("box", "INBOX", [mark._replace(at=0.0)])
    fetch(max_size="1 MB")
    assert house.raw() == [letter(1, 300_000)]
    assert name not in house.marks()
    assert dovecot.flags(user) == {1: (SEEN,)}


# A folder is emptied of what others marked as deleted only when the settings say so.
def test_mail_that_is_gone_before_it_is_fetched_is_no_trouble(
    house: Fetching, dovecot: Dovecot, user: str, fetch: Fetch
) -> None:
    fetch()
    dovecot.append(user, [letter(1)])
    house.places.advance("box", "INBOX", Position(house.position().uidvalidity, 1))  # type: ignore[union-attr]
    house.places.mark("box", "INBOX", [_wanted(house, 1), _wanted(house, 7)])
    fetch()
    assert house.raw() == [letter(1)]
    assert house.marks() == {}
    assert house.status().skipped == 0


def _wanted(house: Fetching, uid: int) -> Any:
    position = house.position()
    assert position is not None
    return Mark(f"{position.uidvalidity}:{uid}", "wanted")


# A mail without Message-ID and Date cannot be told from another, so it is given a name that it keeps.
def test_a_mail_that_has_no_name_is_taken_once_all_the_same(
    house: Fetching, dovecot: Dovecot, user: str, fetch: Fetch
) -> None:
    nameless = b"From: a@example.org\r\nSubject: form\r\n\r\nthe same each time\r\n"
    dovecot.append(user, [nameless, nameless])
    fetch(after="keep")
    assert house.count() == 2
    position = house.position()
    assert position is not None
    house.places.advance("box", "INBOX", position._replace(uid=0))
    fetch(after="keep")
    assert house.count() == 2
    assert house.copies() == 2


@pytest.mark.parametrize("after", ["keep", "seen", "move:Done"])
def test_two_thousand_small_messages_come_once_each(
    house: Fetching, dovecot: Dovecot, user: str, fetch: Fetch, after: str
) -> None:
    dovecot.append(user, [letter(number) for number in range(2_000)])
    fetch(after=after)
    assert house.raw() == [letter(number) for number in range(2_000)]
    assert house.copies() == 0
    assert house.marks() == {}


def test_a_poller_that_waits_stops_within_a_second(house: Fetching, dovecot: Dovecot, user: str, fetch: Fetch) -> None:
    fetch(go_on=True, interval="4 min")
    house.stop(seconds=5)
    dovecot.wait_for_logout(user)
