"""The processes that read mails: what hangs, crashes or eats memory ends alone."""

import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.errors import Permanent
from gateway.flow.inbound import Prepared, Reading
from gateway.flow.readers import ReaderDied, Readers

READING = Reading("a@b.example", "<1@x>")
MAIL = b"From: a@b.example\r\nSubject: hello\r\n\r\nhello\r\n"


def behave(source: bytes | Path, _reading: Reading) -> Prepared:
    """What a child does here: what the mail says."""
    match source:
        case b"hang":
            time.sleep(60)
        case b"crash":
            os._exit(3)
        case b"hoard":
            bytearray(4_000_000_000)
        case b"refuse":
            raise Permanent("no")
    return Prepared(b"{}", "<1@x>", "", "", (), 0, (), ())


@pytest.fixture(scope="module")
def readers() -> Iterator[Readers]:
    pool = Readers(1, 1.0, 1_000_000_000, behave)
    yield pool
    pool.close()


@pytest.mark.parametrize(
    ("kind", "said"),
    [(b"hang", "longer than 1 s"), (b"crash", "exit code 3"), (b"hoard", "more memory than it may")],
)
def test_a_mail_that_ends_its_reader_ends_it_alone(readers: Readers, kind: bytes, said: str) -> None:
    with pytest.raises(ReaderDied, match=said):
        readers.read(kind, READING)
    assert readers.read(b"well", READING).document == b"{}"


def test_errors_of_the_family_come_through(readers: Readers) -> None:
    with pytest.raises(Permanent, match=r"^no$"):
        readers.read(b"refuse", READING)


def test_a_mail_is_read_from_its_bytes_or_its_file(tmp_path: Path) -> None:
    pool = Readers(1, 20.0, 1_000_000_000)
    (tmp_path / "mail").write_bytes(MAIL)
    read = [pool.read(source, READING) for source in (MAIL, tmp_path / "mail")]
    pool.close()
    assert [one.subject for one in read] == ["hello", "hello"]
    assert read[0].document == read[1].document
