"""The names of files: fit for any disk, never misleading, and never empty."""

import pytest

from gateway.mail.filename import clean_name, made_name, type_of


@pytest.mark.parametrize(
    ("name", "clean"),
    [
        ("a.pdf", "a.pdf"),
        ("../../etc/passwd", "passwd"),
        ("C:\\new\\y.txt", "y.txt"),
        ("a\u202egnp.exe", "agnp.exe"),
        ("a\r\n\0b.txt", "ab.txt"),
        ("a<b>|c?.txt", "a_b__c_.txt"),
        ("...", ""),
        ("/", ""),
        (" a. ", "a"),
        ("管理.doc", "管理.doc"),
        ("dir/", "dir"),
        (".htaccess", ".htaccess"),
        ("a\u00adb\u200b\u2066.txt", "ab.txt"),
        ("invoice.pdf          .exe", "invoice.pdf .exe"),
        ("CON", "_CON"),
        ("C:\\x\\nul.txt", "_nul.txt"),
        ("com1 .pdf", "_com1 .pdf"),
        ("console.txt", "console.txt"),
    ],
)
def test_a_file_name_is_fit_for_any_disk(name: str, clean: str) -> None:
    assert clean_name(name) == clean


def test_a_long_name_keeps_its_ending() -> None:
    name = clean_name("x" * 300 + ".pdf")
    assert len(name) == 150
    assert name.endswith(".pdf")


# File systems count bytes.
@pytest.mark.parametrize("letter", ["å", "日", "😀"])
def test_a_long_name_is_short_in_bytes_as_well(letter: str) -> None:
    name = clean_name(letter * 100 + ".docx")
    assert len(name.encode()) <= 240
    assert name.endswith(f"{letter}.docx")
    assert name.replace("…", letter).strip(letter) == ".docx"


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        ("image/png", "attachment-1.png"),
        ("image/jpeg", "attachment-1.jpg"),
        ("text/plain", "attachment-1.txt"),
        ("message/rfc822", "attachment-1.eml"),
        ("application/pgp-signature", "signature.asc"),
        ("text/calendar", "invite.ics"),
        ("text/x-amp-html", "attachment-1.html"),
        ("x/unheard-of", "attachment-1"),
    ],
)
def test_a_name_is_made_from_the_type(kind: str, name: str) -> None:
    assert made_name("", 1, kind) == name


def test_a_mail_is_called_by_its_subject() -> None:
    assert made_name("Re: a/b", 1, "message/rfc822") == "Re_ a-b.eml"


def test_a_type_is_made_from_the_name() -> None:
    assert type_of("a.pdf") == "application/pdf"
    assert type_of("a.unheardof") == "application/octet-stream"
