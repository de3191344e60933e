"""Which parts are the text of a mail and which are files, in the shapes that mail programs really send."""

import base64

import pytest

from gateway.mail.manner import Manner
from gateway.mail.parse import parse
from tests.mails import files, multipart, part, read

PNG = b"\x89PNG\r\n\x1a\n" + bytes(40)


TEXT = part("text/plain; charset=utf-8", "the text")
HTML = part("text/html; charset=utf-8", "<p>the page</p>")
PICTURED = part("text/html", '<p>the page <img src="cid:p%40x"></p>')
PICTURE = part(
    "image/png; name=p.png", base64.b64encode(PNG).decode(), "Content-ID: <p@x>", "Content-Transfer-Encoding: base64"
)
PDF = part("application/pdf; name=a.pdf", "PDF")


def test_text_alone_is_the_body_as_it_stands() -> None:
    mail = read("\n\n  indented\r\nline\n\n")
    assert (mail.body, mail.html_body, mail.attachments, mail.notes) == ("\n  indented\nline\n\n", "", (), ())


def test_alternatives_are_text_and_html_of_one_mail() -> None:
    mail = read(multipart("alternative", TEXT, HTML))
    assert (mail.body, mail.html_body, mail.attachments) == ("the text", "<p>the page</p>", ())


def test_an_empty_text_beside_a_page_is_no_text() -> None:
    assert read(multipart("alternative", part("text/plain", " "), HTML)).body == "the page"


# The last alternative is the richest (RFC 2046 5.1.4); what is not shown for it is not lost.
def test_of_two_pages_the_last_is_shown_and_the_first_kept() -> None:
    rich = multipart("related", PICTURED, PICTURE, boundary="=_2")
    mail = read(multipart("alternative", TEXT, HTML, rich))
    assert mail.html_body == '<p>the page <img src="cid:p%40x"></p>'
    assert files(mail) == [("p.png", "image/png", "p@x"), ("attachment-2.html", "text/html", "")]


# Apple Mail: the page is in pieces, with files between, and all of it is the alternative to the text.
def test_a_page_in_pieces_is_one_page() -> None:
    pieces = multipart("mixed", HTML, PDF, part("text/html", "<p>the rest</p>"), boundary="=_2")
    mail = read(multipart("alternative", TEXT, pieces))
    assert mail.body == "the text"
    assert mail.html_body == "<p>the page</p>\n<p>the rest</p>"
    assert files(mail) == [("a.pdf", "application/pdf", "")]


# A list's footer, an antivirus note: text beside a page belongs to it.
def test_text_beside_a_page_is_shown_in_both() -> None:
    mail = read(
        multipart("mixed", multipart("alternative", TEXT, HTML, boundary="=_2"), part("text/plain", "a <footer>"))
    )
    assert mail.body == "the text\n\na <footer>"
    assert mail.html_body == '<p>the page</p>\n<div style="white-space: pre-wrap">a &lt;footer&gt;</div>'


def test_text_before_and_after_a_file_is_read_on() -> None:
    mail = read(multipart("mixed", TEXT, PDF, part("text/plain", "more")))
    assert mail.body == "the text\n\nmore"
    assert files(mail) == [("a.pdf", "application/pdf", "")]


@pytest.mark.parametrize("fields", [("text/plain; name=a.txt", ""), ("text/plain", "Content-Disposition: attachment")])
def test_a_text_that_is_named_or_attached_is_a_file(fields: tuple[str, str]) -> None:
    mail = read(multipart("mixed", TEXT, part(fields[0], "file", *filter(None, fields[1:]))))
    assert mail.body == "the text"
    assert [one.content for one in mail.attachments] == [b"file"]


# Some mailers name the two forms of a body; no one attaches an alternative.
def test_a_name_does_not_make_an_alternative_a_file() -> None:
    mail = read(
        multipart("alternative", part("text/plain; name=a.txt", "text"), part("text/html; name=a.html", "<p>page"))
    )
    assert (mail.body, mail.html_body, mail.attachments) == ("text", "<p>page</p>", ())


