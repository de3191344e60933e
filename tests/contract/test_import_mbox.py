"""Every flavour of mbox gives back the mails that were put into it, in pieces of any size."""

import os
import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.importing import blocks, mbox
from gateway.importing.entry import Standing, Unreadable
from gateway.importing.fromline import QUOTED, Flavour, unquoted
from gateway.importing.mbox import Mbox

LINE = b"From asa@client.example Mon Jan  1 10:00:00 2024\n"
HEAD = b"Message-ID: <%d@client.example>\nSubject: %d\n"
# What a body must survive: lines that begin like the one between mails, bare and quoted, at its beginning and its end.
BODIES = [
    b"From here on all is new\nplain\n",
    b"\nFrom asa@client.example Tue Jan  2 11:00:00 2024\nSubject: forged\n\nin a body\n",
    b">From the past\n>>From before that\n>no From\n",
    b"text\n\n\n\n",
    b"no line end\n>From",
    b"",
]


def mails() -> list[bytes]:
    return [HEAD % (number, number) + b"\n" + body for number, body in enumerate(BODIES)]


def quoting(flavour: Flavour, mail: bytes) -> bytes:
    """A mail as a writer of the flavour puts it down, without a Content-Length."""
    head, _, body = mail.partition(b"\n\n")
    lines = body.split(b"\n")
    if flavour in {Flavour.MBOXO, Flavour.MBOXCL}:
        lines = [b">" + line if line.startswith(b"From ") else line for line in lines]
    elif flavour is Flavour.MBOXRD:
        lines = [b">" + line if line.lstrip(b">").startswith(b"From ") else line for line in lines]
    return head + b"\n\n" + b"\n".join(lines)


def written(flavour: Flavour, mail: bytes) -> bytes:
    """A mail with what stands before and after it."""
    quoted = quoting(flavour, mail)
    if flavour in {Flavour.MBOXCL, Flavour.MBOXCL2}:
        head, _, body = quoted.partition(b"\n\n")
        quoted = b"%b\nContent-Length: %d\n\n%b" % (head, len(body), body)
    return LINE + quoted + (b"\n" if quoted.endswith(b"\n") else b"\n\n")


def read(path: Path, flavour: Flavour = Flavour.AUTO) -> list[bytes]:
    return [b"".join(entry.pieces()) for entry in Mbox(path, flavour).entries(Standing())]


def same(mail: bytes) -> bytes:
    """What of a mail has to come back: its length is the mbox's, and so are empty lines at its end (rule 3)."""
    lines = [line for line in mail.split(b"\n") if not line.startswith(b"Content-Length:")]
    return b"\n".join(lines).rstrip(b"\n")


@pytest.fixture
def small_windows(monkeypatch: pytest.MonkeyPatch) -> None:
    """All that is looked at in blocks is looked at in small ones."""
    monkeypatch.setattr(blocks, "_BLOCK", 64)
    monkeypatch.setattr(mbox, "PIECE", 7)
    monkeypatch.setattr(mbox, "_WINDOW", 1024)
    monkeypatch.setattr(mbox, "_LARGEST_WINDOW", 1024)


# mboxo cannot tell a line that was quoted from one that was written so: such a line is left out of what it must keep.
def kept(flavour: Flavour) -> list[bytes]:
    lossy = flavour in {Flavour.MBOXO, Flavour.MBOXCL}
    return [mail for mail in mails() if not lossy or b"\n>From the past" not in mail]


@pytest.mark.parametrize("flavour", [Flavour.MBOXO, Flavour.MBOXRD, Flavour.MBOXCL, Flavour.MBOXCL2])
def test_each_flavour_gives_back_what_its_writer_put_in(tmp_path: Path, flavour: Flavour) -> None:
    (tmp_path / "box").write_bytes(b"".join(written(flavour, mail) for mail in kept(flavour)))
    assert [same(mail) for mail in read(tmp_path / "box", flavour)] == [same(mail) for mail in kept(flavour)]


# Nobody remembers how a file was written. What cannot be told is only which of the mails of mboxcl with a ">From" in
# them were quoted, and that it is read as mboxrd where there is no length.
@pytest.mark.parametrize("flavour", [Flavour.MBOXO, Flavour.MBOXRD, Flavour.MBOXCL])
def test_the_flavour_is_found_out(tmp_path: Path, flavour: Flavour, small_windows: None) -> None:
    (tmp_path / "box").write_bytes(b"".join(written(flavour, mail) for mail in kept(flavour)))
    assert [same(mail) for mail in read(tmp_path / "box")] == [same(mail) for mail in kept(flavour)]


def test_a_length_that_fits_is_believed_over_lines_that_begin_like_a_mail(tmp_path: Path) -> None:
    both = HEAD % (99, 99) + b"\nFrom here on\n>From an earlier mail\n"
    some = [both, *(mail for mail in mails() if b">From" not in mail)]
    (tmp_path / "box").write_bytes(b"".join(written(Flavour.MBOXCL2, mail) for mail in some))
    assert [same(mail) for mail in read(tmp_path / "box")] == [same(mail) for mail in some]


# Its sender may have written it, or a program that changed the mail afterwards.
@pytest.mark.parametrize("length", [0, 3, 10, 200, 10**12])
def test_a_length_that_does_not_fit_is_not_believed(tmp_path: Path, length: int) -> None:
    first = b"Message-ID: <1@x>\nContent-Length: %d\n\none\ntwo\nthree\n" % length
    (tmp_path / "box").write_bytes(LINE + first + b"\n" + LINE + mails()[0] + b"\n")
    assert [same(mail) for mail in read(tmp_path / "box")] == [same(first), same(mails()[0])]


