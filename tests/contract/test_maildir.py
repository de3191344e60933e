"""A Maildir as people and programs leave it: nothing partial is read, nothing is lost, nothing is taken twice."""

import mailbox
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from gateway.config.maildir import Maildir
from gateway.errors import Full
from gateway.log import log
from gateway.sources.maildir import MaildirPoller, arrival
from gateway.sources.poller import State
from tests.fetching import ROUTES, Fetching, fetching, letter
from tests.servers.program import wait_until

LARGE = "it has more than max_size (20000) bytes"
NAMELESS = b"From: form@example.com\nSubject: form\n\nthe same each time\n"


@pytest.fixture
def house(tmp_path: Path) -> Iterator[Fetching]:
    with fetching(tmp_path) as running:
        yield running


@pytest.fixture
def box(tmp_path: Path) -> Path:
    path = tmp_path / "Maildir"
    mailbox.Maildir(path)
    return path


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str]]:
    """What was logged of messages that were left where they are."""
    said: list[tuple[str, str]] = []
    monkeypatch.setattr(log, "skipped", lambda _poller, what, reason: said.append((what.strip("'"), reason)))
    return said


@pytest.fixture
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """What failed is tried again without a wait."""
    monkeypatch.setattr("gateway.sources.files._FIRST_WAIT", 0.01)


def poller(path: Path, **settings: Any) -> MaildirPoller:
    """One that looks all the time, where it is not told by the kernel."""
    made = Maildir.model_validate({"name": "box", "path": path, "route": "support", **settings})
    return MaildirPoller(made if "interval" in settings else made.model_copy(update={"interval": 0.05}), ROUTES.get)


def deliver(path: Path, mail: bytes, name: str = "") -> Path:
    """Deliver as a delivery does: into tmp, then into new."""
    if not name:
        return path / "new" / mailbox.Maildir(path).add(mail)
    (path / "tmp" / name).write_bytes(mail)
    return (path / "tmp" / name).rename(path / "new" / name)


def names(folder: Path) -> list[str]:
    return sorted(entry.name for entry in folder.iterdir())


def looked(house: Fetching) -> None:
    """Wait until it has looked once."""
    house.wait_until(lambda status: status.last_success, "a look")


def takes_all(house: Fetching, one: MaildirPoller, true: Callable[[], object]) -> None:
    """Run until something is so, and a round more."""
    house.start([one])
    wait_until(true, "taken")
    house.wait_for_rest()
    house.stop()


# -- what is done with mail


def test_mail_is_taken_as_it_is_and_moved_to_cur_as_seen(house: Fetching, box: Path) -> None:
    sent = [letter(1), letter(2, 400_000)]
    for number, mail in enumerate(sent):
        deliver(box, mail, f"10{number}.M1P2.host")
    takes_all(house, poller(box), lambda: not names(box / "new"))
    assert sorted(house.raw()) == sorted(sent)
    assert names(box / "cur") == ["100.M1P2.host:2,S", "101.M1P2.host:2,S"]


@pytest.mark.parametrize(
    ("after", "there"),
    [("delete", []), ("done:taken", ["taken/1.host"]), ("done:.Taken", [".Taken/cur/1.host:2,S"])],
)
def test_mail_goes_where_the_settings_say(house: Fetching, box: Path, after: str, there: list[str]) -> None:
    mailbox.Maildir(box / ".Taken")
    deliver(box, letter(1), "1.host")
    takes_all(house, poller(box, after=after), lambda: not names(box / "new"))
    assert house.count() == 1
    assert [str(path.relative_to(box)) for path in box.rglob("1.host*")] == there


def test_the_header_leads_to_a_route(house: Fetching, box: Path) -> None:
    deliver(box, letter(1, to="sales@example.com"), "1.host")
    deliver(box, letter(2, to="nobody@example.com"), "2.host")
    takes_all(house, poller(box, route_by=["Delivered-To"]), lambda: not names(box / "new"))
    assert house.routes() == ["sales", "support"]


# A message may be in cur under its name already, put there by a hand.
def test_nothing_in_cur_is_overwritten(house: Fetching, box: Path) -> None:
    deliver(box, letter(1), "1.host")
    (box / "cur" / "1.host:2,S").write_bytes(b"another")
    takes_all(house, poller(box), lambda: not names(box / "new"))
    assert names(box / "cur") == ["1-1.host:2,S", "1.host:2,S"]
    assert (box / "cur" / "1.host:2,S").read_bytes() == b"another"


# -- what is taken, and in which order


