"""A directory into which programs put files, as well and as badly as they do it."""

import fcntl
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from gateway.config.maildir import Pickup
from gateway.log import log
from gateway.sources import files, pickup
from gateway.sources.intake import Intake
from gateway.sources.pickup import PickupPoller, is_written
from tests.fetching import ROUTES, Fetching, fetching, letter
from tests.servers.program import wait_until


@pytest.fixture
def house(tmp_path: Path) -> Iterator[Fetching]:
    with fetching(tmp_path) as running:
        yield running


@pytest.fixture
def box(tmp_path: Path) -> Path:
    path = tmp_path / "pickup"
    path.mkdir()
    return path


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str]]:
    """What was logged of files that were left where they are."""
    said: list[tuple[str, str]] = []
    monkeypatch.setattr(log, "skipped", lambda _poller, what, reason: said.append((what.strip("'"), reason)))
    return said


def poller(path: Path, **settings: Any) -> PickupPoller:
    values = {"name": "box", "path": path, "route": "support", "settle": "100 ms", **settings}
    made = Pickup.model_validate(values)
    return PickupPoller(made if "interval" in settings else made.model_copy(update={"interval": 0.05}), ROUTES.get)


def drop(path: Path, mail: bytes, name: str) -> Path:
    """Write under another name, and rename."""
    (path / "writing.tmp").write_bytes(mail)
    return (path / "writing.tmp").rename(path / name)


def names(folder: Path) -> list[str]:
    return sorted(entry.name for entry in folder.iterdir())


def looks_on(house: Fetching, times: int = 5) -> None:
    """Let it look so many times more."""
    for _ in range(times):
        house.wait_for_rest()


def test_files_are_taken_in_their_order_and_moved_to_done(house: Fetching, box: Path) -> None:
    sent = [letter(1), letter(2, 400_000), letter(3)]
    for number, (name, mail) in enumerate(zip(("c.eml", "b.EML", "a.eml"), sent, strict=True)):
        os.utime(drop(box, mail, name), (number, number))
    house.start([poller(box)])
    wait_until(lambda: names(box) == ["done"] and len(names(box / "done")) == 3, "moved")
    house.stop()
    assert sorted(house.raw()) == sorted(sent)
    assert house.raw().index(sent[0]) < house.raw().index(sent[2])
    assert names(box / "done") == ["a.eml", "b.EML", "c.eml"]


def test_files_are_deleted_where_the_settings_say_so(house: Fetching, box: Path) -> None:
    drop(box, letter(1), "a.eml")
    house.start([poller(box, after="delete")])
    wait_until(lambda: not names(box), "deleted")
    house.stop()
    assert house.count() == 1


def test_a_name_that_came_before_is_no_trouble(house: Fetching, box: Path) -> None:
    house.start([poller(box)])
    for number in range(1, 3):
        drop(box, letter(number), "a.eml")
        house.wait_for(number)
        wait_until(lambda: not (box / "a.eml").exists(), "moved")
    house.stop()
    assert names(box / "done") == ["1-a.eml", "a.eml"]


def test_other_names_are_nobodys_business(house: Fetching, box: Path) -> None:
    for name in ("a.tmp", "a.eml.part", ".a.eml", "readme"):
        (box / name).write_bytes(letter(1))
    (box / "folder").mkdir()
    (box / "folder" / "a.eml").write_bytes(letter(1))
    house.start([poller(box)])
    looks_on(house)
    house.stop()
    assert house.count() == 0
    assert names(box) == [".a.eml", "a.eml.part", "a.tmp", "folder", "readme"]


# -- what is not whole


# The kernel knows that it is open, however long nothing is written.
def test_a_file_that_is_open_for_writing_is_not_read(house: Fetching, box: Path) -> None:
    whole = letter(1, 10_000)
    with (box / "a.eml").open("wb") as writing:
        writing.write(whole[:5000])
        writing.flush()
        house.start([poller(box, settle="10 ms")])
        looks_on(house)
        assert house.count() == 0
        writing.write(whole[5000:])
    house.wait_for(1)
    house.stop()
    assert house.raw() == [whole]


