"""Handed over by LMTP from a real Postfix: over a Unix socket and over TCP, with a result for each recipient."""

import re
import shutil
import smtplib
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.acceptance.conftest import SUPPORT, Build, House, message
from tests.conversation import LmtpTalk
from tests.fault.processes import Kind, kill, processes
from tests.servers.clients import swaks
from tests.servers.dovecot import PASSWORD, Dovecot
from tests.servers.postfix import Postfix, hands_over
from tests.servers.program import free_port, needs_root, wait_until

URGENT, UNKNOWN = "support+urgent@example.com", "nobody@example.com"
MAIL = f"Message-ID: <1@client.example>\r\nFrom: asa@example.net\r\nTo: {SUPPORT}\r\n\r\nhello\r\n"


@pytest.fixture
def place() -> Iterator[Path]:
    """Where the socket is: a folder that Postfix's user can look into."""
    folder = Path(tempfile.mkdtemp(prefix="lmtp-"))
    folder.chmod(0o755)
    yield folder / "lmtp"
    shutil.rmtree(folder)


@pytest.fixture
def house(build: Build, place: Path) -> House:
    """A house with a Unix socket for Postfix's group, and a port."""
    needs_root()
    port = free_port()
    lmtp = {"listen": [f"unix:{place}", f"127.0.0.1:{port}"], "mode": "0660", "group": "postfix"}
    return build({"smtp": {"listen": [], "processes": 2}, "lmtp": lmtp})


@pytest.fixture
def postfix(house: House, place: Path) -> Iterator[Postfix]:
    server = hands_over("example.com", f"lmtp:unix:{place}")
    yield server.start()
    server.stop()


def status(log: str, recipient: str) -> str:
    """What became of a mail to a recipient, by Postfix's log: sent, bounced, deferred, and what was answered."""
    found = re.findall(rf"to=<{re.escape(recipient)}>.* status=(.*)", log)
    return found[-1] if found else ""


# One mail, one transaction, two results: the good recipient's mail is taken, the unknown one's is bounced.
def test_postfix_hears_of_each_recipient_what_became_of_it(house: House, postfix: Postfix) -> None:
    hand_over(postfix)
    inet = house.gateway.settings["lmtp"]["listen"][1]
    postfix.set_table("transport", [f"example.com lmtp:inet:{inet}"])
    hand_over(postfix)
    house.gateway.wait_until_idle()
    assert [message(errand)["from"] for errand in house.simulator.errands()] == ["asa@example.net"] * 2


def hand_over(postfix: Postfix) -> None:
    before = len(postfix.log())
    swaks(postfix.port, sender="asa@example.net", to=f"{SUPPORT},{UNKNOWN},{URGENT}")
    wait_until(lambda: status(postfix.log()[before:], UNKNOWN) and postfix.queue_is_empty(), "Postfix is done")
    log = postfix.log()[before:]
    taken = [status(log, one) for one in (SUPPORT, URGENT)]
    assert all(one.startswith("sent (250 2.0.0 OK: queued as ") for one in taken), taken
    refused = status(log, UNKNOWN)
    assert refused.startswith("bounced (")
    assert "550 5.1.1 No such recipient here" in refused


# A process that is killed takes the socket with it as little as the gateway that is; only its end in order does. What a
# gateway that is down may cost is time.
def test_what_is_killed_leaves_the_socket_and_postfix_keeps_the_mail_meanwhile(
    house: House, postfix: Postfix, place: Path
) -> None:
    for pid in processes(house.gateway)[Kind.ACCEPTING]:
        kill(pid)
    with LmtpTalk(place) as talk:
        talk.greets().begins(SUPPORT).says(b"Subject: after the kill\r\n\r\n.\r\n").hears("250 2.0.0")
    house.gateway.kill()
    assert place.is_socket()
    swaks(postfix.port, sender="asa@example.net", to=SUPPORT)
    wait_until(lambda: status(postfix.log(), SUPPORT).startswith("deferred"), "Postfix finds nobody")
    house.gateway.start()
    house.simulator.wait_for_errands(2)
    assert house.gateway.terminate() == 0
    assert not place.exists()


# Dovecot's own LMTP may stand before us, as a proxy: its answers are ours, one for each recipient.
def test_dovecot_hands_over_as_a_proxy(house: House) -> None:
    port = house.gateway.settings["lmtp"]["listen"][1].rpartition(":")[2]
    server = Dovecot()
    server.configure("lmtp_proxy = yes", f"{PASSWORD} proxy=y host=127.0.0.1 port={port} protocol=lmtp")
    server.start()
    try:
        with smtplib.LMTP("127.0.0.1", server.lmtp_port) as client:
            refused = client.sendmail("asa@example.net", [SUPPORT, UNKNOWN], MAIL)
    finally:
        server.stop()
    assert {recipient: code for recipient, (code, _) in refused.items()} == {UNKNOWN: 550}
    house.simulator.wait_for_errands(1)
