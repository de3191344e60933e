"""Mail fetched by POP3 from a real Dovecot: nothing lost, nothing twice, nothing deleted that is not ours."""

import hashlib
import socket
import ssl
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from zlib import crc32

import pytest

from gateway.config.pop3 import Pop3
from gateway.log import log
from gateway.sources import pop3_dialog
from gateway.sources.poller import State
from gateway.sources.pop3 import Pop3Poller
from tests.fetching import ROUTES, Fetching, fetching, letter
from tests.servers.certificate import Certificate
from tests.servers.dovecot_pop3 import Pop3Dovecot, mailbox
from tests.servers.program import wait_until
from tests.servers.proxy import Proxy, proxy


@pytest.fixture(scope="module")
def server(certificate: Certificate) -> Iterator[Pop3Dovecot]:
    """One for all tests here; each has users of its own."""
    running = Pop3Dovecot(certificate)
    yield running.start()
    running.stop()


@pytest.fixture
def house(tmp_path: Path) -> Iterator[Fetching]:
    with fetching(tmp_path) as running:
        yield running


@pytest.fixture
def user(request: pytest.FixtureRequest) -> str:
    """A user of the test's own."""
    return f"user-{crc32(request.node.name.encode())}@example.net"


@pytest.fixture
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """What failed is tried again without a wait."""
    monkeypatch.setattr("gateway.sources.pop3_ledger._FIRST_WAIT", 0.01)


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str]]:
    """What was logged of messages that were left where they are."""
    said: list[tuple[str, str]] = []
    monkeypatch.setattr(log, "skipped", lambda _poller, what, reason: said.append((what, reason)))
    return said


class DeafToQuit(Proxy):
    """Cuts the line when the client says QUIT: nothing that it deleted is."""

    def _pump(self, source: socket.socket, target: socket.socket) -> None:
        with self._ending(source, target):
            while data := source.recv(65536):
                if b"QUIT" in data:
                    self.cut()
                    return
                target.sendall(data)


def start(house: Fetching, box: Pop3) -> None:
    house.start([Pop3Poller(box, house.places, ROUTES.get)])


def left(server: Pop3Dovecot, user: str) -> int:
    """How many messages are on the server."""
    return len(server.raw_mails(user))


def marks(house: Fetching) -> dict[str, Any]:
    return house.marks("pop3:box", "")


def ends(house: Fetching, server: Pop3Dovecot, box: Pop3, remaining: int) -> None:
    """Run until so many messages remain on the server."""
    start(house, box)
    wait_until(lambda: left(server, box.user) == remaining, f"{remaining} messages on the server")
    house.wait_for_rest()
    house.stop()


def test_messages_come_as_they_are_and_are_deleted(house: Fetching, server: Pop3Dovecot, user: str) -> None:
    dots = letter(3) + b"\r\n.\r\n..\r\n.end\r\n" + b"x" * 300_000 + b"\r\n"
    sent = [letter(1), letter(2, 400_000), dots, letter(4)]
    server.append(user, sent)
    ends(house, server, mailbox(server, user), 0)
    assert sorted(house.raw()) == sorted(sent)
    assert marks(house) == {}


# The header says whose mail it is; the route of the settings takes the rest.
def test_the_header_leads_to_a_route(house: Fetching, server: Pop3Dovecot, user: str) -> None:
    server.append(user, [letter(1, to="sales@example.com"), letter(2, 300_000, to="nobody@example.com")])
    ends(house, server, mailbox(server, user, route_by=["Delivered-To"]), 0)
    assert sorted(house.routes()) == ["sales", "support"]
    assert ("asa@client.example", ["sales@example.com"]) in house.envelopes()


def test_a_second_run_takes_nothing_that_was_left(house: Fetching, server: Pop3Dovecot, user: str) -> None:
    server.append(user, [letter(number) for number in range(5)])
    box = mailbox(server, user, leave="keep")
    for _ in range(2):
        ends(house, server, box, 5)
    assert (house.count(), house.copies(), len(marks(house))) == (5, 0, 5)


