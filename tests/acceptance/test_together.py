"""All ways in at once under one running program, and what `status` says of each."""

import json
import smtplib
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.conftest import SUPPORT, Build, House, message
from tests.fetching import letter
from tests.servers.dovecot import PASSWORD
from tests.servers.dovecot_pop3 import Pop3Dovecot
from tests.servers.gateway import Settings
from tests.servers.postfix import Postfix
from tests.servers.program import free_port, wait_until

STOP_SECONDS = 8
BOX = {"host": "127.0.0.1", "security": "none", "route": "support", "interval": "1 s", "timeout": "10 s"}
ARRIVED = {"smtp", "lmtp", "pipe", "imap", "pop3", "maildir", "pickup"}


@pytest.fixture(scope="module")
def mailboxes() -> Iterator[Pop3Dovecot]:
    server = Pop3Dovecot()
    yield server.start()
    server.stop()


@pytest.fixture
def ways(mailboxes: Pop3Dovecot, plain_smarthost: Postfix, tmp_path: Path) -> Settings:
    """Settings of every way in; the directories are there."""
    for folder in ("new", "cur", "tmp"):
        (tmp_path / "Maildir" / folder).mkdir(parents=True)
    (tmp_path / "drop").mkdir()
    (tmp_path / "password").write_text(PASSWORD)
    box = BOX | {"password": f"file:{tmp_path / 'password'}"}
    by_imap, by_pop3 = (
        {"name": name, "user": f"{name}@example.net", "port": port}
        for name, port in (("letters", mailboxes.imap_port), ("parcels", mailboxes.pop3_port))
    )
    return {
        "gateway": {"stop_timeout": f"{STOP_SECONDS} s"},
        "lmtp": {"listen": [f"127.0.0.1:{free_port()}"]},
        "imap": [box | by_imap],
        "pop3": [box | by_pop3],
        "maildir": [{"name": "form", "path": str(tmp_path / "Maildir"), "route": "support"}],
        "pickup": [{"name": "drop", "path": str(tmp_path / "drop"), "route": "support", "settle": "100 ms"}],
        "outgoing": {"smarthosts": [f"smtp://127.0.0.1:{plain_smarthost.port}"]},
    }


@pytest.fixture
def house(build: Build, ways: Settings) -> House:
    return build(ways)


Status = Callable[[], tuple[int, dict[str, Any]]]


@pytest.fixture
def status(house: House) -> Status:
    """The exit code of `status --json`, and what it printed."""

    def status() -> tuple[int, dict[str, Any]]:
        done = house.gateway.command("status", "--json")
        return done.returncode, json.loads(done.stdout)

    return status


def send_by_all(house: House, mailboxes: Pop3Dovecot, folder: Path) -> None:
    """A mail by each way in."""
    with house.gateway.smtp() as client:
        client.sendmail("asa@client.example", [SUPPORT], letter(1))
    host, _, port = house.gateway.settings["lmtp"]["listen"][0].rpartition(":")
    with smtplib.LMTP(host, int(port), timeout=10) as client:
        client.sendmail("asa@client.example", [SUPPORT], letter(2))
    assert house.gateway.command("ingest", "--recipient", SUPPORT, stdin=letter(3)).returncode == 0
    mailboxes.append("letters@example.net", [letter(4)])
    mailboxes.append("parcels@example.net", [letter(5)])
    (folder / "Maildir" / "tmp" / "1.here").write_bytes(letter(6))
    (folder / "Maildir" / "tmp" / "1.here").rename(folder / "Maildir" / "new" / "1.here")
    (folder / "drop" / "7.part").write_bytes(letter(7))
    (folder / "drop" / "7.part").rename(folder / "drop" / "7.eml")


def counts(said: dict[str, Any]) -> dict[str, int | None]:
    """The mails that each way in took, by its kind; the pipe's are not counted, only when the last one came."""
    return {one["kind"]: one["taken"] for one in said["sources"]}


def test_a_mail_comes_by_every_way_in_and_status_counts_it(
    house: House, mailboxes: Pop3Dovecot, status: Status, tmp_path: Path
) -> None:
    send_by_all(house, mailboxes, tmp_path)
    wait_until(lambda: len(house.simulator.errands()) == len(ARRIVED), "an errand for each", 30)
    subjects = {message(errand)["subject"] for errand in house.simulator.errands()}
    assert subjects == {f"letter {number}" for number in range(1, 8)}
    house.gateway.wait_until_idle()
    code, said = status()
    assert (code, said["level"], said["remarks"]) == (0, "ok", [])
    assert counts(said) == dict.fromkeys(ARRIVED, 1) | {"pipe": None}
    assert all(one["last_success"] for one in said["sources"])
    # A wrong password needs a person, and only that is remarked.
    (tmp_path / "password").write_text("another")
    house.gateway.change({"imap": [house.gateway.settings["imap"][0] | {"name": "closed"}]})
    house.gateway.reload()
    wait_until(lambda: status()[0] == 1, "status finds fault", 20)
    remarked = [(one["level"], one["what"]) for one in status()[1]["remarks"]]
    assert ("wrong", "imap closed INBOX") in remarked
    began = time.monotonic()
    assert house.gateway.terminate(STOP_SECONDS + 5) == 0
    assert time.monotonic() - began < STOP_SECONDS + 5
    # What the spool knows is still said, and a script can tell.
    code, said = status()
    assert (code, said["level"], [one["what"] for one in said["remarks"]]) == (69, "wrong", ["gateway"])
    assert {one["kind"]: one["state"] for one in said["sources"]} == dict.fromkeys(ARRIVED, "down") | {
        "pipe": "working"
    }
    assert b"does not run" in house.gateway.command("status").stdout
