"""Mail taken from a Maildir into which a real Dovecot delivers."""

import smtplib
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.config.maildir import Maildir
from gateway.sources.maildir import MaildirPoller
from tests.fetching import ROUTES, Fetching, fetching, letter
from tests.servers.dovecot import Dovecot

USER = "maildir@example.net"


@pytest.fixture
def house(tmp_path: Path) -> Iterator[Fetching]:
    with fetching(tmp_path) as running:
        yield running


def test_what_dovecot_delivers_is_taken_in_its_order(house: Fetching, dovecot: Dovecot) -> None:
    sent = [letter(number, 400_000 if number == 3 else 0) for number in range(20)]
    folder = dovecot.maildir(USER)
    section = Maildir(name="box", path=folder, route="support")
    with smtplib.LMTP("127.0.0.1", dovecot.lmtp_port, timeout=10) as client:
        client.sendmail("asa@client.example", [USER], sent[0])
        house.start([MaildirPoller(section, ROUTES.get)])
        for mail in sent[1:]:
            client.sendmail("asa@client.example", [USER], mail)
    house.wait_for(20)
    house.wait_until(lambda status: len(list((folder / "cur").iterdir())) == 20, "all of them put away")
    house.stop()
    subjects = [next(line for line in raw.splitlines() if line.startswith(b"Subject:")) for raw in house.raw()]
    assert subjects == [b"Subject: letter %d" % number for number in range(20)]
    assert set(dovecot.flags(USER).values()) == {(b"\\Seen",)}