def test_only_what_is_in_new_is_taken(house: Fetching, box: Path, tmp_path: Path) -> None:
    (box / "tmp" / "1.host").write_bytes(letter(1))
    (box / "cur" / "2.host:2,").write_bytes(letter(2))
    (box / "new" / ".3.host").write_bytes(letter(3))
    deliver(box, letter(4), "4.host")
    (tmp_path / "outside").write_bytes(letter(5))
    takes_all(house, poller(box), house.count)
    assert house.raw() == [letter(4)]
    assert names(box / "new") == [".3.host"]


# A link could lead to any file that the gateway may read, and a pipe would have it wait for ever.
def test_what_is_no_regular_file_is_left_and_told_of(
    house: Fetching, box: Path, tmp_path: Path, told: list[tuple[str, str]]
) -> None:
    (tmp_path / "outside").write_bytes(letter(1))
    (box / "new" / "1.link").symlink_to(tmp_path / "outside")
    os.mkfifo(box / "new" / "2.pipe")
    (box / "new" / "3.folder").mkdir()
    deliver(box, letter(4), "4.host")
    takes_all(house, poller(box), lambda: house.count() and len(told) >= 3)
    assert house.raw() == [letter(4)]
    assert sorted(told) == [(name, "it is not a regular file") for name in ("1.link", "2.pipe", "3.folder")]


@pytest.mark.parametrize(
    "ordered",
    [
        ["9.M1P1.host", "10.M999P1.host", "10.M1000P1.host", "11.host"],
        ["10.V1aM5.host", "10.V1aM20.host", "10.P7Q3M21.host"],
        ["a", "b", "1.host"],
    ],
)
def test_names_tell_the_order_of_arrival(ordered: list[str]) -> None:
    backwards = ordered[::-1]
    assert sorted(backwards, key=arrival) == ordered