def test_a_second_disposition_that_says_attachment_counts() -> None:
    one = part("text/plain", "file", "Content-Disposition: inline", "Content-Disposition: attachment; filename=x.txt")
    assert read(multipart("mixed", TEXT, one)).body == "the text"


@pytest.mark.parametrize("content_type", ["text/calendar", "text/x-amp-html", "text/watch-html", "application/json"])
def test_an_alternative_that_nobody_shows_is_a_file(content_type: str) -> None:
    mail = read(multipart("alternative", TEXT, part(content_type, "other"), HTML))
    assert (mail.body, mail.html_body) == ("the text", "<p>the page</p>")
    assert [(one.content_type, one.content) for one in mail.attachments] == [(content_type, b"other")]


def test_a_file_that_is_the_only_text_is_shown_and_kept() -> None:
    mail = read(part("text/csv", "a;b", "Content-Disposition: attachment; filename=x.csv"))
    assert (mail.body, files(mail)) == ("a;b\n", [("x.csv", "text/csv", "")])


def test_a_binary_file_is_not_shown_as_text() -> None:
    assert read(part("text/plain; name=x.txt", "a\0b")).body == ""


# A mail that does not say what it is may be a file as it is, but not for one slip.
def test_a_mail_without_a_type_is_text_even_with_a_nul_in_it() -> None:
    assert read("X: y\n\nHel\0lo\n").body == "Hello\n"
    packed = read("X: y\n\n" + "packed \0 data" * 100)
    assert (packed.body, len(packed.attachments)) == ("", 1)


def test_pictures_of_a_page_are_inline_and_others_are_not() -> None:
    other = PICTURE.replace("p@x", "other@x").replace("p.png", "q.png")
    mail = read(multipart("mixed", PICTURED, PICTURE, other))
    assert files(mail) == [("p.png", "image/png", "p@x"), ("q.png", "image/png", "")]
    assert mail.attachments[0].content == PNG


def test_what_is_related_to_a_page_is_inline_even_if_nothing_calls_it() -> None:
    assert files(read(multipart("related", HTML, PICTURE))) == [("p.png", "image/png", "p@x")]


# The page need not be the first part (RFC 2387 3.2).
def test_start_names_the_page() -> None:
    page = part("text/html", '<img src="cid:p@x">', "Content-ID: <page@x>")
    mail = read(multipart("related", PICTURE, page, more='; start="<page@x>"'))
    assert "cid:p@x" in mail.html_body
    assert files(mail) == [("p.png", "image/png", "p@x")]


def test_a_signature_is_a_file_beside_what_it_signs() -> None:
    mail = read(multipart("signed", TEXT, part("application/pgp-signature", "SIG")))
    assert mail.body == "the text"
    assert files(mail) == [("signature.asc", "application/pgp-signature", "")]


def test_encrypted_parts_are_files_and_the_body_says_so() -> None:
    mail = read(
        multipart("encrypted", part("application/pgp-encrypted", "Version: 1"), part("application/octet-stream", "X"))
    )
    assert mail.body == "This mail is encrypted with PGP. It is attached as it came."
    assert [one.content for one in mail.attachments] == [b"Version: 1", b"X"]


def test_a_report_shows_its_words_and_keeps_the_rest() -> None:
    status = part("message/delivery-status", "Action: failed")
    headers = part("text/rfc822-headers", "Subject: x")
    mail = read(multipart("report", TEXT, status, headers))
    assert mail.body == "the text"
    assert [one.content_type for one in mail.attachments] == ["message/delivery-status", "text/rfc822-headers"]


def test_an_attached_mail_is_named_after_its_subject() -> None:
    inner = "Subject: =?utf-8?q?R=C3=A4kning?=\n\n" + "inner"
    mail = read(multipart("mixed", TEXT, part("message/rfc822", inner)))
    assert files(mail) == [("Räkning.eml", "message/rfc822", "")]
    assert mail.attachments[0].content == inner.encode()


