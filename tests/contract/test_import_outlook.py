"""An Outlook message's file becomes the mail that it was, or a refusal with the reason."""

import email
import os
import signal
import struct
from collections.abc import Iterator
from contextlib import suppress
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from typing import Any

import pytest

from gateway.importing.conversion import Converter
from gateway.importing.entry import Unreadable
from gateway.importing.folder import Convert
from tests import compoundfile

TRANSPORT = (
    "Received: from client.example by mx.example.com; Mon, 1 Jan 2024 10:00:01 +0000\r\n"
    "Message-ID: <transport@client.example>\r\nFrom: =?utf-8?q?=C3=85sa?= <asa@client.example>\r\n"
    "To: support@example.com\r\nSubject: By the\r\n header\r\nDate: Mon, 1 Jan 2024 10:00:00 +0000\r\n"
    'Content-Type: multipart/mixed; boundary="gone"\r\n\r\n'
)
CLASS, SUBJECT, BODY, HTML, HEADERS, ID = 0x001A, 0x0037, 0x1000, 0x1013, 0x007D, 0x1035
NAME, ADDRESS, SENDER, SENDER_ADDRESS, RTF = 0x3001, 0x39FE, 0x0C1A, 0x5D01, 0x1009
DATA, FILE, MIME, CID = 0x3701, 0x3707, 0x370E, 0x3712
TEXT, BINARY = 0x001F, 0x0102


def written(path: Path, message: dict[int, Any], recipients: Any = (), attachments: Any = (), fixed: Any = ()) -> Path:
    """Write a message (MS-OXMSG): its properties by id, text or bytes; those of fixed length as they are."""
    streams: dict[str, bytes] = {}
    counts = struct.pack("<8xIIII8x", len(recipients), len(attachments), len(recipients), len(attachments))
    fill(streams, "", {CLASS: "IPM.Note"} | message, counts, fixed)
    for number, one in enumerate(recipients):
        kind = struct.pack("<IIII", 0x0C150003, 6, one.pop("kind", 1), 0)
        fill(streams, f"__recip_version1.0_#{number:08X}/", one, bytes(8), kind)
    for number, one in enumerate(attachments):
        by_value = struct.pack("<IIII", 0x37050003, 6, 1, 0)
        fill(streams, f"__attach_version1.0_#{number:08X}/", one, bytes(8), by_value)
    compoundfile.write(path, streams)
    return path


def fill(streams: dict[str, bytes], folder: str, values: dict[int, Any], head: bytes, fixed: Any) -> None:
    rows = [bytes(fixed)]
    for number, value in values.items():
        kind = TEXT if isinstance(value, str) else BINARY
        data = value.encode("utf-16-le") if isinstance(value, str) else value
        streams[f"{folder}__substg1.0_{number:04X}{kind:04X}"] = data
        rows.append(struct.pack("<IIII", number << 16 | kind, 6, len(data) + (2 if kind == TEXT else 0), 0))
    streams[f"{folder}__properties_version1.0"] = head + b"".join(rows)


@pytest.fixture
def convert() -> Iterator[Converter]:
    converter = Converter()
    yield converter
    converter.close()


def mail(raw: bytes) -> EmailMessage:
    return email.message_from_bytes(raw, policy=default)


def test_a_message_keeps_its_header_texts_pictures_and_files(tmp_path: Path, convert: Converter) -> None:
    path = written(
        tmp_path / "a.msg",
        {HEADERS: TRANSPORT, SUBJECT: "another", BODY: "Grüße", HTML: "<p>Grüße <img src='cid:p1'></p>".encode()},
        attachments=[
            {DATA: b"%PDF-1.4", FILE: "Räkning.pdf", MIME: "application/pdf"},
            {DATA: b"\x89PNG", FILE: "p.png", MIME: "image/png", CID: "p1"},
        ],
        fixed=struct.pack("<IIII", 0x3FDE0003, 6, 65001, 0),
    )
    found = mail(convert(path))
    assert found["Subject"] == "By the header"
    assert (found["From"], found["Message-ID"]) == ("Åsa <asa@client.example>", "<transport@client.example>")
    assert len(found.get_all("Content-Type", [])) == 1
    plain, html = found.get_body(("plain",)), found.get_body(("html",))
    assert plain is not None
    assert plain.get_content() == "Grüße\r\n"
    assert html is not None
    assert html.get_content() == "<p>Grüße <img src='cid:p1'></p>"
    files = list(found.iter_attachments())
    assert [(one.get_filename(), one.get_content_type(), one.get_content()) for one in files] == [
        ("Räkning.pdf", "application/pdf", b"%PDF-1.4"),
        ("p.png", "image/png", b"\x89PNG"),
    ]
    assert files[1]["Content-ID"] == "<p1>"


