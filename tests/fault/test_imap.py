"""Fetching by IMAP while things break: the real Dovecot is stopped, cut off, renumbered; we are killed."""

import random
import time
from collections import Counter
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from gateway.sources import supervisor
from gateway.sources.poller import State
from tests.fault.table import Table
from tests.fetching import Fetching, fetching, letter, mailbox, pollers
from tests.servers.dovecot import PASSWORD, Dovecot
from tests.servers.program import wait_until
from tests.servers.proxy import Proxy, proxy

SEEN = b"\\Seen"
USER = "box@example.net"
ROUNDS = 10
MAILS = 25  # come between two kills
ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def _short_rests(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is waited after a failure is tested elsewhere."""
    monkeypatch.setattr(supervisor, "FIRST_REST", 0.2)
    monkeypatch.setattr(supervisor, "DENIED_REST", 0.5)


@pytest.fixture
def house(tmp_path: Path) -> Iterator[Fetching]:
    with fetching(tmp_path) as running:
        yield running


@pytest.fixture
def dovecot() -> Iterator[Dovecot]:
    server = Dovecot()
    yield server.start()
    server.stop()


@pytest.fixture
def between(dovecot: Dovecot) -> Iterator[Proxy]:
    """What is between us and Dovecot."""
    with proxy(dovecot.imap_port) as running:
        yield running


def start(house: Fetching, server: Dovecot, **settings: Any) -> None:
    house.start(pollers(house, mailbox(server, USER, **({"timeout": "2 s"} | settings))))


def works(house: Fetching) -> None:
    house.wait_until(lambda status: status.state is State.WORKING, "it works")


def each_once(house: Fetching, mails: list[bytes]) -> bool:
    """Whether every mail is there, and none twice."""
    return Counter(house.raw()) == Counter(mails)


# The server ends in the middle of what it says: nothing of a half message is taken, and all of it later.
def test_a_server_that_is_stopped_in_the_middle_of_a_fetch(
    house: Fetching, dovecot: Dovecot, between: Proxy, faults: Table
) -> None:
    mails = [letter(number, 40_000) for number in range(100)]
    dovecot.append(USER, mails)
    between.pause, between.piece = 0.002, 16_000
    start(house, dovecot, port=between.port)
    wait_until(lambda: between.from_server > 1_000_000, "some of it has come")
    dovecot.kill()
    house.wait_until(lambda status: status.state is State.FAILING, "it is told of")
    between.pause = 0.0
    dovecot.start()
    house.wait_for(100)
    works(house)
    assert each_once(house, mails)
    faults.row("IMAP server stopped in the middle of a FETCH", accepted=100, errands=house.count())


# A cut at every place: before the first byte of a message, in it, after it.
@pytest.mark.parametrize("seed", range(3))
def test_a_connection_that_is_cut_again_and_again(house: Fetching, dovecot: Dovecot, between: Proxy, seed: int) -> None:
    moment = random.Random(seed)
    mails = [letter(number, moment.choice([500, 20_000, 1_500_000])) for number in range(60)]
    dovecot.append(USER, mails)
    start(house, dovecot, port=between.port, after="move:Done")
    for _ in range(12):
        between.cut_at = between.from_server + moment.randrange(2_000, 3_000_000)
        wait_until(lambda: between.cut_at is None or house.count() == 60, "it is cut", 60)
    between.cut_at = None
    house.wait_for(60, seconds=60)
    wait_until(lambda: len(dovecot.flags(USER, "Done")) == 60, "all are moved", 30)
    assert each_once(house, mails)


# Bytes that go nowhere: no end, no reset, nothing. The time limit is what finds it out.
def test_a_network_that_swallows_bytes(house: Fetching, dovecot: Dovecot, between: Proxy, faults: Table) -> None:
    mails = [letter(number, 40_000) for number in range(60)]
    dovecot.append(USER, mails)
    between.pause, between.piece = 0.002, 16_000
    start(house, dovecot, port=between.port)
    wait_until(lambda: between.from_server > 600_000, "some of it has come")
    between.forwards = False
    house.wait_until(lambda status: status.state is State.FAILING, "it is told of", 20)
    assert "silent" in house.status().error
    between.forwards, between.pause = True, 0.0
    house.wait_for(60)
    works(house)
    assert each_once(house, mails)
    faults.row("IMAP network that swallows bytes", accepted=60, errands=house.count())


# A server that sends byte by byte is never silent, and all the same it does not hold us for ever.
def test_a_server_that_trickles(house: Fetching, dovecot: Dovecot, between: Proxy) -> None:
    dovecot.append(USER, [letter(1)])
    between.pause, between.piece = 0.9, 1
    start(house, dovecot, port=between.port, timeout="1 s")
    house.wait_until(lambda status: status.state is State.FAILING, "it is told of", 20)
    assert "slowly" in house.status().error
    between.pause, between.piece = 0.0, 4096
    house.wait_for(1)


# An IDLE that looks alive and is dead: found at the next renewal, and mail comes again.
def test_an_idle_connection_that_is_cut_without_a_fin(
    house: Fetching, dovecot: Dovecot, between: Proxy, faults: Table
) -> None:
    start(house, dovecot, port=between.port)
    works(house)
    house.wait_for_rest()
    between.forwards = False
    dovecot.append(USER, [letter(1)])
    house.wait_until(lambda status: status.state is State.FAILING, "it is found out", 20)
    between.forwards = True
    house.wait_for(1)
    faults.row("IMAP IDLE cut without a FIN", accepted=1, errands=house.count())


def test_a_message_that_cannot_be_fetched_in_the_middle_of_fifty(
    house: Fetching, dovecot: Dovecot, faults: Table
) -> None:
    mails = [letter(number) for number in range(50)]
    dovecot.append(USER, mails)
    dovecot.wait_for_logout(USER)
    broken = _file(dovecot, 24)
    broken.chmod(0)
    start(house, dovecot)
    house.wait_for(49)
    wait_until(lambda: [mark.state for mark in house.marks().values()] == ["failed"], "it is marked")
    dovecot.append(USER, [letter(50)])
    house.wait_for(50)
    assert sorted(dovecot.flags(USER).values()) == [(), *[(SEEN,)] * 50]
    assert each_once(house, [*mails[:24], *mails[25:], letter(50)])
    _file(dovecot, 24).chmod(0o600)
    house.wait_for(51, seconds=60)
    wait_until(lambda: set(dovecot.flags(USER).values()) == {(SEEN,)}, "it is marked as read")
    assert house.marks() == {}
    faults.row("IMAP message that cannot be fetched", accepted=51, errands=house.count())


def _file(server: Dovecot, number: int) -> Path:
    """Where Dovecot has a letter."""
    stored = letter(number).replace(b"\r\n", b"\n")
    files = (file for file in server.maildir(USER).glob("*/*") if file.is_file())
    [found] = [file for file in files if file.read_bytes() == stored]
    return found


def _tried(house: Fetching, tries: int) -> bool:
    return [mark.tries for mark in house.marks().values()] == [tries]


# Told of once it has failed three times, and the waits grow.
def test_a_message_that_stays_broken_is_told_of_once(house: Fetching, dovecot: Dovecot) -> None:
    dovecot.append(USER, [letter(0)])
    dovecot.wait_for_logout(USER)
    broken = _file(dovecot, 0)
    broken.chmod(0)
    start(house, dovecot)
    for tries in range(1, 5):
        wait_until(partial(_tried, house, tries), f"it was tried {tries} times", 30)
        house.stop()
        [mark] = house.marks().values()
        assert mark.at - time.time() > 4 * 6 ** (tries - 1) - 10
        house.places.mark("box", "INBOX", [mark._replace(at=0.0)])
        skipped = house.status().skipped
        assert skipped == (1 if tries == 3 else 0)
        start(house, dovecot)


def test_a_password_that_was_changed_is_told_of_and_tried_slowly(
    house: Fetching, dovecot: Dovecot, faults: Table
) -> None:
    dovecot.append(USER, [letter(1)])
    start(house, dovecot)
    house.wait_for(1)
    works(house)
    dovecot.configure(password="another")
    dovecot.reload()
    house.wait_until(lambda status: status.state is State.REFUSED, "it is refused")
    assert "Authentication failed" in house.status().error
    before = dovecot.said().count("auth failed")
    time.sleep(1.2)
    assert dovecot.said().count("auth failed") - before <= 3
    dovecot.configure(password=PASSWORD)
    dovecot.reload()
    dovecot.append(USER, [letter(2)])
    house.wait_for(2)
    faults.row("IMAP password changed", accepted=2, errands=house.count())


# The server says how many are too many; ours take turns then, and every folder gets its mail.
def test_a_connection_limit_that_is_reached(house: Fetching, dovecot: Dovecot, faults: Table) -> None:
    names = ["INBOX", "One", "Two", "Three"]
    for number, name in enumerate(names):
        dovecot.append(USER, [letter(number)], folder=name)
    dovecot.configure("mail_max_userip_connections = 2")
    dovecot.reload()
    start(house, dovecot, folders=names)
    house.wait_for(4, seconds=60)
    assert each_once(house, [letter(number) for number in range(4)])
    assert not any(one.state is State.REFUSED for one in house.supervisor.statuses)
    faults.row("IMAP connection limit reached", accepted=4, errands=house.count())


def test_uidvalidity_that_changes_while_mail_comes(house: Fetching, dovecot: Dovecot, faults: Table) -> None:
    mails = [letter(number) for number in range(30)]
    dovecot.append(USER, mails[:20])
    start(house, dovecot)
    house.wait_for(20)
    works(house)
    dovecot.kill()
    position = house.position()
    assert position is not None
    wait_until(lambda: time.time() > position.uidvalidity + 1, "it would be another: it is made from the time")
    for file in dovecot.maildir(USER).glob("dovecot*"):
        file.unlink()
    dovecot.start()
    dovecot.append(USER, mails[20:])
    house.wait_for(30)
    wait_until(lambda: set(dovecot.flags(USER).values()) == {(SEEN,)}, "all are marked as read")
    assert each_once(house, mails)
    faults.row("IMAP UIDVALIDITY changed", accepted=30, errands=house.count(), repeats=house.copies())


# It is not the messages' fault: none is skipped, none marked, and all come once there is room.
def test_a_spool_that_is_full_skips_nothing(house: Fetching, dovecot: Dovecot, faults: Table) -> None:
    mails = [letter(number, 1_500_000 if number == 7 else 0) for number in range(30)]
    dovecot.append(USER, mails)
    house.spool.acceptor.room.full = "the spool holds too much"
    start(house, dovecot)
    house.wait_until(lambda status: status.state is State.FAILING, "it is told of")
    assert house.status().error == "the spool holds too much"
    assert {(mark.state, mark.tries) for mark in house.marks().values()} == {("wanted", 0)}
    assert set(dovecot.flags(USER).values()) == {()}
    house.spool.acceptor.room.full = ""
    house.wait_for(30)
    works(house)
    assert each_once(house, mails)
    assert house.status().skipped == 0
    faults.row("IMAP while the spool is full", accepted=30, errands=house.count())
