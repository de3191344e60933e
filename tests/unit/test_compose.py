"""The composed mail: its structure, its bodies, its files, and the same bytes each time."""

from dataclasses import replace
from email import message_from_bytes, policy
from email.message import EmailMessage, MIMEPart

import pytest

from gateway.errors import Permanent
from gateway.mail.compose import compose
from gateway.model import Address, Attachment, Reply

PICTURE = Attachment("logo.png", "image/png", b"\x89PNG logo", "12")
OTHER_PICTURE = Attachment("chart.png", "image/png", b"\x89PNG chart", "1")
FILE = Attachment("terms.pdf", "application/pdf", bytes(range(256)))
PLAIN = Reply(
    message_id="<answer.1@gw.example.com>",
    date=1_700_000_000,
    sender=Address("Support", "support@example.com"),
    to=(Address("Ann", "ann@example.org"),),
    subject="Your question",
    body="Hello Ann",
    html_body="",
)


def read(message: bytes) -> EmailMessage:
    mail = message_from_bytes(message, policy=policy.default)
    assert isinstance(mail, EmailMessage)
    return mail


def shape(part: MIMEPart) -> object:
    if not part.is_multipart():
        return part.get_content_type()
    return (part.get_content_subtype(), [shape(child) for child in part.iter_parts()])


def parts(message: bytes, content_type: str) -> list[EmailMessage]:
    return [part for part in read(message).walk() if part.get_content_type() == content_type]


def html_of(message: bytes) -> str:
    (page,) = parts(message, "text/html")
    return str(page.get_content())


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({}, "text/plain"),
        ({"files": (FILE,)}, ("mixed", ["text/plain", "application/pdf"])),
        ({"html_body": "<p>Hi</p>"}, ("alternative", ["text/plain", "text/html"])),
        (
            {"html_body": '<img src="cid:12">', "inline": (PICTURE,)},
            ("alternative", ["text/plain", ("related", ["text/html", "image/png"])]),
        ),
        (
            {"html_body": '<img src="cid:12">', "inline": (PICTURE,), "files": (FILE,)},
            (
                "mixed",
                [("alternative", ["text/plain", ("related", ["text/html", "image/png"])]), "application/pdf"],
            ),
        ),
    ],
)
def test_a_level_that_would_hold_one_thing_is_left_out(change: dict[str, object], expected: object) -> None:
    assert shape(read(compose(replace(PLAIN, **change)))) == expected  # type: ignore[arg-type]


def test_the_same_reply_gives_the_same_bytes() -> None:
    reply = replace(PLAIN, html_body='<img src="cid:12">', inline=(PICTURE,), files=(FILE,))
    assert compose(reply) == compose(replace(reply))


def test_a_missing_text_is_made_from_the_html() -> None:
    (text,) = parts(compose(replace(PLAIN, body=" \n", html_body="<p>Good <b>morning</b></p>")), "text/plain")
    assert "morning" in text.get_content()
    assert "<b>" not in text.get_content()


def test_line_ends_become_crlf_and_the_rest_stays() -> None:
    message = compose(replace(PLAIN, body="one\ntwo\rthree\r\n\r\n  four  \n\n"))
    assert read(message).get_payload(decode=True) == b"one\r\ntwo\r\nthree\r\n\r\n  four  \r\n\r\n"


# Each of these was seen to make relays or readers change a text that is sent as it is.
@pytest.mark.parametrize(
    "body",
    [
        "x" * 5000,
        "Grüße ✂",
        "日本語" * 700,
        "nul \0 and bell \a",
        "space at the end \nnext",
        "--=_mixed_1\nnext",
        "\n.\n",
    ],
    ids=["a long line", "not ASCII", "hardly ASCII", "controls", "trailing space", "a boundary", "a dot"],
)
def test_any_text_arrives_as_it_was_written(body: str) -> None:
    message = compose(replace(PLAIN, body=body, files=(FILE,)))
    (text,) = parts(message, "text/plain")
    assert text.get_payload(decode=True) == body.replace("\n", "\r\n").encode()
    assert max(map(len, message.split(b"\r\n"))) <= 78


