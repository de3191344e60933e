"""The processes that read mails: what hangs, crashes or eats memory ends alone, and holds nobody up."""

import fcntl
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from gateway.errors import Permanent
from gateway.flow.inbound import Prepared, Reading
from gateway.flow.readers import LARGE, NotRead, ReaderDied, Readers
from tests.roads import until

READING = Reading("a@b.example", "<1@x>")
MAIL = b"From: a@b.example\r\nSubject: hello\r\n\r\nhello\r\n"
MEMORY = 1_000_000_000


def behave(source: bytes | Path, reading: Reading) -> Prepared:
    """What a child does here: what the mail says, or what its file is called. The subject is the child's id."""
    match source.name.encode() if isinstance(source, Path) else source:
        case b"hang":
            time.sleep(60)
        case b"crash":
            os._exit(3)
        case b"hoard":
            bytearray(4_000_000_000)
        case b"refuse":
            raise Permanent("no")
        case b"break":
            raise KeyError("some key")
        case b"alone":
            with open(reading.fallback_id, "rb") as one_at_a_time:  # noqa: PTH123 - as short as can be
                fcntl.flock(one_at_a_time, fcntl.LOCK_EX | fcntl.LOCK_NB)
                time.sleep(0.05)
    return Prepared(b"{}", 2, "<1@x>", str(os.getpid()), "", (), 0, (), ())


Pool = Callable[..., Readers]


@pytest.fixture
def pool() -> Iterator[Pool]:
    """Makes readers that behave as the mail says."""
    with ExitStack() as stack:

        def make(processes: int, seconds: float, **options: Any) -> Readers:
            readers = Readers(processes, seconds, MEMORY, behave, **options)
            stack.callback(readers.close)
            return readers

        yield make


@pytest.fixture
def begin() -> Iterator[Callable[..., "Future[Any]"]]:
    """Calls something in a thread of its own."""
    with ThreadPoolExecutor(16) as threads:
        yield threads.submit


def child_of(prepared: Prepared) -> int:
    return int(prepared.subject)


