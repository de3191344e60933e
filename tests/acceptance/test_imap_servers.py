"""Servers as they are: with TLS of their own making, without what newer ones have, and with what they do over time."""

import hashlib
import ssl
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from gateway.model import Mark
from gateway.sources.poller import State
from tests.fetching import Fetching, fetching, letter, mailbox, pollers
from tests.servers.certificate import Certificate
from tests.servers.dovecot import Dovecot
from tests.servers.program import wait_until

SEEN, DELETED = b"\\Seen", b"\\Deleted"
OLD = "imap_capability = IMAP4rev1 LITERAL+ NAMESPACE"
USER = "old@example.net"


@pytest.fixture
def house(tmp_path: Path) -> Iterator[Fetching]:
    with fetching(tmp_path) as running:
        yield running


@pytest.fixture(scope="module")
def tls_dovecot(certificate: Certificate) -> Iterator[Dovecot]:
    server = Dovecot(certificate)
    yield server.start()
    server.stop()


@pytest.fixture
def own_dovecot() -> Iterator[Dovecot]:
    """One that the test may do anything to."""
    server = Dovecot()
    yield server.start()
    server.stop()


def old(server: Dovecot, capability: str = OLD) -> Dovecot:
    """Take from a server what newer ones have."""
    server.configure(capability)
    server.reload()
    return server


def fetch(house: Fetching, server: Dovecot, user: str = USER, **settings: Any) -> None:
    """Fetch all that there is, and stop."""
    house.start(pollers(house, mailbox(server, user, **settings)))
    house.wait_until(lambda status: status.last_success, "all is taken")
    house.stop()


def fingerprint(certificate: Certificate) -> str:
    der = ssl.PEM_cert_to_DER_cert(certificate.certificate.read_text())
    return hashlib.sha256(der).hexdigest()


# -- TLS


@pytest.mark.parametrize("security", ["tls", "starttls"])
@pytest.mark.parametrize("trust", ["ca", "pin"])
def test_tls_is_trusted_by_an_authority_of_ones_own_or_by_a_pin(
    house: Fetching, tls_dovecot: Dovecot, certificate: Certificate, security: str, trust: str
) -> None:
    user = f"{security}-{trust}@example.net"
    tls_dovecot.append(user, [letter(1)])
    port = tls_dovecot.imaps_port if security == "tls" else tls_dovecot.imap_port
    how = {"ca": str(certificate.certificate)} if trust == "ca" else {"pin": fingerprint(certificate)}
    fetch(house, tls_dovecot, user, security=security, port=port, host="localhost", **how)
    assert house.raw() == [letter(1)]
    assert "TLS" in tls_dovecot.said().rpartition(f"user=<{user}>, method=PLAIN")[2].partition("\n")[0]


# Nothing is sent, and no password, to a server that is not the one that was meant.
@pytest.mark.parametrize("security", ["tls", "starttls"])
@pytest.mark.parametrize("trust", ["public", "pin"])
def test_a_server_with_another_certificate_is_not_talked_to(
    house: Fetching, tls_dovecot: Dovecot, security: str, trust: str
) -> None:
    port = tls_dovecot.imaps_port if security == "tls" else tls_dovecot.imap_port
    how = {"pin": "ab" * 32} if trust == "pin" else {}
    user = f"never-{security}-{trust}@example.net"
    house.start(pollers(house, mailbox(tls_dovecot, user, security=security, port=port, host="localhost", **how)))
    house.wait_until(lambda status: status.state is State.FAILING, "it fails")
    assert "certificate" in house.status().error
    assert user not in tls_dovecot.said()


def test_a_server_without_starttls_gets_no_password(house: Fetching, own_dovecot: Dovecot) -> None:
    house.start(pollers(house, mailbox(own_dovecot, USER, security="starttls", host="localhost")))
    house.wait_until(lambda status: status.state is State.FAILING, "it fails")
    assert "TLS" in house.status().error
    assert USER not in own_dovecot.said()


# -- what older servers do not have


@pytest.mark.parametrize(
    ("capability", "left"),
    [(OLD, {1: (DELETED,)}), (f"{OLD} UIDPLUS", {}), (f"{OLD} MOVE", {})],
    ids=["neither", "uidplus", "move"],
)
def test_mail_is_moved_on_servers_without_move_or_uidplus(
    house: Fetching, own_dovecot: Dovecot, capability: str, left: dict[int, tuple[bytes, ...]]
) -> None:
    old(own_dovecot, capability).append(USER, [letter(1)])
    fetch(house, own_dovecot, after="move:Done")
    assert own_dovecot.flags(USER) == left
    assert len(own_dovecot.flags(USER, "Done")) == 1
    fetch(house, own_dovecot, after="move:Done")
    assert house.count() == 1
    assert house.copies() == 0
    assert len(own_dovecot.flags(USER, "Done")) == 1


# Without UIDPLUS, EXPUNGE takes with it what other people marked: that is done only where they have said so.
@pytest.mark.parametrize(("expunge_all", "left"), [(False, {1: (DELETED,), 2: (DELETED,)}), (True, {})])
def test_others_messages_are_removed_only_where_the_settings_say_so(
    house: Fetching, own_dovecot: Dovecot, *, expunge_all: bool, left: dict[int, tuple[bytes, ...]]
) -> None:
    fetch(house, own_dovecot, after="delete", since="now")
    old(own_dovecot).append(USER, [letter(1), letter(2)])
    position = house.position()
    assert position is not None
    house.places.advance("box", "INBOX", position._replace(uid=1))
    with own_dovecot.client(USER, "INBOX") as client:
        client.add_flags([1], [DELETED])
    fetch(house, own_dovecot, after="delete", expunge_all=expunge_all)
    assert house.raw() == [letter(2)]
    assert own_dovecot.flags(USER) == left