# Where the kernel does not tell, as on NFS or of others' files, two looks have to do.
def test_a_file_that_still_changes_is_not_read(box: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    now = [0.0]
    monkeypatch.setattr(pickup, "time", SimpleNamespace(monotonic=lambda: now[0]))
    one, path = poller(box, settle="1 s"), box / "a.eml"
    intake = Intake(ground=None, kind="pickup", addressing=None, most=0)  # type: ignore[arg-type] # nothing is taken

    def found_at(seconds: float) -> list[str]:
        now[0] = seconds
        return [file.path.name for file in one._found(intake)]

    path.write_bytes(b"a")
    assert found_at(0.0) == found_at(0.9) == []
    path.write_bytes(b"aa")
    assert found_at(1.1) == found_at(2.0) == []
    os.utime(path, (1, 1))
    assert found_at(2.2) == found_at(3.1) == []
    assert found_at(3.3) == ["a.eml"]


# It had settled, but then its writer came back, while we read.
@pytest.mark.parametrize("size", [1000, 600_000])
def test_a_file_that_changes_while_it_is_read_is_not_taken(
    house: Fetching, box: Path, monkeypatch: pytest.MonkeyPatch, size: int
) -> None:
    path = drop(box, letter(1, size), "a.eml")
    pieces, changes = files._pieces, [1]

    def interrupted(content: Any) -> Iterator[bytes]:
        yield from pieces(content)
        if changes:
            changes.pop()
            with path.open("ab") as writing:
                writing.write(b"more\r\n")

    monkeypatch.setattr(files, "_pieces", interrupted)
    house.start([poller(box)])
    house.wait_for(1)
    house.stop()
    assert house.raw() == [letter(1, size) + b"more\r\n"]


# A scanner gives each page the same name: the next one comes while the last is being committed.
@pytest.mark.parametrize("after", ["done", "delete"])
def test_a_file_that_came_in_the_place_of_another_is_not_put_away_for_it(
    house: Fetching, box: Path, monkeypatch: pytest.MonkeyPatch, after: str
) -> None:
    drop(box, letter(1), "scan.eml")
    settle, next_ones = files.Files._settle, [letter(2)]

    def replaced(*arguments: Any) -> None:
        if next_ones:
            drop(box, next_ones.pop(), "scan.eml")
        settle(*arguments)

    monkeypatch.setattr(files.Files, "_settle", replaced)
    house.start([poller(box, after=after)])
    house.wait_for(2)
    house.stop()
    assert house.raw() == [letter(1), letter(2)]


def test_the_kernel_says_whether_a_file_is_written(tmp_path: Path) -> None:
    path = tmp_path / "a"
    with path.open("wb"), path.open("rb") as reading:
        assert is_written(reading)
    with path.open("rb") as reading:
        assert not is_written(reading)
        # The lease is given back: it would hold up whoever writes next.
        assert fcntl.fcntl(reading, fcntl.F_GETLEASE) == fcntl.F_UNLCK


ASKING = """
import sys, threading
from pathlib import Path
from gateway.sources.intake import Intake
from gateway.sources.pickup import is_written

path, over = Path(sys.argv[1]), threading.Event()

def write():
    while not over.is_set():
        path.open("ab").close()

writer = threading.Thread(target=write)
writer.start()
with path.open("rb") as content:
    for _ in range(20_000):
        is_written(content)
over.set()
writer.join()
"""


# Who opens a file in the moment of the question makes the kernel send a signal; SIGIO, its usual one, ends a program.
def test_asking_the_kernel_survives_a_writer_that_comes_in_between(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.touch()
    root = Path(__file__).parents[2]
    assert subprocess.run([sys.executable, "-c", ASKING, path], cwd=root, timeout=60, check=False).returncode == 0


# -- what can never be taken


def test_what_can_never_be_taken_is_put_aside_with_its_reason(
    house: Fetching, box: Path, told: list[tuple[str, str]]
) -> None:
    drop(box, b"", "a.eml")
    drop(box, letter(1, 30_000), "b.eml")
    drop(box, b"X: y\n" * 300_000, "c.eml")
    drop(box, letter(2), "d.eml")
    house.start([poller(box, max_size="10 kB")])
    wait_until(lambda: names(box) == ["done", "failed"], "put away")
    house.stop()
    assert house.raw() == [letter(2)]
    failed = box / "failed"
    assert names(failed) == [name for file in "abc" for name in (f"{file}.eml", f"{file}.eml.reason")]
    assert (failed / "a.eml.reason").read_text() == "it is empty\n"
    assert (failed / "b.eml.reason").read_text() == "it has more than max_size (10000) bytes\n"
    assert [name for name, _ in told] == ["a.eml", "b.eml", "c.eml"]


def test_a_link_is_left_and_told_of(house: Fetching, box: Path, tmp_path: Path, told: list[tuple[str, str]]) -> None:
    (tmp_path / "outside").write_bytes(letter(1))
    (box / "a.eml").symlink_to(tmp_path / "outside")
    house.start([poller(box)])
    looks_on(house)
    house.stop()
    assert told == [("a.eml", "it is not a regular file")]
    assert (house.count(), names(box)) == (0, ["a.eml"])
    with pytest.raises(OSError, match="symbolic links"):
        files.regular(box / "a.eml")


# -- when


def test_a_new_file_is_taken_at_once(house: Fetching, box: Path) -> None:
    house.start([poller(box, interval="1 h", settle="10 ms")])
    house.wait_until(lambda status: status.last_success, "a look")
    for number in range(3):
        drop(box, letter(number), f"{number}.eml")
        house.wait_for(number + 1, 5)
    house.stop()


def test_a_file_that_a_crash_left_is_recognised(house: Fetching, box: Path) -> None:
    for _ in range(2):
        drop(box, letter(1), "a.eml")
        house.start([poller(box, after="delete")])
        wait_until(lambda: not names(box), "deleted")
        house.stop()
    assert (house.count(), house.copies()) == (1, 1)


def test_many_files_come_in_their_order_some_at_a_time(
    house: Fetching, box: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pickup, "_MOST_AT_ONCE", 300)
    for number in range(1000):
        os.utime(drop(box, b"Message-ID: <%d@x>\n\n" % number, f"{number}.eml"), (number, number))
    house.start([poller(box, after="delete")])
    wait_until(lambda: not names(box), "deleted", 60)
    house.stop()
    assert house.raw() == [b"Message-ID: <%d@x>\n\n" % number for number in range(1000)]