def test_a_message_is_left_for_as_long_as_the_settings_say(house: Fetching, server: Pop3Dovecot, user: str) -> None:
    server.append(user, [letter(1), letter(2)])
    ends(house, server, mailbox(server, user, leave="1 h"), 2)
    old, new = marks(house).values()
    house.places.mark("pop3:box", "", [old._replace(at=old.at - 3600)])
    ends(house, server, mailbox(server, user, leave="1 h"), 1)
    assert list(marks(house)) == [new.uid]
    assert (house.count(), house.copies()) == (2, 0)


def test_what_somebody_else_deleted_is_forgotten(house: Fetching, server: Pop3Dovecot, user: str) -> None:
    server.append(user, [letter(1), letter(2)])
    box = mailbox(server, user, leave="keep")
    ends(house, server, box, 2)
    with server.client(user, "INBOX") as client:
        client.delete_messages([client.search()[0]])
        client.expunge()
    ends(house, server, box, 1)
    assert len(marks(house)) == 1


# -- the line, and who is at its other end


@pytest.mark.parametrize(
    ("security", "port", "trust"),
    [
        ("tls", "pop3s_port", lambda one: {"ca": str(one.certificate)}),
        ("starttls", "pop3_port", lambda one: {"ca": str(one.certificate)}),
        ("tls", "pop3s_port", lambda one: {"pin": fingerprint(one)}),
    ],
)
def test_the_line_is_encrypted(
    house: Fetching,
    server: Pop3Dovecot,
    certificate: Certificate,
    user: str,
    security: str,
    port: str,
    trust: Callable[[Certificate], dict[str, str]],
) -> None:
    server.append(user, [letter(1)])
    box = mailbox(server, user, security=security, port=getattr(server, port), **trust(certificate))
    ends(house, server, box, 0)
    assert house.count() == 1
    assert "TLS" in next(line for line in server.said().splitlines()[::-1] if f"<{user}>" in line and "pop3" in line)


@pytest.mark.parametrize(
    ("trust", "reason"), [({}, "CERTIFICATE_VERIFY_FAILED"), ({"pin": "0" * 64}, "not the pinned one")]
)
def test_no_password_goes_to_a_stranger(
    house: Fetching, server: Pop3Dovecot, user: str, trust: dict[str, str], reason: str
) -> None:
    server.append(user, [letter(1)])
    start(house, mailbox(server, user, security="starttls", **trust))
    house.wait_until(lambda status: status.state is State.FAILING, "failing")
    assert reason in house.status().error
    house.stop()
    assert house.count() == 0


def test_a_wrong_password_is_told_as_such(house: Fetching, server: Pop3Dovecot, user: str, tmp_path: Path) -> None:
    (tmp_path / "wrong").write_text("wrong")
    start(house, mailbox(server, user, password=f"file:{tmp_path / 'wrong'}"))
    house.wait_until(lambda status: status.state is State.REFUSED, "refused")
    assert house.status().error == "[AUTH] Authentication failed."
    house.stop()


def test_another_client_in_the_mailbox_is_waited_for(house: Fetching, tmp_path: Path, user: str) -> None:
    server = Pop3Dovecot(more="protocol pop3 {\n  mail_max_userip_connections = 1\n}\n").start()
    try:
        server.append(user, [letter(1)])
        with socket.create_connection(("127.0.0.1", server.pop3_port), 10) as other:
            said = other.makefile("rwb")
            for command in (f"USER {user}", "PASS correct-horse", "STAT"):
                said.readline()
                said.write(f"{command}\r\n".encode())
                said.flush()
            said.readline()
            start(house, mailbox(server, user))
            house.wait_until(lambda status: "[IN-USE]" in status.error, "turned away")
            assert house.status().state is State.FAILING
            said.close()
        house.wait_for(1)
        house.stop()
    finally:
        server.stop()


# -- the line breaks


@pytest.mark.usefixtures("at_once")
def test_a_line_that_is_cut_in_a_message_costs_nothing(house: Fetching, server: Pop3Dovecot, user: str) -> None:
    sent = [letter(number, 20_000) for number in range(30)]
    server.append(user, sent)
    with proxy(server.pop3_port) as line:
        line.cut_at = 300_000
        ends(house, server, mailbox(server, user, port=line.port), 0)
        assert line.connections > 1
    assert sorted(house.raw()) == sorted(sent)


