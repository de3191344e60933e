"""What the foreign mails say, written down by reading them: subject, sender, text, HTML, and files to the byte.

A file is its name, its type and its content, by the beginning of its SHA-256 (taken with other programs) or by length.
"""

from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

import pytest

from gateway.mail.parse import parse
from gateway.mail.scan import Part, scan
from gateway.mail.transfer import decode_transfer
from gateway.model import Mail

FOLDER = Path(__file__).parent.parent.parent.parent / "shared" / "corpora"
MAILS = sorted(path for path in FOLDER.glob("*/*") if path.suffix in {".raw", ".eml"})

pytestmark = [
    pytest.mark.corpora,
    pytest.mark.skipif(not MAILS, reason="the folder of foreign mails, ../shared/corpora, is not there"),
]

JAMES = "James Hillyerd <james@makita.skynet>"
EASY = "easyHotel Booking <bookings@easyHotel.com>"
DAEMON = "Mail Delivery Subsystem <MAILER-DAEMON@CS.UTK.EDU>"
ICON = "b2da38772091"
PDF = "7e00f88c6d90"
CONFIRMATION = "Confirmation of Booking with easyHotel"


class Said(NamedTuple):
    """What a mail says: `text` is in the body, `html` in the HTML body ("" where there is no HTML), files in order."""

    subject: str
    sender: str
    text: str
    html: str = ""
    files: tuple[tuple[str, str, str | int], ...] = ()


ZIP = (("foo_9E5D72.zip", "application/x-zip-compressed", 7),)
DOC = (("some.doc", "application/msword", 7),)
FAVICON = (("favicon.png", "image/png", ICON),)
INVOICE = (("Invoice_302232133150612.pdf", "application/pdf", PDF),)
TEST_FILES = (("test.pdf", "application/pdf", PDF), ("test.txt", "text/plain", 18))
DSN = (("attachment-1.txt", "message/delivery-status", 262), ("attachment-2.eml", "message/rfc822", 29))
HUMAN = "[human-readable explanation goes here]"