# Without an empty line between them, the length in the second header would be taken for one of the first.
def test_the_length_of_the_next_mail_is_not_this_ones(tmp_path: Path) -> None:
    box = LINE + b"Subject: only a header\n" + LINE + b"Content-Length: 4\n\nabc\n\n" + LINE + b"Subject: last\n\nx\n"
    (tmp_path / "box").write_bytes(box)
    assert [same(mail) for mail in read(tmp_path / "box")] == [
        b"Subject: only a header",
        b"\nabc",
        b"Subject: last\n\nx",
    ]


def test_lines_may_end_in_crlf(tmp_path: Path) -> None:
    crlf = [mail.replace(b"\n", b"\r\n") for mail in (b"Subject: 1\n\none\n", b"Subject: 2\n\n>From two\n")]
    (tmp_path / "box").write_bytes(b"".join(LINE.replace(b"\n", b"\r\n") + mail + b"\r\n" for mail in crlf))
    assert read(tmp_path / "box") == [crlf[0], b"Subject: 2\r\n\r\nFrom two\r\n"]


@pytest.mark.parametrize(
    "line",
    [
        b"From - Mon Jan 01 10:00:00 2024\n",
        b"From 1787@xxx Mon Jan 01 10:00:00 +0000 2024\n",
        b"From asa at client.example  Mon Jan  1 10:00:00 2024\n",
        b"From MAILER-DAEMON Mon Jan  1 10:00 2024 remote from here\n",
        b"From ???@??? Mon Jan 01 10:00:00 2024\n",
    ],
)
def test_what_programs_write_between_mails_is_known(tmp_path: Path, line: bytes) -> None:
    (tmp_path / "box").write_bytes(
        b"".join(line + mail + b"\n" for mail in (b"Subject: 1\n\none\n", b"Subject: 2\n\n"))
    )
    assert [same(mail) for mail in read(tmp_path / "box")] == [b"Subject: 1\n\none", b"Subject: 2"]


def test_the_line_between_mails_tells_sender_and_time(tmp_path: Path) -> None:
    (tmp_path / "box").write_bytes(LINE + mails()[0])
    (entry,) = Mbox(tmp_path / "box").entries(Standing())
    assert (entry.sender, entry.received) == ("asa@client.example", 1704103200.0)


def test_the_mail_that_holds_a_folders_state_is_no_mail(tmp_path: Path) -> None:
    data = b"Subject: DON'T DELETE THIS MESSAGE -- FOLDER INTERNAL DATA\nX-IMAP: 1 2\n\nThis text is part of it.\n\n"
    (tmp_path / "box").write_bytes(LINE + data + LINE + mails()[0])
    assert [same(mail) for mail in read(tmp_path / "box")] == [same(mails()[0])]


# Taken up at any mail, the rest comes; what was refused comes once more before it.
def test_reading_goes_on_at_a_place(tmp_path: Path) -> None:
    (tmp_path / "box").write_bytes(b"".join(written(Flavour.MBOXRD, mail) for mail in mails()))
    box = Mbox(tmp_path / "box")
    everything = list(box.entries(Standing()))
    for number, entry in enumerate(everything):
        rest = list(box.entries(Standing(entry.at, (everything[0].at,))))
        assert [one.at for one in rest] == [everything[0].at, *(one.at for one in everything[number:])]
        assert rest[0].after is None
        assert box.done(Standing(entry.at)) == entry.at


def test_a_file_that_grew_is_known_and_one_that_changed_is_not(tmp_path: Path) -> None:
    (tmp_path / "box").write_bytes(LINE + mails()[0] + b"\n")
    box = Mbox(tmp_path / "box")
    stamp = box.stamp(box.size)
    with (tmp_path / "box").open("ab") as file:
        file.write(LINE + mails()[1])
    assert box.stamp(box.size) == stamp
    (tmp_path / "box").write_bytes(LINE + mails()[1])
    assert box.stamp(box.size) != stamp


def test_a_file_that_only_begins_like_an_mbox_is_refused(tmp_path: Path) -> None:
    (tmp_path / "box").write_bytes(b"From " + b"x" * 5000)
    with pytest.raises(Unreadable, match="at byte 0 no mail of an mbox begins"):
        read(tmp_path / "box")


def cut(data: bytes, chance: random.Random) -> Iterator[bytes]:
    while data:
        size = chance.randint(1, 12)
        yield data[:size]
        data = data[size:]


# Wherever a piece ends, the marks that go are those that go from the whole.
def test_marks_are_taken_off_wherever_the_pieces_end() -> None:
    chance = random.Random(7)
    words = [b"\n", b">", b">>", b"F", b"Fr", b"From", b"From ", b" ", b"x", b"\r\n", b">" * 300]
    for _ in range(2000):
        data = b"".join(chance.choices(words, k=30))
        for flavour in (Flavour.MBOXO, Flavour.MBOXRD):
            whole = QUOTED[flavour].sub(b"\n", b"\n" + data)[1:]
            assert b"".join(unquoted(cut(data, chance), QUOTED[flavour])) == whole


# Anyone can put them into a mail that lies in an mbox later; each that is tried is a block read elsewhere in the file.
def test_thousands_of_lengths_in_a_mail_cost_a_few_looks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lengths = b"".join(b"Content-Length: %d\n" % (number % 2 * 3_000_000 + number) for number in range(2_000))
    mail = HEAD % (1, 1) + lengths + b"\n" + b"x\n" * 2_000_000
    (tmp_path / "mbox").write_bytes(LINE + mail + b"\n")
    looks: list[int] = []
    pread = os.pread

    def looking(file: int, size: int, at: int) -> bytes:
        looks.append(at)
        return pread(file, size, at)

    monkeypatch.setattr(os, "pread", looking)
    assert same(b"".join(read(tmp_path / "mbox"))) == same(mail)
    assert len(looks) < 200