# "Forward as attachment" with not a word added: the agent still has something to read.
def test_a_mail_that_only_forwards_another_shows_the_text_of_that() -> None:
    mail = read(part("message/rfc822", "Subject: inner\n\nforwarded words"))
    assert mail.body == "forwarded words\n"
    assert [one.name for one in mail.attachments] == ["inner.eml"]
    assert read("Content-Type: message/rfc822\n\n" * 1000 + "x").attachments


def test_a_file_without_a_type_gets_the_one_of_its_name() -> None:
    one = "Content-Disposition: attachment; filename=a.pdf\n\nPDF\n"
    assert files(read(multipart("mixed", TEXT, one))) == [("a.pdf", "application/pdf", "")]


def test_a_flowed_text_is_unwrapped() -> None:
    assert read(part("text/plain; format=flowed", "one \ntwo\n")).body == "one two\n\n"


def test_a_page_without_a_character_set_is_in_the_one_it_names_itself() -> None:
    raw = b"Content-Type: text/html\n\n<meta charset=koi8-r><p>\xd4\xd2\xc9</p>"
    assert parse(raw, "<1@x>").html_body == "<p>три</p>"


# Nothing safe may be left of a page that is not empty; then it is at least a file.
def test_a_page_that_cannot_be_shown_is_kept() -> None:
    mail = read(part("text/html", "<title>" + "x" * 5000))
    assert [one.content_type for one in mail.attachments] == ["text/html"]
    assert mail.notes


def test_an_empty_page_is_not_a_file() -> None:
    assert read(part("text/html", "<html><head><style>p {}</style></head><body></body></html>")).attachments == ()


def test_the_message_id_is_kept_as_it_is() -> None:
    assert read("Message-ID: <a@b>\n\nx").message_id == "<a@b>"
    assert read("Message-ID: <a@b> (added by c)\n\nx").message_id == "<a@b>"
    assert read("Message-ID: no brackets\n\nx").message_id == "no brackets"
    assert read("Message-ID:\n\nx").message_id == "<1@x>"
    assert read("\nx").message_id == "<1@x>"


def test_references_are_the_last_of_the_chain_each_once() -> None:
    chain = " ".join(f"<{number}@x>" for number in range(80))
    mail = read(f"References: {chain}\nIn-Reply-To: Your mail <79@x>, <new@x>\n\nx")
    assert len(mail.references) == 50
    assert mail.references[-2:] == ("<79@x>", "<new@x>")


# A reader that breaks must not lose the mail.
def test_a_mail_that_breaks_its_reader_arrives_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise RecursionError

    monkeypatch.setattr("gateway.mail.parse.read_body", broken)
    raw = b"From: a@b\nSubject: s\nMessage-ID: <m@x>\n\nbody"
    mail = parse(raw, "<1@x>")
    assert (mail.sender.email, mail.subject, mail.message_id) == ("a@b", "s", "<m@x>")
    assert [(one.name, one.content_type, one.content) for one in mail.attachments] == [
        ("mail.eml", "message/rfc822", raw)
    ]
    assert "RecursionError" in mail.notes[0]


# A text that uuencode or yEnc stands in is a text and a file.
def test_a_file_within_the_text_is_taken_out_of_it() -> None:
    mail = read("\nbefore\nbegin 644 a.txt\n#0V%T\n`\nend\nafter\n")
    assert [(one.name, one.content) for one in mail.attachments] == [("a.txt", b"Cat")]
    assert mail.body == "before\nafter\n"


# The part is the whole mail: its name says what to call it, not that it is no text.
def test_a_name_does_not_make_a_file_of_a_mail_that_is_one_text() -> None:
    mail = read(part("text/plain; name=mail.txt", "the text"))
    assert (mail.body, mail.attachments) == ("the text\n", ())


def test_alternatives_that_nobody_shows_are_left_out_where_that_is_set_and_the_trace_says_so() -> None:
    amp = part("text/x-amp-html", "<html amp4email>")
    mail = read(multipart("alternative", TEXT, amp, HTML), manner=Manner(alternatives="leave-out"))
    assert (mail.body, mail.html_body, mail.attachments) == ("the text", "<p>the page</p>", ())
    assert mail.notes == ("an alternative that nobody shows was left out (text/x-amp-html)",)