WRITTEN_DOWN = {
    "encode__parser-raw-content-text-option.raw": Said("Test subject", "me@me.com", "添付ファイル名テスト"),
    "encode__parser-raw-content-html-option.raw": Said(
        "Test subject", "me@me.com", "My first paragraph éà.", "<p>My first paragraph éà.</p>"
    ),
    "low-quality__bad-final-boundary.raw": Said("Attachment", JAMES, "A text section", files=ZIP),
    "low-quality__bad-header-start.raw": Said("plain text", JAMES, "A text section"),
    "low-quality__bad-header-wrap.raw": Said(
        "Attachment", JAMES, "A text section", files=(("7DDA4_foo_9E5D72.zip", "application/x-zip-compressed", 7),)
    ),
    "low-quality__incorrect-charset.raw": Said("plain text", JAMES, "∮ E⋅da = Q,  n → ∞"),
    "low-quality__malformed-base64-attach.raw": Said("Attachment", JAMES, "A text section", files=DOC),
    "low-quality__unk-charset-html-only.raw": Said("Attachment", JAMES, "Hello World!", "<p>Hello World!</p>"),
    "low-quality__unk-charset-part.raw": Said("Attachment", JAMES, "A text section", files=ZIP),
    "low-quality__unk-encoding-part.raw": Said(
        "Attachment", JAMES, "A text section", files=(("foo_9E5D72.zip", "application/x-zip-compressed", 13),)
    ),
    "mail__attachment-octet.raw": Said(
        "In One Ear",
        "me@here.com",
        "A text section",
        files=(("ATTACHMENT.EXE", "application/octet-stream", "f976f2100b50"),),
    ),
    "mail__attachment-only-inline.raw": Said(
        "Test", "alice@test.com", "", files=(("favicon.jpg", "image/jpeg", ICON),)
    ),
    "mail__attachment-only-inline-quoted-printable.raw": Said(
        "Text body only with disposition inline",
        "Chris Garrett <cgarrett@stuff.com>",
        "Just some html content",
        "Just some html content",
    ),
    "mail__attachment-only-text-attachment.raw": Said(
        "Test", "alice@test.com", "Test;Test", files=(("test.csv", "text/plain", "e28dc7af067e"),)
    ),
    "mail__ctype-bug.raw": Said(
        "Welcome to Papertrail",
        "Papertrail <support@papertrailapp.com>",
        "What's next? Head over to the Quick Start:",
        "https://papertrailapp.com/start",
    ),
    "mail__epilogue-sample.raw": Said(
        "Epilogue", "Pedro Mendez <pem@open.ch>", "A text section", files=(("test.html", "text/html", 7),)
    ),
    "mail__erroneous.raw": Said("", "", "// Not an RFC-822 Document"),
    "mail__html-mime-bad-charset-inline.raw": Said(
        "MIME test 1", JAMES, "Test of text section", "Test of HTML section", FAVICON
    ),
    "mail__html-only-inline.raw": Said("MIME test 1", JAMES, "Test of HTML section", "cid:8B8481A2-25CA-4886", FAVICON),
    "mail__inlinemultipart.raw": Said("Test", "bob@extern", "Simple text.", files=TEST_FILES),
    "mail__malformed-multiple-address-header-values.raw": Said(
        "Test", "Bob Dunite <bob@extern>", "Simple text.", files=TEST_FILES
    ),
    "mail__mime-bad-8bit-filename.raw": Said(
        "Malformed test",
        "Pavel Bazika <pavel.bazika@some.domain>",
        "Text part",
        files=(("管理.doc", "application/msword", 7),),
    ),
    "mail__mime-bad-content-transfer-encoding.raw": Said(
        "alert", "example <example@demo.com>", "glactspang  cruvvob", "This is an example"
    ),
    "mail__mime-bad-content-type.raw": Said(CONFIRMATION, EASY, "Thank you for booking", files=INVOICE),
    "mail__mime-blank-media-name.raw": Said(CONFIRMATION, EASY, "We wish you a pleasant stay.", files=INVOICE),
    "mail__mime-duplicate-param.raw": Said(CONFIRMATION, EASY, "terms and conditions", files=INVOICE),
    "mail__mime-unquoted-tspecials-param.raw": Said(
        CONFIRMATION, EASY, "easyHotel", files=(("Invoice_(302232133150612).pdf", "application/pdf", PDF),)
    ),
    "mail__mime-mixed-related.raw": Said(
        "Multipart Mixed",
        "James Hillyerd <jamehi03@jamehi03lx.noa.com>",
        "html1\n\nhtml2",
        "<p>html1</p>\n<p>html2</p>",
    ),
    "mail__mime-signed.raw": Said(
        "Multipart Signed",
        "James Hillyerd <jamehi03@jamehi03lx.noa.com>",
        "Section one\n\nSection two",
        files=(("signature.asc", "application/pgp-signature", 828),),
    ),
    "mail__multipart-wo-boundary.raw": Said(
        "Delivery Status Notification (Failure)", "Mailer-Daemon@example.com", "I'm  multipart message without boundary"
    ),
    "mail__non-mime-html-charset-header-only.raw": Said("Test", "alice@intern.com", "Test Müller", "Test Müller"),
    "mail__other-multi-related.raw": Said(
        "MIME test 1",
        JAMES,
        "Plain text.",
        "<i>HTML text.</i>",
        (("image001.png", "image/png", ICON), ("image002.png", "image/png", ICON)),
    ),
    "mail__other-parts.raw": Said(
        "Emoji from Gmail",
        "Valere JEANTET <valere.jeantet@gmail.com>",
        "A text section",
        files=(("B05.gif", "image/gif", 123),),
    ),
    "mail__qp-ascii-header.raw": Said(
        "Test QP Subject!", "James Hillyerd <james@hillyerd.com>", "This is a test mailing"
    ),
    "mail__qp-utf8-header-no-break.raw": Said(
        "MIME UTF8 Test ¢ More Text",
        "James Hillyerd <jamehi03@jamehi03lx.noa.com>",
        "Nullam venenatis ante fermentum",
        "Lorem ipsum",
    ),
    "parts__bin-attach.raw": Said(
        "", "", "A text section", files=(("test.bin", "application/octet-stream", "38f9d2935f13"),)
    ),
    "parts__chardet-success-big-5.raw": Said("", "", "顏是家訓  北齊  顏之推"),
    "parts__chardet-success-iso-8859-1.raw": Said("", "", "DIE Drachenköpfe unserer Boote"),
    "parts__extra-base64-character.raw": Said(
        "Each part contains 1 extra base64 character (4*n + 1)", "", "Hello World!", "<p>Hello World</p>"
    ),
    "parts__multi-malformed.raw": Said("", "", "Section one\n\nI'm section without headers\n\nSection two"),
    "parts__multimixed-no-closing-boundary.raw": Said("", "", "Hello,", "Hello,"),
    "parts__nestedmulti.raw": Said(
        "",
        "",
        "A text section",
        "An HTML section",
        (("attach.txt", "text/plain", 25), ("attach2.txt", "text/plain", 30)),
    ),
    "parts__quoted-printable-invalid.raw": Said("", "", "ref=od_aui_detailpages00?ie=UTF8&psc=1\n\nStuffs"),
    "parts__similar-boundary.raw": Said("", "", "Section one\n\nA text section", "An HTML section"),
    "testdata__simple_dsn.raw": Said("Returned mail: Cannot send message for 5 days", DAEMON, HUMAN, files=DSN),
    "testdata__simple_dsn_with_html.raw": Said(
        "Returned mail: Cannot send message for 5 days", DAEMON, HUMAN, f"<div>{HUMAN}</div>", DSN
    ),
    "base64encodedroot.eml": Said("", "test@example.com", "", files=(("screenshot.png", "image/png", "3d0c2d17edd1"),)),
    "decoderended.eml": Said(
        "Fwd: fotos",
        "wwuaof <booewq@uuui.com>",
        "Be a better something.",
        "html sectionÜ",
        (("attachment-1.eml", "message/rfc822", 0),),
    ),
    "large_text.eml": Said(
        "[Bug 381598] Re: ubiquity crashes in ubuntu 9.04 installation",
        "Brian Murray <brian@ubuntu.com>",
        "Exception during installation:",
    ),
    "mixed.eml": Said("", "", "cleared\n\nGood Morning;", "Good Morning;"),
    "nested.eml": Said("", "u@example.com", "Good evening.", "<p>The footer</p>"),
    "nodemailer.eml": Said(
        "Nodemailer is unicode friendly ✔ (1476358788189)",
        "Andris Kreata <andris@kreata.ee>",
        "Hello to myself!",
        "cid:nyan@example.com",
        (
            ("attachment-1", "text/watch-html", 22),
            ("image.png", "image/png", 126),
            ("nyan cat ✔.gif", "image/gif", "c9c06996e64d"),
            ("notes.txt", "text/plain", 28),
        ),
    ),
    "spam.eml": Said(
        "123.042 Euro pro Jahr GRARANTIERT von einer Bank! KOSTENLOS",
        "Matilda Klein <noreply@guide-des-vins-de-bourgogne.fr>",
        "Im Jahre 2007 wurde er als „asozialer Penner“ beschimpft!",
        "asozialer Penner",
    ),
}