def is_gone(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return True
    return False


def large(folder: Path, name: str) -> Path:
    path = folder / name
    with path.open("wb") as file:
        file.truncate(LARGE)
    return path


@pytest.fixture(scope="module")
def readers() -> Iterator[Readers]:
    made = Readers(1, 1.0, MEMORY, behave)
    yield made
    made.close()


@pytest.mark.parametrize(
    ("kind", "said"),
    [(b"hang", "longer than 1 s"), (b"crash", "exit code 3"), (b"hoard", "more memory than it may")],
)
def test_a_mail_that_ends_its_reader_ends_it_alone(readers: Readers, kind: bytes, said: str) -> None:
    with pytest.raises(ReaderDied, match=said):
        readers.read(kind, READING)
    assert readers.read(b"well", READING).document == b"{}"


def test_errors_of_the_family_come_through_and_the_child_reads_on(readers: Readers) -> None:
    child = child_of(readers.read(b"well", READING))
    with pytest.raises(Permanent, match=r"^no$"):
        readers.read(b"refuse", READING)
    assert child_of(readers.read(b"well", READING)) == child


def test_several_mails_are_read_by_one_child_in_their_order(readers: Readers) -> None:
    outcomes = readers.read_all([(kind, READING) for kind in (b"well", b"refuse", b"break", b"well")])
    assert [type(one) for one in outcomes] == [Prepared, Permanent, NotRead, Prepared]
    assert len({one.subject for one in outcomes if isinstance(one, Prepared)}) == 1


# Those behind it are read one by one, by whoever asked: then it is known which one it was.
@pytest.mark.parametrize("kind", [b"hang", b"crash", b"hoard"])
def test_of_several_mails_those_from_the_one_that_ends_the_child_on_are_left(pool: Pool, kind: bytes) -> None:
    readers = pool(1, 20.0, patience=0.5)
    outcomes = readers.read_all([(one, READING) for one in (b"well", b"well", kind, b"well")])
    assert len(outcomes) <= 2
    assert all(isinstance(one, Prepared) for one in outcomes)
    assert not readers._children
    assert readers.read(b"well", READING).document == b"{}"


# Each is quick, all together are not: none of them is to blame.
def test_several_mails_may_take_longer_than_one(pool: Pool) -> None:
    readers = pool(1, 20.0, patience=0.3)
    alone = Reading("", os.devnull)
    assert len(readers.read_all([(b"alone", alone)] * 12)) == 12


# It is our own mistake, and may be mended by the next version: the mail waits for it.
def test_any_other_error_is_temporary_and_says_where_it_came_from(readers: Readers) -> None:
    with pytest.raises(NotRead, match=r"unexpected KeyError at test_readers\.py:\d+: 'some key'"):
        readers.read(b"break", READING)


# The system may end any process, out of memory say: the next mail is not to blame for it.
def test_a_child_that_ended_while_it_had_nothing_to_do_is_replaced(readers: Readers) -> None:
    child = child_of(readers.read(b"well", READING))
    os.kill(child, signal.SIGKILL)
    until(lambda: is_gone(child), "the child to be gone")
    assert child_of(readers.read(b"well", READING)) != child


# Both children hang for a minute, and more mails that hang come; the others are read all the same.
def test_mails_that_hang_do_not_stop_the_others(pool: Pool, begin: Callable[..., "Future[Any]"]) -> None:
    readers = pool(2, 60.0, patience=0.2)
    hanging = [begin(readers.read, b"hang", READING) for _ in range(5)]
    others = [begin(readers.read, b"well", READING) for _ in range(5)]
    assert [other.result(timeout=20).document for other in others] == [b"{}"] * 5
    assert not any(one.done() for one in hanging)
    readers.close()
    assert all(isinstance(one.exception(timeout=20), ReaderDied) for one in hanging)


# It has a process of its own; and as it may hang again, others of its kind come later, and keep no thread waiting.
def test_a_mail_that_ended_its_reader_before_is_read_apart(pool: Pool, begin: Callable[..., "Future[Any]"]) -> None:
    readers = pool(1, 60.0)
    child = child_of(readers.read(b"well", READING))
    own = child_of(readers.read(b"well", READING, suspect=True))
    assert own != child
    until(lambda: is_gone(own), "the child of the one mail to be gone")
    hanging = begin(readers.read, b"hang", READING, suspect=True)
    until(lambda: len(readers._children) == 2, "the mail to hang")
    with pytest.raises(NotRead, match="another such mail"):
        readers.read(b"well", READING, suspect=True)
    assert child_of(readers.read(b"well", READING)) == child
    readers.close()
    assert isinstance(hanging.exception(timeout=20), ReaderDied)


def test_a_large_mail_has_a_child_of_its_own_that_ends_with_it(pool: Pool, tmp_path: Path) -> None:
    readers = pool(1, 20.0)
    child = child_of(readers.read(b"well", READING))
    own = child_of(readers.read(large(tmp_path, "well"), READING))
    assert own != child
    until(lambda: is_gone(own), "the child of the large mail to be gone")
    assert child_of(readers.read(b"well", READING)) == child


# `alone` fails when two of them are read at once.
def test_large_mails_are_read_one_at_a_time(pool: Pool, tmp_path: Path, begin: Callable[..., "Future[Any]"]) -> None:
    readers, path = pool(4, 20.0, patience=20.0), large(tmp_path, "alone")
    waiting = [begin(readers.read, path, Reading("", str(path))) for _ in range(4)]
    assert {one.result(timeout=20).document for one in waiting} == {b"{}"}


def test_small_mails_go_on_while_a_large_one_hangs(
    pool: Pool, tmp_path: Path, begin: Callable[..., "Future[Any]"]
) -> None:
    readers = pool(1, 60.0, patience=60.0)
    hanging = [begin(readers.read, large(tmp_path, "hang"), READING) for _ in range(3)]
    until(lambda: readers._children, "the large mail to hang")
    assert readers.read(b"well", READING).document == b"{}"
    readers.close()
    assert all(isinstance(one.exception(timeout=20), ReaderDied) for one in hanging)


def test_a_large_mail_that_hangs_does_not_stop_the_next_large_one(
    pool: Pool, tmp_path: Path, begin: Callable[..., "Future[Any]"]
) -> None:
    readers = pool(1, 60.0, patience=0.2)
    hanging = begin(readers.read, large(tmp_path, "hang"), READING)
    until(lambda: readers._children, "the large mail to hang")
    assert readers.read(large(tmp_path, "well"), READING).document == b"{}"
    readers.close()
    assert isinstance(hanging.exception(timeout=20), ReaderDied)


ORPHAN = """
import sys, threading
from gateway.flow.readers import Readers
from tests.contract.test_readers import MEMORY, READING, behave
readers = Readers(1, 1.0, MEMORY, behave)
print(readers.read(b"well", READING).subject, flush=True)
if sys.argv[1] == "busy":
    threading.Thread(target=readers.read, args=(b"hang", READING), daemon=True).start()
    print("busy", flush=True)
sys.stdin.read()
"""


# kill -9 of the gateway leaves nobody who could end its children.
@pytest.mark.parametrize("state", ["idle", "busy"])
def test_a_child_ends_without_its_parent(state: str) -> None:
    command = [sys.executable, "-c", ORPHAN, state]
    root = Path(__file__).parents[2]
    with subprocess.Popen(command, cwd=root, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as parent:
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        if state == "busy":
            parent.stdout.readline()
        parent.kill()
    until(partial(is_gone, child), "the child to be gone")


def test_a_mail_is_read_from_its_bytes_or_its_file(tmp_path: Path) -> None:
    real = Readers(1, 20.0, MEMORY)
    (tmp_path / "mail").write_bytes(MAIL)
    read = [real.read(source, READING) for source in (MAIL, tmp_path / "mail")]
    real.close()
    assert [one.subject for one in read] == ["hello", "hello"]
    assert read[0].document == read[1].document


# Nothing to be removed by anyone, whichever process is ended, and when.
def test_a_large_document_is_written_to_a_file_without_a_name(tmp_path: Path) -> None:
    real = Readers(1, 20.0, MEMORY, folder=tmp_path)
    with real.scratch() as file:
        assert list(tmp_path.iterdir()) == []
        small = real.read(MAIL, READING, file)
        assert small.document
        assert os.fstat(file.fileno()).st_size == 0
        text = MAIL + b"x" * 70 + b"\r\n"
        prepared = real.read(MAIL + text * 10_000, READING, file)
        assert prepared.document == b""
        assert os.fstat(file.fileno()).st_size == prepared.size > 1_000_000
    real.close()