# What was never sent, or was sent within one Exchange, has no header.
def test_a_message_without_header_gets_one_of_its_properties(tmp_path: Path, convert: Converter) -> None:
    path = written(
        tmp_path / "a.msg",
        {
            SUBJECT: "Hej\r\nBcc: x@y",
            BODY: "text",
            SENDER: "Öberg, Asa",
            SENDER_ADDRESS: "asa@client.example",
            ID: "<1@x>",
        },
        recipients=[
            {NAME: "Support", ADDRESS: "support@example.com"},
            {NAME: "Bo", ADDRESS: "bo@example.com", "kind": 2},
        ],
    )
    found = mail(convert(path))
    assert found["From"].addresses[0].display_name == "Öberg, Asa"
    assert found["From"].addresses[0].addr_spec == "asa@client.example"
    assert (found["To"], found["Cc"]) == ("Support <support@example.com>", "Bo <bo@example.com>")
    assert (found["Subject"], found["Message-ID"], found["Bcc"]) == ("Hej Bcc: x@y", "<1@x>", None)


# Outlook often keeps HTML within RTF alone (MS-OXRTFEX).
def test_html_that_lies_in_rtf_is_found(tmp_path: Path, convert: Converter) -> None:
    html = rb"{\*\htmltag64 <p>}gr\'fc\'dfe{\*\htmltag72 </p>}"
    rtf = rb"{\rtf1\ansi\ansicpg1252\fromhtml1 \deff0{\fonttbl{\f0\fswiss Arial;}}" + html + b"}"
    stored = struct.pack("<IIII", len(rtf) + 12, len(rtf), 0x414C454D, 0) + rtf
    found = mail(convert(written(tmp_path / "a.msg", {SUBJECT: "rtf", BODY: "grüße", RTF: stored})))
    body = found.get_body(("html",))
    assert body is not None
    assert "<p>grüße</p>" in body.get_content()


# Programs that write such files often keep nothing but the rich text.
def test_text_that_lies_in_rtf_alone_is_the_mails(tmp_path: Path, convert: Converter) -> None:
    rtf = rb"{\rtf1\ansi\ansicpg1252 gr\'fc\'dfe}"
    stored = struct.pack("<IIII", len(rtf) + 12, len(rtf), 0x414C454D, 0) + rtf
    found = mail(convert(written(tmp_path / "a.msg", {SUBJECT: "rtf", RTF: stored})))
    assert found.get_content() == "grüße\r\n"


# 28591 and its like are how Windows calls ISO 8859.
@pytest.mark.parametrize(
    ("page", "codec"), [(28591, "latin-1"), (28605, "iso8859-15"), (20866, "koi8-r"), (932, "cp932")]
)
def test_html_comes_with_the_charset_of_its_code_page(
    tmp_path: Path, convert: Converter, page: int, codec: str
) -> None:
    text = {"koi8-r": "Привет", "cp932": "こんにちは"}.get(codec, "Grüße")
    fixed = struct.pack("<IIII", 0x3FDE0003, 6, page, 0)
    found = mail(convert(written(tmp_path / "a.msg", {BODY: "b", HTML: text.encode(codec)}, fixed=fixed)))
    html = found.get_body(("html",))
    assert html is not None
    assert html.get_content() == text


# One that says of itself that it has parts would be read as these, or as nothing.
@pytest.mark.parametrize(
    "said", ["multipart/signed", "multipart/mixed; boundary=b", "message/delivery-status", "/", "x"]
)
def test_a_file_of_a_type_with_parts_or_none_is_attached_as_it_is(
    tmp_path: Path, convert: Converter, said: str
) -> None:
    path = written(tmp_path / "a.msg", {BODY: "b"}, attachments=[{DATA: b"--b\r\n\r\nx", FILE: "x.p7m", MIME: said}])
    [file] = mail(convert(path)).iter_attachments()
    assert (file.get_content_type(), file.get_content()) == ("application/octet-stream", b"--b\r\n\r\nx")