def read(name: str) -> Mail:
    return parse(next(path for path in MAILS if path.name == name).read_bytes(), "<fallback@gw>")


@pytest.mark.parametrize("name", WRITTEN_DOWN)
def test_a_mail_says_what_a_reader_finds_in_it(name: str) -> None:
    said, mail = WRITTEN_DOWN[name], read(name)
    named = f"{mail.sender.name} <{mail.sender.email}>" if mail.sender.name else mail.sender.email
    assert (mail.subject, named) == (said.subject, said.sender)
    assert said.text in mail.body
    assert said.html in mail.html_body
    assert bool(mail.html_body) == bool(said.html)


@pytest.mark.parametrize("name", WRITTEN_DOWN)
def test_its_files_are_what_a_reader_would_save(name: str) -> None:
    said, mail = WRITTEN_DOWN[name].files, read(name)
    assert [(one.name, one.content_type) for one in mail.attachments] == [one[:2] for one in said]
    for file, (*_, content) in zip(mail.attachments, said, strict=True):
        digest = sha256(file.content).hexdigest()[:12]
        assert content == (len(file.content) if isinstance(content, int) else digest)


def leaves(part: Part) -> list[Part]:
    return [leaf for child in part.parts for leaf in leaves(child)] if part.parts else [part]


# Nothing of a mail disappears: a leaf is a file to the byte, or its words are in what is shown.
@pytest.mark.parametrize("path", MAILS, ids=lambda path: path.name)
def test_every_leaf_is_in_the_text_or_among_the_files(path: Path) -> None:
    raw = path.read_bytes()
    mail = parse(raw, "<1@x>")
    for leaf in leaves(scan(raw).root):
        content, _ = decode_transfer(
            raw[leaf.body : leaf.end], leaf.header.raw("content-transfer-encoding").decode("latin-1")
        )
        if any(one.content == content for one in mail.attachments) or not content.strip():
            continue
        assert leaf.content_type.value.partition("/")[0] in {"text", "multipart", ""}
        words = [word.decode() for word in content.split() if word.isalnum() and word.isascii()]
        shown = (mail.body + mail.html_body).replace("\n", " ")
        assert all(word in shown for word in words[:3]) or leaf.content_type.value == "text/html"
        assert shown.strip()
