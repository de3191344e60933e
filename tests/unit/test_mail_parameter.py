"""Parameters of Content-Type and Content-Disposition, as mailers write them."""

import pytest

from gateway.mail.parameter import disposition, media_type

NAMES = ("filename", "name")


@pytest.mark.parametrize(
    ("value", "name"),
    [
        (b"a/b; name=x.pdf", "x.pdf"),
        (b'a/b; name="a b.pdf"; name="c.pdf"', "a b.pdf"),
        (b'a/b name="x.pdf"', "x.pdf"),
        (b"a/b; name=Invoice_(1).pdf", "Invoice_(1).pdf"),
        (b"a/b; name=My Report.pdf; x=y", "My Report.pdf"),
        (b'a/b; name="open', "open"),
        (b'a/b; name="a\\"b"', 'a"b'),
        (b'a/b; name="C:\\new\\x.txt"', "C:\\new\\x.txt"),
        (b'a/b; name="a;b=c"', "a;b=c"),
        (b"a/b; NAME = x", "x"),
        (b"a/b name=one.pdf x=y", "one.pdf"),
        (b"a/b\tname*0*=utf-8''o%6Ee\tname*1=.pdf\tx=y", "one.pdf"),
        (b'a/b; name="=?utf-8?q?=C3=A5.txt?="', "å.txt"),
        (b"a/b; name==?utf-8?q?=C3=A5.txt?=", "å.txt"),
        ("a/b; name=管理.doc".encode(), "管理.doc"),
        ("a/b; name=å.doc".encode("latin-1"), "å.doc"),
        # RFC 2231
        (b"a/b; name*=utf-8''%e2%82%ac%20rates", "€ rates"),
        (b"a/b; name*=iso-8859-1'en'%A3", "£"),
        (b"a/b; name*0*=utf-8''%e2%82; name*1*=%ac; name*2=\" x\"", "€ x"),
        (b'a/b; name*1="b.txt"; name*0="a"', "ab.txt"),
        (b"a/b; name=wrong; name*=utf-8''right", "right"),
        (b"a/b; name*=\"utf-8''x%20y\"", "x y"),
        (b"a/b; name*=x%20y", "x y"),
        (b'a/b; name*0="=?utf-8?q?a"; name*1="b?="', "ab"),
    ],
)
def test_a_name_is_read_as_its_sender_meant_it(value: bytes, name: str) -> None:
    assert media_type(value).text(NAMES) == name


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        (b"Text/HTML; charset=x", "text/html"),
        (b'"text/plain"', "text/plain"),
        (b"text/plain>", "text/plain"),
        (b"text / plain", "text/plain"),
        (b"application/pdf name=x", "application/pdf"),
        (b"<html>", ""),
        (b"text", ""),
        (b";", ""),
        (b"", ""),
    ],
)
def test_a_media_type_is_bare_and_in_lower_case(value: bytes, kind: str) -> None:
    assert media_type(value).value == kind


@pytest.mark.parametrize(
    ("value", "kind", "name"),
    [
        (b"Attachment; filename=x", "attachment", "x"),
        (b"inline", "inline", ""),
        (b"attachment filename=x", "attachment", "x"),
        (b"filename=x.txt", "", "x.txt"),
        (b"\"attachment\"; filename*=utf-8''x", "attachment", "x"),
    ],
)
def test_a_disposition_is_read_with_its_file_name(value: bytes, kind: str, name: str) -> None:
    assert (disposition(value).value, disposition(value).text(NAMES)) == (kind, name)


def test_a_token_has_no_comment() -> None:
    assert media_type(b"multipart/mixed; boundary=abc (of mine)").raw("boundary") == "abc"
    assert media_type(b"text/plain; charset=utf-8 (Plain text)").raw("charset") == "utf-8"


@pytest.mark.parametrize(
    "value",
    [
        b'a/b; a="' + b'" ' * 100_000,
        b'a/b; a="' + b'"a=b' * 100_000,
        b"a/b;" + b" a" * 100_000,
        b"a/b;" + b" " * 100_000 + b"x",
        b'a/b; a="' + b"\\" * 100_001,
    ],
)
def test_parameters_take_no_time(value: bytes) -> None:
    assert media_type(value).value == "a/b"