# Otherwise the mail would be another one each time that it is imported.
def test_the_same_file_gives_the_same_bytes(tmp_path: Path, convert: Converter) -> None:
    path = written(tmp_path / "a.msg", {SUBJECT: "s", BODY: "b", HTML: b"<p>b"}, attachments=[{DATA: b"x", FILE: "x"}])
    first = convert(path)
    convert.close()
    assert convert(path) == first


@pytest.mark.parametrize(
    "content", [b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"junk" * 900]
)
def test_a_broken_file_is_refused_with_the_reason(tmp_path: Path, convert: Converter, content: bytes) -> None:
    (tmp_path / "a.msg").write_bytes(content)
    with pytest.raises(Unreadable, match=r"it is no Outlook message that can be read: ."):
        convert(tmp_path / "a.msg")


def test_what_is_no_message_in_outlook_is_refused_by_its_name(tmp_path: Path, convert: Converter) -> None:
    path = written(tmp_path / "a.msg", {CLASS: "IPM.StickyNote", BODY: "milk"})
    with pytest.raises(Unreadable, match="StickyNote"):
        convert(path)


# A small file could otherwise come to any number of large ones.
def test_a_file_that_says_it_has_more_in_it_than_there_is_is_refused(tmp_path: Path, convert: Converter) -> None:
    path = written(tmp_path / "a.msg", {BODY: "b"}, attachments=[{DATA: b"x" * 9000, FILE: "x"}])
    content = bytearray(path.read_bytes())
    entry = content.index(f"__substg1.0_{DATA:04X}{BINARY:04X}".encode("utf-16-le"))
    struct.pack_into("<Q", content, entry + 120, 10**6)
    path.write_bytes(content)
    with pytest.raises(Unreadable, match="more is said to be in it than there is"):
        convert(path)


def test_a_message_to_nine_thousand_is_read_in_time(tmp_path: Path) -> None:
    recipients = [{NAME: f"n{number}", ADDRESS: f"n{number}@example.com"} for number in range(9_000)]
    path = written(tmp_path / "a.msg", {SUBJECT: "s", BODY: "b"}, recipients=recipients)
    converter = Converter(seconds=15.0)
    try:
        assert converter(path).count(b"@example.com") == len(recipients)
    finally:
        converter.close()


# A cut anywhere ends in the whole mail or in a refusal, and the next file is read.
def test_no_cut_of_a_file_stops_the_next_one(tmp_path: Path, convert: Converter) -> None:
    path = written(tmp_path / "a.msg", {SUBJECT: "s", BODY: "b" * 5000}, attachments=[{DATA: b"x" * 9000, FILE: "x"}])
    whole = path.read_bytes()
    for end in range(512, len(whole), 1536):
        (tmp_path / "cut.msg").write_bytes(whole[:end])
        with suppress(Unreadable):
            found = mail(convert(tmp_path / "cut.msg"))
            assert [file.get_content() for file in found.iter_attachments()] == [b"x" * 9000]
    assert mail(convert(path))["Subject"] == "s"


def hangs(path: Path) -> bytes:
    if path.name == "bad.msg":
        signal.pause()
    return b"a mail"


def dies(path: Path) -> bytes:
    if path.name == "bad.msg":
        os.kill(os.getpid(), signal.SIGKILL)
    return b"a mail"


def eats(path: Path) -> bytes:
    return bytes(10**12) if path.name == "bad.msg" else b"a mail"


@pytest.mark.parametrize(
    ("work", "said"),
    [(hangs, "took longer than"), (dies, "the process that read it ended"), (eats, "more memory than it may")],
)
def test_a_file_that_hangs_or_kills_its_reader_is_refused_alone(tmp_path: Path, work: Convert, said: str) -> None:
    (tmp_path / "a.msg").write_bytes(b"")
    (tmp_path / "bad.msg").write_bytes(b"")
    converter = Converter(seconds=1.0, work=work)
    try:
        with pytest.raises(Unreadable, match=said):
            converter(tmp_path / "bad.msg")
        assert converter(tmp_path / "a.msg") == b"a mail"
    finally:
        converter.close()
