"""SIGKILL while mail comes by IMAP: the whole program, a real Dovecot, and what the simulator has at the end.

What was in the mailbox becomes an errand. One is made twice only where the program was killed between Cention's answer
and our record of it, which is the same with every way in.
"""

import random
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.acceptance.conftest import House
from tests.fault.houses import errands, house_in
from tests.fault.spools import digest, digests, url_in
from tests.fault.table import Table
from tests.fetching import letter
from tests.servers.dovecot import PASSWORD, Dovecot
from tests.servers.gateway import Settings
from tests.servers.program import wait_until
from tests.servers.proxy import proxy

USER = "box@example.net"
ROUNDS = 10
MAILS = 25  # in a round
THREADS = 8  # of house_settings: so many errands may be in hand
SENDER = "asa@client.example"


@pytest.fixture
def dovecot() -> Iterator[Dovecot]:
    server = Dovecot()
    yield server.start()
    server.stop()


def settings(folder: Path, port: int) -> Settings:
    """A mailbox that is emptied into another folder, in the whole program's settings."""
    (folder / "password").write_text(PASSWORD)
    mailbox = {
        "name": "box",
        "host": "127.0.0.1",
        "port": port,
        "security": "none",
        "user": USER,
        "password": f"file:{folder / 'password'}",
        "route": "support",
        "after": "move:Done",
        "interval": "1 s",
        "timeout": "5 s",
    }
    return {"imap": [mailbox], "smtp": {"processes": 0}}


def name(number: int) -> tuple[str, str]:
    return SENDER, f"<{number}@client.example>"


def mail(number: int) -> bytes:
    """A mail; some are so large that they are files in the spool."""
    return letter(number, 300 if number % 20 else 200_000)


def moved(server: Dovecot) -> int:
    """How many messages are in the folder that they are moved to."""
    with server.client(USER) as client:
        return int(client.folder_status("Done", ["MESSAGES"])[b"MESSAGES"]) if client.folder_exists("Done") else 0


def all_moved(server: Dovecot, count: int) -> None:
    wait_until(lambda: moved(server) >= count, f"{count} messages are moved", 120)


# The commit is done, the command that moves the message went nowhere, and then the power fails.
def test_a_kill_between_the_commit_and_the_move(tmp_path: Path, dovecot: Dovecot, faults: Table) -> None:
    dovecot.append(USER, [letter(number) for number in range(20)])
    with (
        proxy(dovecot.imap_port) as between,
        house_in(tmp_path, settings(tmp_path, between.port), start=False) as house,
    ):
        between.swallows = b"UID MOVE"
        house.gateway.start()
        wait_until(lambda: not between.forwards, "the move is on its way")
        house.gateway.kill()
        assert moved(dovecot) == 0
        between.forwards, between.swallows = True, b""
        house.gateway.start()
        all_moved(dovecot, 20)
        house.gateway.wait_until_idle()
        made = errands(house)
        faults.row(
            "SIGKILL between commit and flag (IMAP)",
            accepted=20,
            errands=made.total(),
            repeats=made.total() - len(made),
            lost=20 - len(made),
        )
        assert made.keys() == {name(number) for number in range(20)}
        assert not house.gateway.facts("mail is a copy")
        assert len(house.gateway.facts("mail accepted")) == 20


@contextmanager
def filling(server: Dovecot, count: int) -> Iterator[None]:
    """Mail comes into the mailbox meanwhile, and all of it has come at the end."""

    def fill() -> None:
        with server.client(USER) as client:
            for number in range(count):
                client.append("INBOX", mail(number))
                time.sleep(0.02)

    thread = threading.Thread(target=fill)
    thread.start()
    try:
        yield
    finally:
        thread.join()


def kill_many_times(house: House, rounds: int, moments: random.Random) -> None:
    for _ in range(rounds):
        house.gateway.start()
        time.sleep(moments.uniform(0.0, 1.0))
        house.gateway.kill()


def test_no_message_is_lost_or_taken_twice_by_kills_at_any_moment(
    tmp_path: Path, dovecot: Dovecot, faults: Table, scale: int
) -> None:
    rounds, count = ROUNDS * scale, ROUNDS * scale * MAILS
    with house_in(tmp_path, settings(tmp_path, dovecot.imap_port), start=False) as house:
        with filling(dovecot, count):
            kill_many_times(house, rounds, random.Random("imap"))
        house.gateway.start()
        all_moved(dovecot, count)
        house.gateway.wait_until_idle()
        made: Counter[tuple[str, str]] = errands(house)
        repeats = made.total() - len(made)
        lost = {name(number) for number in range(count)} - made.keys()
        faults.row(
            f"SIGKILL {rounds} times, IMAP with move",
            accepted=count,
            errands=made.total(),
            repeats=repeats,
            lost=len(lost),
        )
        assert not lost
        assert len(made) == count
        assert repeats <= rounds * THREADS
        assert moved(dovecot) == count
    # In the spool none is twice: what was made twice is what was in hand at Cention when the kill came.
    kept = digests(url_in(tmp_path))
    assert Counter(kept.values()) == Counter(digest(mail(number)) for number in range(count))
