"""What lies at a path: which files are mails, in which order, and what is said of the others."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from gateway.importing.entry import Entry, Standing, Unreadable
from gateway.importing.find import Found, find
from gateway.importing.folder import opening
from gateway.importing.fromline import Flavour

MAIL = b"Subject: one\n\nhello\n"
BOX = b"From asa@client.example Mon Jan  1 10:00:00 2024\n" + MAIL


def converted(path: Path) -> bytes:
    return b"Subject: from Outlook\n\n" + path.name.encode()


def put(folder: Path, **files: bytes) -> None:
    """Write files, whose names have __ for a slash, into a folder."""
    for name, content in files.items():
        path = folder / name.replace("__", "/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


def maildir(folder: Path, **files: bytes) -> None:
    for part in ("cur", "new", "tmp"):
        (folder / part).mkdir(parents=True)
    put(folder, **files)


def found(*paths: Path) -> Found:
    return find(paths, converted, Flavour.AUTO)


def entries(*paths: Path) -> list[Entry]:
    return [entry for source in found(*paths).sources for entry in source.entries(Standing())]


def names(*paths: Path) -> list[str]:
    return [Path(entry.shown).name for entry in entries(*paths)]


# By the time in their names, which sorts otherwise than they do; tmp is what is being written.
def test_a_maildir_is_read_in_the_order_of_its_mails(tmp_path: Path) -> None:
    maildir(tmp_path / "M")
    for part, name in (("cur", "1000000000.a:2,S"), ("cur", "999999999.b:2,"), ("new", "1100000000.c"), ("tmp", "1.d")):
        (tmp_path / "M" / part / name).write_bytes(MAIL)
    (tmp_path / "M" / "cur" / ".hidden").write_bytes(MAIL)
    put(tmp_path / "M", dovecot_uidlist=b"3 V1 N1\n")
    assert names(tmp_path / "M") == ["999999999.b:2,", "1000000000.a:2,S", "1100000000.c"]
    assert entries(tmp_path / "M")[0].received == 999999999.0
    assert names(tmp_path / "M" / "cur") == ["999999999.b:2,", "1000000000.a:2,S"]


def test_a_maildirs_folders_are_read_as_well(tmp_path: Path) -> None:
    maildir(tmp_path / "M", new__1=MAIL)
    maildir(tmp_path / "M" / ".Archive.2019", cur__2=MAIL)
    maildir(tmp_path / "M" / "Plain" / "Deep", cur__3=MAIL)
    assert [source.kind for source in found(tmp_path / "M").sources] == ["Maildir"] * 3
    assert names(tmp_path / "M") == ["1", "2", "3"]


def test_mh_is_read_by_number_with_its_folders(tmp_path: Path) -> None:
    put(tmp_path, **{"9": MAIL, "10": MAIL, "sub__2": MAIL, ",11": MAIL, ".mh_sequences": b"cur: 9\n"})
    assert [source.kind for source in found(tmp_path).sources] == ["MH", "MH"]
    assert names(tmp_path) == ["9", "10", "2"]


def test_a_tree_has_mails_messages_and_mboxes_and_what_is_none_is_passed_over(tmp_path: Path) -> None:
    put(
        tmp_path,
        **{"a__1.eml": MAIL, "a__2.EML": MAIL, "a__notes.txt": b"From: no mail\n", "b__Inbox": BOX, "b__x.msf": b"{}"},
    )
    put(tmp_path, **{"c__m.msg": b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"})
    assert [(source.kind, source.path.name) for source in found(tmp_path).sources] == [
        ("files", "a"),
        ("mbox", "Inbox"),
        ("files", "c"),
    ]
    assert b"".join(entries(tmp_path)[-1].pieces()) == b"Subject: from Outlook\n\nm.msg"
    assert not found(tmp_path).wrong


# By itself a file may be called anything; .eml is one mail, even with a line of an mbox before it.
def test_a_file_that_is_named_is_taken_whatever_its_name(tmp_path: Path) -> None:
    put(tmp_path, **{"letter": MAIL, "one.eml": BOX + b"\n" + BOX, "box.old": BOX})
    assert [source.kind for source in found(*sorted(tmp_path.iterdir())).sources] == ["mbox", "files", "files"]
    (one,) = entries(tmp_path / "one.eml")
    assert b"".join(one.pieces()) == MAIL + b"\n" + BOX


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("empty", b"", "it is empty: expected an mbox"),
        ("box.mbox", b"\0\1\2", 'it is no mbox: it does not begin with "From "'),
    ],
)
def test_a_named_file_that_is_no_mail_is_told_of(tmp_path: Path, name: str, content: bytes, said: str) -> None:
    put(tmp_path, **{name: content})
    ((what, reason),) = found(tmp_path / name).wrong
    assert what == str(tmp_path / name)
    assert reason.startswith(said)


def test_a_folder_without_mail_is_told_of(tmp_path: Path) -> None:
    put(tmp_path, **{"deep__notes.txt": b"nothing"})
    assert found(tmp_path).wrong == [
        (str(tmp_path), "there is no mail in it: expected an mbox, a Maildir, an MH folder, or .eml and .msg files")
    ]


@pytest.mark.parametrize(
    ("raw", "said"), [(bytes(range(256)) * 50, "it is no mail"), (b"", "empty"), (b"\n\n", "empty")]
)
def test_a_file_of_junk_is_refused(raw: bytes, said: str) -> None:
    with pytest.raises(Unreadable, match=said):
        opening(raw)


# A mark of byte order, empty lines and lines of an mbox would otherwise end the header before it begins.
@pytest.mark.parametrize("before", [b"\xef\xbb\xbf", b"\r\n\r\n", b"From x\n", b">From x\r\n", b"\n\nFrom x y\n"])
def test_what_stands_before_the_header_is_left_out(before: bytes) -> None:
    assert opening(before + MAIL) == MAIL


def test_a_msg_that_is_none_is_refused(tmp_path: Path) -> None:
    put(tmp_path, **{"a.msg": MAIL})
    with pytest.raises(Unreadable, match="it is no Outlook message"):
        list(entries(tmp_path)[0].pieces())


@contextmanager
def another_user() -> Iterator[None]:
    """Root may read everything."""
    us = os.geteuid()
    if us == 0:
        os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(us)


def test_what_may_not_be_read_is_told_of_and_the_rest_is_found(tmp_path: Path) -> None:
    for folder in (tmp_path, *tmp_path.parents[:2]):
        folder.chmod(0o755)
    put(tmp_path, **{"a__1.eml": MAIL, "b__1.eml": MAIL, "box": BOX})
    (tmp_path / "b").chmod(0)
    (tmp_path / "box").chmod(0)
    with another_user():
        there = found(tmp_path)
    (tmp_path / "b").chmod(0o755)
    assert there.wrong == [
        (str(tmp_path / "box"), "cannot be read: Permission denied"),
        (str(tmp_path / "b"), "cannot be read: Permission denied"),
    ]
    assert [source.path.name for source in there.sources] == ["a"]


# A link to a folder could lead back to where it stands.
def test_links_to_folders_are_not_followed(tmp_path: Path) -> None:
    put(tmp_path, **{"a__1.eml": MAIL})
    (tmp_path / "a" / "ring").symlink_to(tmp_path)
    assert names(tmp_path) == ["1.eml"]


def test_a_folder_goes_on_after_a_name_and_with_what_was_refused(tmp_path: Path) -> None:
    put(tmp_path, **{str(number): MAIL for number in range(8, 13)})
    (source,) = found(tmp_path).sources
    standing = Standing("10", ("8",))
    assert [(entry.at, entry.after) for entry in source.entries(standing)] == [("8", None), ("11", "11"), ("12", "12")]
    assert source.done(standing) == 2 * len(MAIL)


def test_a_folder_that_changed_is_known_by_its_stamp(tmp_path: Path) -> None:
    put(tmp_path, **{"1": MAIL})
    before = found(tmp_path).sources[0].stamp("1")
    assert found(tmp_path).sources[0].stamp("1") == before
    put(tmp_path, **{"0": MAIL})
    os.utime(tmp_path)
    assert found(tmp_path).sources[0].stamp("1") != before
