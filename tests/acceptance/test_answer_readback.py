"""An answer with all that a route can put around it, through Postfix into Dovecot, and read back by IMAP.

It is read twice, by the standard library and by our own reader of strangers' mail, which know nothing of each other.
"""

from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest

from gateway.mail.parse import parse
from gateway.route.tag import answer_of, errand_of
from tests.acceptance.conftest import SUPPORT, Build
from tests.acceptance.picture import BLUE, RED
from tests.answers import BLOCK, METER, SIGN
from tests.servers.clients import swaks
from tests.servers.dovecot import Dovecot
from tests.servers.postfix import Postfix
from tests.servers.simulator import Upload

WRITER, OTHER = "readback@example.net", "copy.readback@example.net"
TEXT = "Hej Åsa,\n\nhär är svaret — 日本語, 🎉.\n\n.\nFrom here on.\n"
HTML = (
    "<style>p.big{font-size:20px}</style><p class=big>Hej Åsa, här är svaret — 日本語, 🎉.</p>"
    f'<table background="cid:archive_1"><tr><td><img src="cid:attachment_2" alt="röd"></td></tr></table>{METER}{BLOCK}'
)
FILES = (
    Upload("Kvitto № 17 åäö.pdf", "application/pdf", b"%PDF-1.4\n\x00\xff\r\n.\r\n%%EOF\n"),
    Upload("röd.png", "image/png", RED),
    Upload("brev.eml", "message/rfc822", b"Subject: x\n\nFrom y\n"),
)


def question() -> EmailMessage:
    """A mail to us and to somebody else."""
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Cc"] = f"Åsa <{WRITER}>", f"{SUPPORT}, sales@support.example.com", f"Bo <{OTHER}>"
    mail["Subject"], mail["Message-ID"], mail["References"] = "Fråga № 17", f"<q-{WRITER}>", f"<first-{WRITER}>"
    mail.set_content("Hej!\n")
    return mail


@pytest.fixture
def answered(build: Build, plain_smarthost: Postfix, dovecot: Dovecot, tmp_path: Path) -> bytes:
    """The answer's mail as it is in Dovecot."""
    (tmp_path / "logo.png").write_bytes(SIGN.content)
    look: dict[str, Any] = {
        "logo": str(tmp_path / "logo.png"),
        "signature": "Vänliga hälsningar\nKundtjänst",
        "legal": "Lampor AB, org.nr 5566-1234",
        "language": "sv",
        "subject_prefix": "Sv:",
        "original_message": "fold",
        "reply_all": True,
        "reply_tag": True,
        "verp": True,
        "list_unsubscribe": ["https://www.example.com/u?e={errand}", "mailto:stop@example.com"],
        "one_click_unsubscribe": True,
    }
    house = build({"outgoing": {"smarthosts": [f"smtp://127.0.0.1:{plain_smarthost.port}"]}}, start=False)
    (route,) = house.gateway.settings["route"]
    house.gateway.change({"route": [route | {"answer": look}]})
    house.gateway.start()
    swaks(house.gateway.smtp_port, sender=WRITER, to=SUPPORT, mail=question())
    [errand] = house.simulator.wait_for_errands()
    archives = [Upload("blå.png", "application/octet-stream", BLUE)]
    house.simulator.answer(errand["id"], TEXT, HTML, FILES, archives)
    dovecot.wait_for_mails(OTHER)
    dovecot.wait_for_mails(WRITER)
    [raw] = dovecot.raw_mails(WRITER)
    return raw


def test_an_answer_is_read_back_as_it_was_written_by_two_readers(answered: bytes, dovecot: Dovecot) -> None:
    [mail] = dovecot.mails(WRITER)
    check_header(mail)
    check_parts(mail)
    ours = parse(answered, "<none@x>")
    assert (ours.subject, ours.sender.email, ours.reply_to and ours.reply_to.email) == (
        mail["Subject"],
        SUPPORT,
        mail["Reply-To"].addresses[0].addr_spec,
    )
    assert ours.references == (f"<first-{WRITER}>", f"<q-{WRITER}>")
    assert ours.notes == ()
    assert ours.body.rstrip() == said(mail, "plain").rstrip()
    assert sorted((file.name, file.content) for file in ours.attachments) == sorted(
        (part.get_filename(), part.get_content()) for part in attached(mail)
    )
    shown = {file.content_id: file.content for file in ours.attachments if file.content_id}
    assert shown == {
        part["Content-ID"].strip("<>"): part.get_content() for part in attached(mail) if part["Content-ID"]
    }
    assert all(f"cid:{name}" in ours.html_body for name in shown)


def check_header(mail: EmailMessage) -> None:
    """Thread, recipients, and where what comes back comes to."""
    assert mail["Subject"] == "Sv: Fråga № 17"
    assert (mail["In-Reply-To"], mail["References"]) == (f"<q-{WRITER}>", f"<first-{WRITER}> <q-{WRITER}>")
    assert [address.addr_spec for address in mail["To"].addresses] == [WRITER]
    assert [address.addr_spec for address in mail["Cc"].addresses] == [OTHER]
    errand = errand_of(mail["Reply-To"].addresses[0].addr_spec)
    assert mail["X-Cention-Errand"].endswith(f"errand={errand}")
    assert answer_of(mail["Return-Path"].strip("<>")) is not None
    assert mail["List-Unsubscribe"].startswith(f"<https://www.example.com/u?e={errand}>")
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert mail["Content-Language"] == "sv"
    assert [part.defects for part in mail.walk() if part.defects] == []


def check_parts(mail: EmailMessage) -> None:
    """Structure, text, pictures and files."""
    related = ("multipart/related", ["text/html", "image/png", "image/png", "image/png"])
    files = ["application/pdf", "application/octet-stream"]
    assert shape(mail) == ("multipart/mixed", [("multipart/alternative", ["text/plain", related]), *files])
    text = said(mail, "plain")
    assert text.startswith(TEXT.rstrip())
    assert "Vänliga hälsningar\nKundtjänst" in text
    html = said(mail, "html")
    assert 'style="font-size: 20px;"' in html
    assert METER.partition(" style")[0] in html
    assert "Errand: #2256-1" in html
    contents = {part.get_filename(): part.get_content() for part in attached(mail)}
    assert contents == {
        "logo.png": SIGN.content,
        "blå.png": BLUE,
        **{one.name: one.content for one in FILES},
    }


def shape(mail: Any) -> object:
    """Types of parts, and of the parts in them."""
    if mail.is_multipart():
        return mail.get_content_type(), [shape(part) for part in mail.iter_parts()]
    return mail.get_content_type()


def said(mail: EmailMessage, kind: str) -> str:
    """The text or the HTML, its line ends made those of a text."""
    body = mail.get_body((kind,))
    assert body is not None
    return str(body.get_content()).replace("\r\n", "\n")


def attached(mail: EmailMessage) -> list[Any]:
    """Pictures and files."""
    return [part for part in mail.walk() if part.get_content_disposition()]