def test_new_mail_is_found_on_a_server_without_idle(house: Fetching, own_dovecot: Dovecot) -> None:
    house.start(pollers(house, mailbox(old(own_dovecot), USER)))
    house.wait_until(lambda status: status.last_success, "it works")
    own_dovecot.append(USER, [letter(1)])
    house.wait_for(1)


# A server that puts all folders under INBOX, as Courier does: people need not know.
def test_folders_are_found_in_the_personal_namespace(house: Fetching, own_dovecot: Dovecot) -> None:
    own_dovecot.configure("namespace inbox {\n  inbox = yes\n  prefix = INBOX.\n  separator = .\n}")
    own_dovecot.reload()
    own_dovecot.append(USER, [letter(1)], folder="INBOX.Work.In")
    fetch(house, own_dovecot, folders=["Work/In"], after="move:Work/Klär")
    assert house.raw() == [letter(1)]
    assert len(own_dovecot.flags(USER, "INBOX.Work.Klär")) == 1


# -- UIDVALIDITY


def renumber(house: Fetching, server: Dovecot, user: str = USER) -> None:
    """Give the INBOX another UIDVALIDITY and its messages other UIDs, as a server does that lost its index."""
    server.wait_for_logout(user)
    before = house.position()
    assert before is not None
    wait_until(lambda: time.time() > before.uidvalidity + 1, "it would be another: it is made from the time")
    for name in ("dovecot-uidlist", "dovecot.index", "dovecot.index.log", "dovecot.index.cache", "dovecot-uidvalidity"):
        (server.maildir(user) / name).unlink(missing_ok=True)
    for file in server.maildir(user).glob("dovecot-uidvalidity.*"):
        file.unlink()


def test_another_uidvalidity_imports_nothing_again(house: Fetching, own_dovecot: Dovecot) -> None:
    own_dovecot.append(USER, [letter(1), letter(2)], flags=[SEEN], msg_time=datetime.now(UTC) - timedelta(hours=3))
    own_dovecot.append(USER, [letter(3), letter(4)])
    fetch(house, own_dovecot)
    before = house.position()
    renumber(house, own_dovecot)
    own_dovecot.append(USER, [letter(5)])
    fetch(house, own_dovecot)
    after = house.position()
    assert before is not None
    assert after is not None
    assert before.uidvalidity != after.uidvalidity
    assert house.raw() == [letter(3), letter(4), letter(5)]
    assert house.marks() == {}


# What was still to be done, or was skipped, is not forgotten with the numbers that it had.
def test_another_uidvalidity_forgets_nothing_that_was_still_to_be_taken(house: Fetching, own_dovecot: Dovecot) -> None:
    own_dovecot.append(USER, [letter(1, 300_000)], msg_time=datetime.now(UTC) - timedelta(hours=3))
    fetch(house, own_dovecot, max_size="200 kB")
    assert house.count() == 0
    renumber(house, own_dovecot)
    fetch(house, own_dovecot)
    assert house.raw() == [letter(1, 300_000)]


# -- when what comes afterwards does not work


def test_a_message_that_cannot_be_moved_is_not_taken_twice_and_moved_later(
    house: Fetching, own_dovecot: Dovecot
) -> None:
    own_dovecot.append(USER, [letter(0)], folder="Done")
    own_dovecot.append(USER, [letter(1), letter(2)])
    own_dovecot.wait_for_logout(USER)
    target = own_dovecot.maildir(USER, "Done")
    target.chmod(0)
    house.start(pollers(house, mailbox(own_dovecot, USER, after="move:Done")))
    try:
        house.wait_until(lambda status: status.error, "it says that it cannot be moved")
        assert house.status().state is State.WORKING
        assert "MOVE" in house.status().error
        own_dovecot.append(USER, [letter(3)])
        house.wait_for(3)
    finally:
        target.chmod(0o700)
    wait_until(lambda: len(own_dovecot.flags(USER, "Done")) == 4, "they are moved", 60)
    house.wait_until(lambda status: not status.error, "nothing is wrong any more")
    assert house.raw() == [letter(1), letter(2), letter(3)]
    assert house.copies() == 0
    assert house.marks() == {}


# As after a crash between the commit and the flag: what is marked as ours gets its flag, and is not fetched again.
def test_what_was_taken_before_a_crash_is_finished_and_not_taken_again(house: Fetching, own_dovecot: Dovecot) -> None:
    own_dovecot.append(USER, [letter(1), letter(2)])
    fetch(house, own_dovecot, after="keep", since="all")
    position = house.position()
    assert position is not None
    house.places.mark("box", "INBOX", [Mark(f"{position.uidvalidity}:{uid}", "taken") for uid in (1, 2)])
    fetch(house, own_dovecot, after="seen")
    assert own_dovecot.flags(USER) == {1: (SEEN,), 2: (SEEN,)}
    assert house.copies() == 0
    assert house.marks() == {}