# What ends a mail in the ears of some server (lessons.md): it leaves as text, or not at all.
@pytest.mark.parametrize(
    "end",
    [
        *("\n.\n", "\r.\r", "\r.\n", "\n.\r", "\n.\r\n", "\r\n.\n", "\r.\r\n", "\r\n.\r"),
        *("\r\n\0.\r\n", "\r\n.\0\r\n", "\r\n.\r\r\n", "\r\r\n.\r\r\n", "\r\n.\r\n"),
    ],
)
def test_nothing_that_is_written_ends_the_mail_for_another_server(end: str) -> None:
    smuggled = f"x{end}MAIL FROM:<a@b.example>"
    named = Address(smuggled, "ann@example.org")
    file = Attachment(smuggled, "text/plain", smuggled.encode(), "1")
    message = compose(
        replace(
            PLAIN,
            subject=smuggled,
            body=smuggled,
            html_body=f"<p>{smuggled}<img src='cid:1'>",
            to=(named,),
            cc=(named,),
            reply_to=named,
            inline=(file,),
            files=(file,),
            headers=(("X-Cention-Errand", smuggled),),
        )
    )
    assert message.count(b"\r\n") == message.count(b"\r") == message.count(b"\n")
    assert b"\0" not in message
    text = parts(message, "text/plain")[0].get_payload(decode=True)
    assert isinstance(text, bytes)
    assert text.splitlines()[-1].endswith(b"MAIL FROM:<a@b.example>")
    assert read(message).keys()[:4] == ["From", "Reply-To", "To", "Cc"]


# A customer who quotes our last mail whole must not end a part of the next one.
def test_a_text_that_has_the_mails_own_boundary_in_it_ends_no_part() -> None:
    boundary = read(compose(replace(PLAIN, files=(FILE,)))).get_boundary()
    body = f"see\r\n--{boundary}--\r\nthat"
    message = compose(replace(PLAIN, body=body, files=(FILE,)))
    assert shape(read(message)) == ("mixed", ["text/plain", "application/pdf"])
    assert parts(message, "text/plain")[0].get_payload(decode=True) == body.encode()


# Relays take spaces off the ends of lines, and with them a signature's validity.
def test_no_line_ends_with_a_space() -> None:
    assert b" \r\n" not in compose(replace(PLAIN, body="-- \nAnn\t\n "))


def test_text_is_encoded_in_the_shorter_way() -> None:
    encoding = "Content-Transfer-Encoding"
    assert read(compose(PLAIN))[encoding] == "7bit"
    assert (
        read(compose(replace(PLAIN, body="Viele Grüße aus dem Süden, und bis zum nächsten Mal")))[encoding]
        == "quoted-printable"
    )
    assert read(compose(replace(PLAIN, body="こんにちは、ご質問ありがとうございます")))[encoding] == "base64"


def test_a_fragment_of_html_becomes_a_document_with_its_charset() -> None:
    html = html_of(compose(replace(PLAIN, html_body="<p>Grüße</p>")))
    assert html.startswith("<!DOCTYPE html>")
    assert "charset=utf-8" in html
    assert "<p>Grüße</p>" in html


def test_a_whole_document_stays_but_for_a_wrong_charset() -> None:
    page = (
        '<html><head><meta http-equiv="Content-Type" content="text/html; charset=latin1"></head><body>ä</body></html>'
    )
    assert html_of(compose(replace(PLAIN, html_body=page))) == page.replace("latin1", "utf-8")


def test_a_picture_gets_a_content_id_that_the_html_calls() -> None:
    reply = replace(PLAIN, html_body='<img src="cid:12"><img src="cid:1">', inline=(PICTURE, OTHER_PICTURE))
    message = compose(reply)
    by_content = {part.get_payload(decode=True): part for part in parts(message, "image/png")}
    for number, picture in enumerate((PICTURE, OTHER_PICTURE)):
        part = by_content[picture.content]
        content_id = part["Content-ID"].strip("<>")
        assert content_id.endswith("@gw.example.com")
        assert part.get_content_disposition() == "inline"
        assert html_of(message).split("<img ")[number + 1].startswith(f'src="cid:{content_id}"')


def test_a_picture_called_twice_is_sent_once() -> None:
    message = compose(replace(PLAIN, html_body='<img src="cid:12"><img src="cid:12">', inline=(PICTURE,)))
    assert len(parts(message, "image/png")) == 1


def test_two_pictures_that_are_the_same_are_sent_once() -> None:
    same = replace(PICTURE, content_id="1", name="again.png")
    message = compose(replace(PLAIN, html_body='<img src="cid:12"><img src="cid:1">', inline=(PICTURE, same)))
    (part,) = parts(message, "image/png")
    assert html_of(message).count(f"cid:{part['Content-ID'].strip('<>')}") == 2