def test_ten_thousand_messages_come_in_their_order_some_at_a_time(
    house: Fetching, box: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gateway.sources.maildir._MOST_AT_ONCE", 3000)
    order = [(number * 7919) % 10_000 for number in range(10_000)]
    for number in order:
        (box / "new" / f"{1_000_000_000 + number}.M1P1.host").write_bytes(b"Message-ID: <%d@x>\n\n" % number)
    house.start([poller(box, after="delete")])
    house.wait_for(10_000, 60)
    house.stop()
    assert house.raw() == [b"Message-ID: <%d@x>\n\n" % number for number in range(10_000)]


def test_new_mail_is_taken_at_once(house: Fetching, box: Path) -> None:
    house.start([poller(box, interval="1 h")])
    looked(house)
    for number in range(3):
        deliver(box, letter(number))
        house.wait_for(number + 1, 5)
    house.stop()


# What another machine writes by NFS the kernel does not tell.
def test_new_mail_is_found_where_the_kernel_tells_nothing(
    house: Fetching, box: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def none_left() -> None:
        raise OSError("no watches left")

    monkeypatch.setattr("gateway.sources.watch.INotify", none_left)
    house.start([poller(box)])
    looked(house)
    deliver(box, letter(1))
    house.wait_for(1, 5)
    house.stop()


# -- what goes wrong


# SIGKILL between the commit and the move leaves the message in new.
@pytest.mark.parametrize("mail", [letter(1), NAMELESS, NAMELESS + b"x" * 400_000])
def test_a_message_that_a_crash_left_in_new_is_recognised(house: Fetching, box: Path, mail: bytes) -> None:
    left = deliver(box, mail, "1.host")
    for _ in range(2):
        left.write_bytes(mail)
        takes_all(house, poller(box, after="delete"), lambda: not names(box / "new"))
    assert (house.count(), house.copies()) == (1, 1)


def test_two_nameless_messages_are_two(house: Fetching, box: Path) -> None:
    for name in ("1.host", "2.host"):
        deliver(box, NAMELESS, name)
    takes_all(house, poller(box), lambda: not names(box / "new"))
    assert house.count() == 2


@pytest.mark.usefixtures("at_once")
def test_a_message_that_may_not_be_read_lets_the_others_pass_and_comes_later(
    house: Fetching, box: Path, told: list[tuple[str, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    closed = [True]
    opened = os.open

    # Root may read everything.
    def refuses(path: Any, *arguments: Any, **more: Any) -> int:
        if closed[0] and str(path).endswith("new/2.host"):
            raise PermissionError(13, "Permission denied")
        return opened(path, *arguments, **more)

    monkeypatch.setattr(os, "open", refuses)
    for number in range(1, 4):
        deliver(box, letter(number), f"{number}.host")
    house.start([poller(box)])
    house.wait_for(2)
    wait_until(lambda: told, "told of")
    closed[0] = False
    house.wait_for(3)
    house.stop()
    assert told == [("2.host", "Permission denied")]


def test_a_message_that_is_too_large_or_empty_is_left_and_told_of(
    house: Fetching, box: Path, told: list[tuple[str, str]]
) -> None:
    deliver(box, letter(1, 30_000), "1.host")
    deliver(box, b"", "2.host")
    deliver(box, b"X: y\n" * 300_000, "3.host")
    deliver(box, letter(4), "4.host")
    takes_all(house, poller(box, max_size="20 kB"), house.count)
    assert names(box / "new") == ["1.host", "2.host", "3.host"]
    assert told == [(f"{number}.host", reason) for number, reason in ((1, LARGE), (2, "it is empty"), (3, LARGE))]


def test_a_header_without_end_is_left_and_told_of(house: Fetching, box: Path, told: list[tuple[str, str]]) -> None:
    deliver(box, b"X: y\n" * 300_000, "1.host")
    takes_all(house, poller(box), lambda: told)
    assert told == [("1.host", "the header is larger than 1000000 bytes")]
    assert names(box / "new") == ["1.host"]


# What is ours and cannot be moved is not read again each time.
@pytest.mark.usefixtures("at_once")
def test_mail_that_cannot_be_moved_is_told_of_and_not_taken_again(
    house: Fetching, box: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gateway.sources.supervisor.FIRST_REST", 0.05)
    deliver(box, letter(1), "1.host")
    (box / "cur").rmdir()
    (box / "cur").write_text("no directory")
    house.start([poller(box)])
    house.wait_until(lambda status: "it was taken, but cannot be put away" in status.error, "told of")
    (box / "cur").unlink()
    wait_until(lambda: not names(box / "new"), "moved")
    house.wait_for_rest()
    house.stop()
    assert (house.count(), house.copies()) == (1, 0)


def test_a_directory_that_is_not_there_is_told_of_and_waited_for(
    house: Fetching, box: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gateway.sources.supervisor.FIRST_REST", 0.05)
    deliver(box, letter(1), "1.host")
    away = box.rename(box.with_name("away"))
    house.start([poller(box, interval="1 h")])
    house.wait_until(lambda status: status.state is State.FAILING, "told of")
    assert str(box / "new") in house.status().error
    away.rename(box)
    house.wait_for(1)
    assert house.status().state is State.WORKING
    house.stop()


# An administrator may put another directory in its place, while we look.
def test_a_directory_that_was_made_anew_is_watched(house: Fetching, box: Path) -> None:
    house.start([poller(box)])
    looked(house)
    shutil.rmtree(box)
    mailbox.Maildir(box)
    deliver(box, letter(1), "1.host")
    house.wait_for(1)
    house.stop()


def test_nothing_is_moved_while_the_spool_is_full(
    house: Fetching, box: Path, told: list[tuple[str, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gateway.sources.supervisor.FIRST_REST", 0.05)
    deliver(box, letter(1), "1.host")
    house.spool.acceptor.room.full = "the spool has as much as it may"
    house.start([poller(box)])
    house.wait_until(lambda status: "as much as it may" in status.error, "told of")
    assert names(box / "new") == ["1.host"]
    house.spool.acceptor.room.full = ""
    house.wait_for(1)
    house.stop()
    assert told == []


def test_the_store_says_full_in_the_middle_of_a_batch(
    house: Fetching, box: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gateway.sources.supervisor.FIRST_REST", 0.05)
    accept, count = house.spool.accept, [0]

    async def sometimes(*arguments: Any) -> Any:
        count[0] += 1
        if count[0] == 3:
            raise Full("just now")
        return await accept(*arguments)

    monkeypatch.setattr(house.spool, "accept", sometimes)
    for number in range(5):
        deliver(box, letter(number), f"{number}.host")
    takes_all(house, poller(box, after="delete"), lambda: not names(box / "new"))
    assert (house.count(), house.copies()) == (5, 0)


# -- settings


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({"path": "Maildir"}, "expected an absolute path"),
        ({"after": "move:x"}, "should match pattern"),
        ({"after": "done:"}, "should match pattern"),
    ],
)
def test_a_wrong_setting_says_what_was_expected(values: dict[str, str], expected: str) -> None:
    with pytest.raises(ValidationError, match=expected):
        Maildir.model_validate({"name": "a", "path": "/a", "route": "r"} | values)
