"""Mails that nobody here wrote (../shared/corpora): each is read, nothing of it is lost, and it says what it said.

The standard library is the oracle for subject and files; where we read otherwise, the reason stands here.
"""

import email
from email.policy import default
from pathlib import Path

import pytest

from gateway.mail.parse import parse
from gateway.model import Mail

FOLDER = Path(__file__).parent.parent.parent.parent / "shared" / "corpora"
MAILS = sorted(path for path in FOLDER.glob("*/*") if path.suffix in {".raw", ".eml"})

pytestmark = [
    pytest.mark.corpora,
    pytest.mark.skipif(not MAILS, reason="the folder of foreign mails, ../shared/corpora, is not there"),
]

READ_OTHERWISE = {
    "low-quality__bad-header-wrap.raw": "a parameter on a line that is not indented belongs to its field all the same",
    "mail__attachment-octet.raw": "the name that stands in the parameter `file=` is found",
    "mail__header-only.raw": "a multipart without any part is no file",
    "mail__mime-bad-content-type.raw": "the type is what stands before the broken parameter",
    "mail__mime-blank-media-name.raw": "the type is what stands before the broken parameter",
    "mail__multipart-wo-boundary.raw": "a multipart without boundary is text, not a file of that type",
    "parts__barren-content-type.raw": "an empty part of unknown type is kept as a file",
    "testdata__delayed_dsn.raw": "a delivery status is kept as a file",
    "testdata__dsn_with_multipart_alternative.raw": "a delivery status and the returned mail are kept as files",
    "testdata__multi_recipient_dsn.raw": "a delivery status and the returned mail are kept as files",
    "testdata__simple_dsn.raw": "a delivery status and the returned mail are kept as files",
    "testdata__simple_dsn_with_html.raw": "a delivery status and the returned mail are kept as files",
    "decoderended.eml": "a mail in the mail is a file",
    "delivery-status.eml": "a delivery status and the returned mail are kept as files",
    "htmllargecallstack.eml": "HTML in which there is nothing to show is kept as a file",
    "nodemailer.eml": "an alternative for watches is kept as a file",
}


def read(path: Path) -> Mail:
    return parse(path.read_bytes(), "<fallback@gw>")


@pytest.mark.timeout(20)
@pytest.mark.parametrize("path", MAILS, ids=lambda path: path.name)
def test_every_mail_is_read(path: Path) -> None:
    mail = read(path)
    assert mail.message_id
    for text in (mail.subject, mail.sender.name, mail.sender.email, mail.body, mail.html_body):
        assert "\0" not in text
        text.encode()
    payload = path.read_bytes().replace(b"\r\n", b"\n").partition(b"\n\n")[2].strip()
    assert mail.body or mail.attachments or not payload or path.name == "mail__header-only.raw"


@pytest.mark.parametrize("path", MAILS, ids=lambda path: path.name)
def test_subject_and_files_are_what_the_standard_library_reads_or_better(path: Path) -> None:
    mail, oracle = read(path), email.message_from_bytes(path.read_bytes(), policy=default)
    files = [
        (part.get_filename(), part.get_content_type(), part.get_payload(decode=True) or b"")
        for part in oracle.walk()
        if not part.is_multipart() and (part.get_filename() or part.get_content_maintype() not in {"text", "message"})
    ]
    agrees = [(one.name, one.content_type, one.content) for one in mail.attachments] == files
    assert agrees == (path.name not in READ_OTHERWISE)
    assert mail.subject == str(oracle["subject"] or "").strip()


# Written down by reading the mails: sender, beginning of the text, whether there is HTML, files by name.
EXPECTED = {
    "mail__attachment.raw": ("james@makita.skynet", "A text section", False, ["test.html"]),
    "mail__html-mime-inline.raw": ("james@makita.skynet", "Test of text section", True, ["favicon.png"]),
    "mail__mime-alternative.raw": ("jamehi03@jamehi03lx.noa.com", "Section one\n\nSection two", False, []),
    "mail__mime-bad-8bit-filename.raw": ("pavel.bazika@some.domain", "", False, ["管理.doc"]),
    "mail__mime-signed.raw": ("jamehi03@jamehi03lx.noa.com", "Section one", False, ["signature.asc"]),
    "mail__non-mime.raw": ("james@hillyerd.com", "This is a test mailing", False, []),
    "mail__other-multi-related.raw": ("james@makita.skynet", "Plain text.", True, ["image001.png", "image002.png"]),
    "mail__other-parts.raw": ("valere.jeantet@gmail.com", "", False, ["B05.gif"]),
    "mail__quoted-printable.raw": ("james@makita.skynet", "Lorem ipsum dolor sit amet", False, []),
    "low-quality__malformed-base64-attach.raw": ("james@makita.skynet", "A text section", False, ["some.doc"]),
    "low-quality__bad-final-boundary.raw": ("james@makita.skynet", "A text section", False, ["foo_9E5D72.zip"]),
    "testdata__simple_dsn.raw": ("MAILER-DAEMON@CS.UTK.EDU", "", False, ["delivery-status.txt", "attachment-2.eml"]),
    "delivery-status.eml": ("MAILER-DAEMON@amazonses.com", "", False, ["delivery-status.txt", "Example Subject.eml"]),
    "nodemailer.eml": ("andris@kreata.ee", "", True, ["attachment-1.html", "image.png", "nyan cat ✔.gif", "notes.txt"]),
    "spam.eml": ("", "", True, []),
}


@pytest.mark.parametrize("name", EXPECTED)
def test_a_mail_says_what_was_read_in_it(name: str) -> None:
    sender, start, html, files = EXPECTED[name]
    mail = read(next(path for path in MAILS if path.name == name))
    assert mail.sender.email.endswith(sender)
    assert mail.body.startswith(start)
    assert bool(mail.html_body) == html
    assert [one.name for one in mail.attachments] == files