# Readers show a picture by its type; Cention may not know it.
def test_a_file_whose_type_says_nothing_gets_the_one_that_its_content_tells() -> None:
    png = b"\x89PNG\r\n\x1a\n" + bytes(50)
    message = compose(replace(PLAIN, files=(Attachment("x", "application/octet-stream", png),)))
    assert parts(message, "image/png")[0].get_payload(decode=True) == png


# The agent attached it: it must arrive, shown or not.
def test_a_picture_that_the_html_does_not_call_is_a_file() -> None:
    message = compose(replace(PLAIN, html_body="<p>cid:12</p>", inline=(PICTURE,)))
    assert shape(read(message)) == ("mixed", [("alternative", ["text/plain", "text/html"]), "image/png"])
    assert parts(message, "image/png")[0].get_content_disposition() == "attachment"


def test_a_picture_without_html_is_a_file() -> None:
    assert shape(read(compose(replace(PLAIN, inline=(PICTURE,))))) == ("mixed", ["text/plain", "image/png"])


@pytest.mark.parametrize("content", [b"", b"x", bytes(range(256)) * 999, b"\r\n.\r\nMAIL FROM:<a@b>\r\n\n.\n\r.\r"])
def test_a_file_arrives_byte_for_byte(content: bytes) -> None:
    message = compose(replace(PLAIN, files=(Attachment("a.bin", "application/x-thing", content),)))
    assert parts(message, "application/x-thing")[0].get_payload(decode=True) == content


@pytest.mark.parametrize(
    "name",
    [
        "a.pdf",
        'quote " and \\ slash.pdf',
        "Rechnung für Müller.pdf",
        "請求書.pdf",
        "ä" * 150 + ".pdf",
        "a;b='c'.pdf",
        "%41.pdf",
        "=?utf-8?q?=0D=0A?=.pdf",
    ],
)
def test_a_file_keeps_its_name_and_has_one_in_ascii(name: str) -> None:
    message = compose(replace(PLAIN, files=(Attachment(name, "application/pdf", b"x"),)))
    (part,) = parts(message, "application/pdf")
    assert part.get_filename() == name
    fallback = part["Content-Type"].params["name"]
    assert fallback.isascii()
    assert fallback.endswith(".pdf")
    assert len(fallback) <= 60


def test_a_file_without_a_name_gets_one() -> None:
    message = compose(replace(PLAIN, files=(Attachment("\r\n", "application/pdf", b"x"),)))
    assert parts(message, "application/pdf")[0].get_filename() == "attachment"


# A composite type in base64 is forbidden (RFC 2046) and readers disagree on what it then means.
@pytest.mark.parametrize(
    "content_type", ["message/rfc822", "multipart/mixed", "nonsense", "text/pl ain", "a/b\r\nBcc: x@y"]
)
def test_a_type_that_cannot_be_sent_is_sent_as_octets(content_type: str) -> None:
    message = compose(replace(PLAIN, files=(Attachment("mail", content_type, b"a: b\n\nc"),)))
    (part,) = parts(message, "application/octet-stream")
    assert part.get_payload(decode=True) == b"a: b\n\nc"
    assert part.get_filename() == ("mail.eml" if content_type == "message/rfc822" else "mail")


@pytest.mark.parametrize(
    "change",
    [
        {"sender": Address("", "")},
        {"sender": Address("", "a@b\r\nBcc: x@example.com")},
        {"message_id": "no brackets"},
        {"message_id": "<a@b>\r\nBcc: x@example.com"},
    ],
)
def test_a_reply_that_cannot_be_a_mail_is_refused_for_good(change: dict[str, object]) -> None:
    with pytest.raises(Permanent):
        compose(replace(PLAIN, **change))  # type: ignore[arg-type]


# The last wall: whatever let it through, a mail with other fields than meant does not leave.
def test_the_finished_bytes_are_checked(monkeypatch: pytest.MonkeyPatch) -> None:
    for unfit in (
        b"Subject: x\r\nBcc: spy@example.com\r\n",
        b"Subject: x\n",
        b"Subject: x\0\r\n",
        b"Subject: " + b"x" * 999,
    ):
        monkeypatch.setattr("gateway.mail.field.fold", lambda name, tokens, unfit=unfit: unfit)
        with pytest.raises(Permanent, match="composed mail"):
            compose(PLAIN)
