"""Where the log goes: a file that is moved away, systemd's journal; and how much each room says."""

import json
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway import log as logging
from gateway import sink
from gateway.log import log


def say(number: int = 1) -> None:
    log.accepted(f"01M{number}", "smtp", "å@b", ["support"], 10, "192.0.2.1")


def traces(path: Path) -> list[str]:
    return [json.loads(line)["trace"] for line in path.read_text().splitlines()]


# As logrotate does it: the old one is moved, and nobody tells us.
def test_a_file_that_is_moved_away_is_begun_anew(tmp_path: Path) -> None:
    path, old = tmp_path / "log", tmp_path / "log.1"
    logging.configure("auto", "info", f"file:{path}")
    say(1)
    path.rename(old)
    say(2)
    say(3)
    assert (traces(old), traces(path)) == (["01M1"], ["01M2", "01M3"])


def test_a_file_that_cannot_be_begun_anew_is_written_where_it_lies_now(tmp_path: Path) -> None:
    folder = tmp_path / "logs"
    folder.mkdir()
    logging.configure("json", "info", f"file:{folder / 'log'}")
    folder.rename(tmp_path / "old")
    say(1)
    assert traces(tmp_path / "old" / "log") == ["01M1"]


# Senders and subjects are strangers' words.
def test_a_file_is_readable_by_its_group_at_most(tmp_path: Path) -> None:
    logging.configure("json", "info", f"file:{tmp_path / 'log'}")
    assert (tmp_path / "log").stat().st_mode & 0o007 == 0


@pytest.fixture
def journal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[socket.socket]:
    """What stands where systemd's journal listens."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as line:
        line.bind(str(tmp_path / "journal"))
        line.settimeout(5)
        monkeypatch.setattr(sink, "JOURNAL", str(tmp_path / "journal"))
        yield line


def entry(journal: socket.socket) -> dict[str, str]:
    """An entry's fields, read as systemd reads them."""
    left, found = journal.recv(1_000_000), {}
    while left:
        name, _, left = left.partition(b"\n")
        if b"=" in name:
            name, _, value = name.partition(b"=")
        else:
            length, left = int.from_bytes(left[:8], "little"), left[8:]
            value, left = left[:length], left[length + 1 :]
        found[name.decode()] = value.decode()
    return found


def test_the_journal_gets_each_part_of_a_fact_as_a_field(journal: socket.socket) -> None:
    logging.configure("auto", "info", "journald")
    say()
    said = entry(journal)
    assert (said["CENTION_TRACE"], said["PRIORITY"], said["CENTION_SENDER"]) == ("01M1", "6", "å@b")
    assert said["MESSAGE"].startswith("mail accepted ")
    assert said["SYSLOG_IDENTIFIER"] == "cention-gateway"


# A line end in a stranger's word must not begin a field of its own, such as another priority.
def test_no_word_makes_a_field_of_the_journal(journal: socket.socket) -> None:
    logging.configure("auto", "info", "journald")
    log.poller("imap a", "failing", "it said\nPRIORITY=0\nCENTION_TRACE=forged")
    said = entry(journal)
    assert (said["PRIORITY"], "CENTION_TRACE" in said) == ("4", False)
    assert said["CENTION_REASON"] == "it said\nPRIORITY=0\nCENTION_TRACE=forged"


def test_an_entry_of_the_journal_is_bounded(journal: socket.socket) -> None:
    logging.configure("auto", "info", "journald")
    log.poller("imap a", "failing", "x" * 1_000_000)
    assert len(entry(journal)["CENTION_REASON"]) == 8000


def test_a_journal_that_is_not_there_costs_nothing_and_is_found_when_it_comes(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(sink, "JOURNAL", str(tmp_path / "journal"))
    logging.configure("auto", "info", "journald")
    say(1)
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as line:
        line.bind(str(tmp_path / "journal"))
        line.settimeout(5)
        say(2)
        assert entry(line)["CENTION_TRACE"] == "01M2"


# This test stands in no room of the program, so what it says is "main"'s; `flow` speaks through the worker's code.
def test_each_room_has_a_level_of_its_own(tmp_path: Path) -> None:
    logging.configure("json", "warning", f"file:{tmp_path / 'log'}", {"main": "info"})
    say(1)
    logging.configure("json", "info", f"file:{tmp_path / 'log'}", {"main": "error"})
    say(2)
    speaks = compile("log.accepted('01M3', 'smtp', 'a@b', ['support'], 10, '')", "flow", "exec")
    exec(speaks, {"__name__": "gateway.flow.worker", "log": log})
    assert traces(tmp_path / "log") == ["01M1", "01M3"]
    assert json.loads((tmp_path / "log").read_text().splitlines()[-1])["room"] == "flow"