# RFC 2557: saved web pages and some newsletters call pictures by where they were.
@pytest.mark.parametrize(
    ("base", "call"),
    [("", "https://x.example/i/p.png"), ("https://x.example/i/page.html", "p.png"), ("https://x.example/", "i/p.png")],
)
def test_a_picture_that_is_called_by_its_place_is_called_by_content_id(base: str, call: str) -> None:
    page = part("text/html", f'<p>the page <img src="{call}"></p>', *([f"Content-Location: {base}"] if base else []))
    picture = part("image/png", "PNG", "Content-Location: https://x.example/i/p.png")
    mail = read(multipart("related", page, picture))
    (file,) = mail.attachments
    assert file.content_id.endswith("@content-location")
    assert f'src="cid:{file.content_id}"' in mail.html_body


def test_what_has_a_place_that_the_page_does_not_call_is_a_file() -> None:
    picture = part("image/png; name=p.png", "PNG", "Content-Location: https://x.example/i/p.png")
    assert files(read(multipart("related", HTML, picture))) == [("p.png", "image/png", "")]


@pytest.mark.parametrize(
    ("content_type", "said"),
    [
        ("message/partial; id=x; number=2; total=3", "This is piece 2 of 3 of a mail that was sent in pieces."),
        (
            'message/external-body; access-type=URL; url="https://x.example/a.pdf"',
            "Part of this mail lies elsewhere: https://x.example/a.pdf",
        ),
        ("message/external-body; access-type=anon-ftp; site=f.example; name=a", "lies elsewhere: ANON-FTP f.example a"),
    ],
)
def test_a_part_that_only_points_elsewhere_says_where(content_type: str, said: str) -> None:
    mail = read(part(content_type, "Content-Type: text/plain\n\nx"))
    assert said in mail.body
    assert len(mail.attachments) == 1


@pytest.mark.parametrize("kind", ["delivery-status", "disposition-notification", "feedback-report"])
def test_a_report_without_words_shows_what_it_reports(kind: str) -> None:
    mail = read(multipart("report", part(f"message/{kind}", "Reporting-MTA: dns; x")))
    assert mail.body.startswith("Reporting-MTA: dns; x")
    assert [one.content_type for one in mail.attachments] == [f"message/{kind}"]


def test_pgp_in_the_text_stays_readable() -> None:
    signed = "-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA256\n\nwords\n-----BEGIN PGP SIGNATURE-----\nx\n"
    assert "words" in read(part("application/pgp; format=text", signed)).body


def test_markdown_is_shown_as_it_is_written() -> None:
    assert read(part("text/markdown", "# Hej\n*you*")).body == "# Hej\n*you*\n"


def test_rich_text_that_is_the_only_text_is_shown_without_its_commands() -> None:
    mail = read(part("application/rtf; name=a.rtf", r"{\rtf1\ansi{\fonttbl{\f0 Arial;}}\pard the \b text\b0\par}"))
    assert mail.body == "the text"
    assert [one.name for one in mail.attachments] == ["a.rtf"]


# Lotus Notes: everything is related to everything.
def test_alternatives_within_what_is_related_are_one_mail() -> None:
    mail = read(
        multipart(
            "mixed",
            multipart("related", multipart("alternative", TEXT, PICTURED, boundary="=_3"), PICTURE, boundary="=_2"),
            PDF,
        )
    )
    assert mail.body == "the text"
    assert "cid:p%40x" in mail.html_body
    assert files(mail) == [("p.png", "image/png", "p@x"), ("a.pdf", "application/pdf", "")]


def test_a_page_that_a_picture_divides_is_one_page() -> None:
    mail = read(multipart("mixed", HTML, PICTURE, part("text/html", "<p>the rest</p>")))
    assert mail.html_body == "<p>the page</p>\n<p>the rest</p>"
    assert mail.body == "the page\n\nthe rest"
    assert files(mail) == [("p.png", "image/png", "")]