# What was taken is remembered: it is not fetched again, only deleted.
def test_a_line_that_is_cut_before_quit_deletes_nothing(house: Fetching, server: Pop3Dovecot, user: str) -> None:
    server.append(user, [letter(number) for number in range(5)])
    line = DeafToQuit(server.pop3_port)
    try:
        start(house, mailbox(server, user, port=line.port))
        house.wait_until(lambda status: status.error, "told of")
        house.stop()
    finally:
        line.close()
    assert (house.count(), left(server, user)) == (5, 5)
    ends(house, server, mailbox(server, user), 0)
    assert (house.count(), house.copies(), marks(house)) == (5, 0, {})


def test_a_silent_server_is_left(house: Fetching, server: Pop3Dovecot, user: str) -> None:
    server.append(user, [letter(1)])
    with proxy(server.pop3_port) as line:
        line.forwards = False
        start(house, mailbox(server, user, port=line.port, timeout="1 s"))
        house.wait_until(lambda status: "silent" in status.error, "told of")
        line.forwards = True
        house.wait_for(1)
        house.stop()


def test_it_stops_in_the_middle_of_a_large_message(house: Fetching, server: Pop3Dovecot, user: str) -> None:
    server.append(user, [letter(1, 5_000_000)])
    with proxy(server.pop3_port) as line:
        line.pause = 0.01
        start(house, mailbox(server, user, port=line.port))
        wait_until(lambda: line.from_server > 400_000, "half of it")
        house.stop(3)
    assert (house.count(), left(server, user)) == (0, 1)
    ends(house, server, mailbox(server, user), 0)
    assert house.count() == 1


# -- one message is not as the others


@pytest.mark.usefixtures("at_once")
def test_a_message_that_cannot_be_fetched_lets_the_others_pass(
    house: Fetching, server: Pop3Dovecot, user: str, told: list[tuple[str, str]]
) -> None:
    server.append(user, [letter(number) for number in range(7)])
    broken = sorted(server.maildir(user).glob("[nc][eu][wr]/*"))[3]
    broken.chmod(0)
    start(house, mailbox(server, user))
    house.wait_for(6)
    wait_until(lambda: told, "told of")
    assert len(told) == 1
    next(server.maildir(user).glob(f"cur/{broken.name.partition(',')[0]}*")).chmod(0o644)
    house.places.unmark("pop3:box", "", list(marks(house)))
    house.stop()
    ends(house, server, mailbox(server, user), 0)
    assert (house.count(), house.copies()) == (7, 0)


def test_a_message_that_is_too_large_stays_and_is_told_of_once(
    house: Fetching, server: Pop3Dovecot, user: str, told: list[tuple[str, str]]
) -> None:
    server.append(user, [letter(1, 50_000), letter(2)])
    for _ in range(2):
        ends(house, server, mailbox(server, user, max_size="10 kB"), 1)
    assert [reason.split(",")[-1] for _, reason in told] == [" more than max_size (10000)"]
    ends(house, server, mailbox(server, user, max_size="1 MB"), 0)
    assert house.count() == 2


# The bounds: a message has lines of any length, and is streamed; a listing is long.
def test_a_line_of_ten_megabytes_is_a_line(house: Fetching, server: Pop3Dovecot, user: str) -> None:
    sent = letter(1) + b"x" * 10_000_000 + b"\r\n"
    server.append(user, [sent])
    ends(house, server, mailbox(server, user), 0)
    assert house.raw() == [sent]


def test_without_pipelining_messages_come_one_by_one(
    house: Fetching, server: Pop3Dovecot, user: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pop3_dialog.Dialog, "pipelines", False)
    server.append(user, [letter(number) for number in range(12)])
    ends(house, server, mailbox(server, user), 0)
    assert house.count() == 12


def fingerprint(certificate: Certificate) -> str:
    """The pin of a certificate, with colons as openssl writes it."""
    der = ssl.PEM_cert_to_DER_cert(certificate.certificate.read_text())
    digest = hashlib.sha256(der).hexdigest().upper()
    return ":".join(digest[at : at + 2] for at in range(0, 64, 2))
