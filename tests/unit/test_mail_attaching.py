"""Files of a mail as attachments: names that are unique and never empty, types, and where its pictures go."""

import base64
import zipfile
from io import BytesIO

import pytest

from gateway.mail.manner import Bounds, Manner
from gateway.mail.parse import parse
from tests.mails import files, multipart, part, read

PNG = b"\x89PNG\r\n\x1a\n" + bytes(40)
PICTURE = part(
    "image/png; name=p.png", base64.b64encode(PNG).decode(), "Content-ID: <p@x>", "Content-Transfer-Encoding: base64"
)
PICTURED = multipart("related", part("text/html", '<p>the page <img src="cid:p@x"></p>'), PICTURE)


def docx() -> bytes:
    file = BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
    return file.getvalue()


@pytest.mark.timeout(20)
def test_thousands_of_files_of_one_name_are_numbered_in_no_time() -> None:
    text = part("text/plain", "begin 644 a.txt\n#86)C\n`\nend\n" * 1_000)
    raw = f"From: a@b\n{multipart('mixed', *[text] * 20)}".encode()
    mail = parse(raw, "<1@x>", Manner(bounds=Bounds(parts=20_000)))
    names = [one.name for one in mail.attachments]
    assert names[:2] == ["a.txt", "a (2).txt"]
    assert len(set(names)) == 20_000


def attached(content: bytes, name: str, content_type: str = "application/octet-stream") -> str:
    encoded = base64.b64encode(content).decode()
    return part(f"{content_type}; name={name}", encoded, "Content-Transfer-Encoding: base64")


def test_files_of_one_name_are_numbered_in_the_order_of_the_mail() -> None:
    mail = read(
        multipart("mixed", *(part(f"application/pdf; name={name}", "x") for name in ("a.pdf", "A.pdf", "a.pdf")))
    )
    assert [one.name for one in mail.attachments] == ["a.pdf", "A (2).pdf", "a (3).pdf"]


def test_a_numbered_name_that_the_sender_uses_himself_is_not_given_twice() -> None:
    mail = read(multipart("mixed", *(part(f'application/pdf; name="{name}"', "x") for name in ("a", "a (2)", "a"))))
    assert [one.name for one in mail.attachments] == ["a", "a (2)", "a (3)"]


def test_attached_mails_without_a_subject_have_names_all_the_same() -> None:
    inner = part("message/rfc822", "From: a@b\n\nx")
    assert [one.name for one in read(multipart("mixed", inner, inner)).attachments] == [
        "attachment-1.eml",
        "attachment-2.eml",
    ]


@pytest.mark.parametrize(
    ("content", "name", "content_type"),
    [
        (PNG, "p", "image/png"),
        (b"%PDF-1.7\n" + bytes(40), "p", "application/pdf"),
        (docx(), "a.docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
        (docx(), "a.zip", "application/zip"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "a.xls", "application/vnd.ms-excel"),
        (b"MZ" + bytes(200), "setup.exe", "application/octet-stream"),
        (b"words that are nothing but words, and enough of them", "a", "application/octet-stream"),
        (b"PK\x03\x04", "a", "application/octet-stream"),
    ],
)
def test_some_bytes_are_what_their_content_says(content: bytes, name: str, content_type: str) -> None:
    (file,) = read(multipart("mixed", attached(content, name))).attachments
    assert (file.content_type, file.content) == (content_type, content)


def test_a_type_that_the_sender_gave_is_believed() -> None:
    (file,) = read(multipart("mixed", attached(PNG, "a.dat", "application/x-own"))).attachments
    assert file.content_type == "application/x-own"


def test_pictures_of_the_text_are_attached_and_called_by_content_id() -> None:
    mail = read(PICTURED)
    assert 'src="cid:p@x"' in mail.html_body
    assert files(mail) == [("p.png", "image/png", "p@x")]


def test_pictures_of_the_text_are_in_the_html_itself_where_that_is_set() -> None:
    mail = read(multipart("mixed", PICTURED, attached(PNG, "q.png")), manner=Manner(inline_images="data"))
    assert f'src="data:image/png;base64,{base64.b64encode(PNG).decode()}"' in mail.html_body
    assert files(mail) == [("q.png", "image/png", "")]


def test_pictures_of_the_text_are_left_out_where_that_is_set_and_the_trace_says_so() -> None:
    mail = read(multipart("mixed", PICTURED, attached(PNG, "q.png")), manner=Manner(inline_images="strip"))
    assert "<img" not in mail.html_body
    assert files(mail) == [("q.png", "image/png", "")]
    assert "a picture in the text was left out, as is set (p.png)" in mail.notes


# As an address may be written in a style, and in an attribute older than styles.
BACKGROUNDS = (
    '<p style="background: url(cid:p@x) no-repeat">',
    "<p style=\"background: url('cid:p@x') no-repeat\">",
    "<p style='background: url(\"cid:p@x\") no-repeat'>",
    '<table background="cid:p@x"><tr><td>',
)


@pytest.mark.parametrize("page", BACKGROUNDS)
def test_a_picture_behind_the_text_goes_where_the_others_do(page: str) -> None:
    raw = multipart("related", part("text/html", f"{page}the page"), PICTURE)
    assert "cid:p@x" in read(raw).html_body
    mail = read(raw, manner=Manner(inline_images="data"))
    assert f"data:image/png;base64,{base64.b64encode(PNG).decode()}" in mail.html_body
    assert not mail.attachments
    mail = read(raw, manner=Manner(inline_images="strip"))
    assert "cid:" not in mail.html_body
    assert "the page" in mail.html_body
    assert not mail.attachments


@pytest.mark.parametrize("kept", ["keep", "strip"])
def test_pictures_from_elsewhere_are_shown_as_is_set(kept: str) -> None:
    page = part("text/html", '<p>x <img src="https://x.example/p.png" width="200" height="90"></p>')
    shown = read(page, manner=Manner(remote_images="keep" if kept == "keep" else "strip")).html_body
    assert ("https://x.example" in shown) == (kept == "keep")


def test_an_attached_mail_ends_in_eml_whatever_its_sender_calls_it() -> None:
    inner = part('message/rfc822; name="Re hello"', "Subject: x\n\nx")
    (mail,) = read(multipart("mixed", inner)).attachments
    assert mail.name == "Re hello.eml"
