"""What each of the foreign mails says, written down by reading it.

A file is its name, its type and its content, by the beginning of its SHA-256 (taken with other programs) or by length.
"""

from typing import NamedTuple

from gateway.model import AutoKind

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
DSN = (("delivery-status.txt", "message/delivery-status", 262), ("attachment-2.eml", "message/rfc822", 29))
PAGE = (("test.html", "text/html", 7),)
STATUS = (("delivery-status.txt", "message/delivery-status", 152),)
JAMEHI = "James Hillyerd <jamehi03@jamehi03lx.noa.com>"
HILLYERD = "James Hillyerd <james@hillyerd.com>"
MAILING = "test Sun, 14 Oct 2012 16:09:01 -0700"
LOREM = "Nullam venenatis ante fermentum justo varius hendrerit."
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
    "low-quality__empty-header.raw": Said("plain text", JAMES, "A text section\n\nAn HTML section"),
    "low-quality__html-only-inline.raw": Said(
        "MIME test 1", JAMES, "Test of HTML section", "Test of HTML section", FAVICON
    ),
    "low-quality__missing-content-type.raw": Said("plain text", JAMES, "A plain text email"),
    "low-quality__missing-content-type2.raw": Said("plain text", JAMES, "A text section\n\nAn HTML section"),
    "mail__attachment-application.raw": Said("Attachment", JAMES, "A text section", files=DOC),
    "mail__attachment-only-no-disposition.raw": Said(
        "Test", "alice@test.com", "", files=(("favicon.jpg", "image/jpeg", ICON),)
    ),
    "mail__attachment-only.raw": Said("Test", "alice@test.com", "", files=(("favicon.jpg", "image/jpeg", ICON),)),
    "mail__attachment.raw": Said("Attachment", JAMES, "A text section", files=PAGE),
    "mail__header-only.raw": Said("Attachment", JAMES, ""),
    "mail__html-mime-bad-unknown-charset-inline.raw": Said(
        "MIME test 1", JAMES, "Test of text section", "Test of HTML section", FAVICON
    ),
    "mail__html-mime-inline.raw": Said("MIME test 1", JAMES, "Test of text section", "Test of HTML section", FAVICON),
    "mail__mime-alternative.raw": Said("Multipart Mixed", JAMEHI, "Section one\n\nSection two"),
    "mail__mime-mixed.raw": Said("Multipart Mixed", JAMEHI, "Section one\n\nSection two"),
    "mail__non-mime-html.raw": Said(MAILING, HILLYERD, "This is a test mailing", "<em>is</em>"),
    "mail__non-mime-missing-charset.raw": Said(MAILING, HILLYERD, "Unencoded Euro Sign: Â€", "Unencoded Euro Sign: Â€"),
    "mail__non-mime.raw": Said(MAILING, HILLYERD, "This is a test mailing"),
    "mail__qp-utf8-header-recursed.raw": Said("MIME UTF8 Test ¢ More Text", JAMEHI, LOREM, "Lorem ipsum"),
    "mail__qp-utf8-header.raw": Said("MIME UTF8 Test ¢ More Text", JAMEHI, LOREM, "Lorem ipsum"),
    "mail__quoted-printable-mime.raw": Said("MIME Quoted Printable", JAMEHI, LOREM, "Lorem ipsum"),
    "mail__quoted-printable.raw": Said(
        "Quoted Printable", JAMES, "Phasellus sit amet arcu non lacus porta faucibus. Nulla gravida tempus rutrum."
    ),
    "mail__unknown-part-type.raw": Said(
        "Emoji from Gmail",
        "Valere JEANTET <valere.jeantet@gmail.com>",
        "A text section",
        files=(("B05.gif", "image/gif", 123),),
    ),
    "parts__badboundary.raw": Said("", "", "A text section", "An HTML section"),
    "parts__barren-content-type.raw": Said("", "", "", files=(("attachment-1.bin", "application/octet-stream", 0),)),
    "parts__chardet-detection.raw": Said(
        "", "", "um die Einladung zu akzeptieren oder geben Sie den folgen1233\n\nNachricht:\nöoöo"
    ),
    "parts__chardet-fail-non-txt.raw": Said("", "", "", files=(("rzkly.gif", "image/gif", 67),)),
    "parts__chardet-fail-not-long-enough.raw": Said("", "", "和弟弟"),
    "parts__chardet-fail.raw": Said("", "", "", files=(("rzkly.txt", "text/plain", 67),)),
    "parts__ctype-invalid-characters.raw": Said("", "", "Test of text/plain section with invalid content type"),
    "parts__empty-ctype-bad-content.raw": Said("", "", "Use the View Invoices function or locate the account"),
    "parts__empty-header.raw": Said("", "", "A text section", "An HTML section"),
    "parts__header-only.raw": Said("", "", "", files=(("file.html", "text/html", 0),)),
    "parts__html-with-boundary.raw": Said("", "", "An HTML section", "<p>An HTML section</p>"),
    "parts__malformed-content-type-params.raw": Said("", "", ""),
    "parts__missing-closing-param-quote.raw": Said("", "", ""),
    "parts__missing-ctype-root.raw": Said("", "", "Charset should default to us-ascii."),
    "parts__missing-ctype.raw": Said("", "", "A text section", "An HTML section"),
    "parts__multialtern.raw": Said("", "", "A text section", "An HTML section"),
    "parts__multibase64.raw": Said("", "", "A text section", files=PAGE),
    "parts__multimixed.raw": Said("", "", "Section one\n\nSection two"),
    "parts__multiother.raw": Said("", "", "Section one\n\nSection two"),
    "parts__quoted-printable.raw": Said("", "", "Start=ABC=Finish"),
    "parts__textplain.raw": Said("", "", "Test of text/plain section"),
    "parts__unquoted-ctype-param-special.raw": Said("", "", "", files=(("calendar.ics", "text/calendar", 0),)),
    "testdata__delayed_dsn.raw": Said(
        'WARNING: message delayed at "nsfnet-relay.ac.uk"', "postmaster@nsfnet-relay.ac.uk", HUMAN, files=STATUS
    ),
    "testdata__dsn_with_multipart_alternative.raw": Said(
        "Undeliverable: Some subject",
        "postmaster@example.com",
        HUMAN,
        f"<div>{HUMAN}</div>",
        (("delivery-status.txt", "message/delivery-status", 271), ("attachment-2.eml", "message/rfc822", 29)),
    ),
    "testdata__multi_recipient_dsn.raw": Said(
        "Returned mail: User unknown",
        DAEMON,
        HUMAN,
        files=(("delivery-status.txt", "message/delivery-status", 666), ("attachment-2.eml", "message/rfc822", 29)),
    ),
    "delivery-status.eml": Said(
        "Delivery Status Notification (Failure)",
        "MAILER-DAEMON@amazonses.com",
        "An error occurred while trying to deliver the mail to the following recipients:\nxxxx@xxxx.com",
        files=(
            ("delivery-status.txt", "message/delivery-status", 461),
            ("Example Subject.eml", "message/rfc822", 1024),
        ),
    ),
    "htmllargecallstack.eml": Said(
        "Kill the HTML parser", "test@example.com", "", files=(("attachment-1.html", "text/html", 570_287),)
    ),
    "outofmemory.eml": Said(
        "Cause out of memory error in the mailparser", "test@example.com", "$1 million in Life Insurance", "<a href="
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
            ("attachment-1.html", "text/watch-html", 22),
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

# Who wrote it, where a mail says that it was a program; all others are from people.
KINDS = {
    "mail__multipart-wo-boundary.raw": AutoKind.BOUNCE,
    "testdata__delayed_dsn.raw": AutoKind.BOUNCE,
    "testdata__dsn_with_multipart_alternative.raw": AutoKind.BOUNCE,
    "testdata__multi_recipient_dsn.raw": AutoKind.BOUNCE,
    "testdata__simple_dsn.raw": AutoKind.BOUNCE,
    "testdata__simple_dsn_with_html.raw": AutoKind.BOUNCE,
    "delivery-status.eml": AutoKind.BOUNCE,
    "large_text.eml": AutoKind.LIST,
}
