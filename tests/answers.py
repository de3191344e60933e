"""Five answers as agents write them: plain, a table, pictures in the text, from right to left, and emoji."""

import struct
import zlib
from dataclasses import dataclass

from gateway.config.answer import AnswerSection
from gateway.flow.outbound import Origin, to_reply
from gateway.flow.presentation import Presentation
from gateway.mail.compose import compose
from gateway.mail.stationery import LOGO, Stationery, read_html, read_text
from gateway.model import Address, Answer, Attachment, Resource

ANN = Address("Ann Öberg", "ann@x.example")
FROM = "Kundtjänst <support@example.com>"
BLOCK = """<br />
--------- Cention Contact Center - Original message ---------<br />
Errand: #2256-1<br />
From: Ann Öberg (ann@x.example)<br />
Sent: 2026/11/22 16:53<br />
To: support<br />
Subject: Where is my order?<br />
Question: <br />
<br />
I ordered two lamps three weeks ago, and nothing has come.<br />
<br />--------- Cention Contact Center - Original message - End ---------"""
METER = (
    '<a href="https://cention.example/errands/satisfaction/meter/-/answer/4d6a/1b7f" style="font-family:Verdana; '
    'font-size:10pt; color:black">Good answer</a><br />'
)


def stripes(width: int, height: int, *colours: tuple[int, int, int]) -> bytes:
    """A PNG of that size with a stripe of each colour."""
    rows = b"".join(b"\0" + bytes(colours[row * len(colours) // height]) * width for row in range(height))
    head = struct.pack(">2I5B", width, height, 8, 2, 0, 0, 0)
    chunks = ((b"IHDR", head), (b"IDAT", zlib.compress(rows)), (b"IEND", b""))
    made = (
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in chunks
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(made)


LAMP = Attachment(
    "lamp.png", "image/png", stripes(900, 300, (30, 90, 160), (250, 200, 60), (30, 90, 160)), "attachment_1"
)
MARK = Attachment("mark.png", "image/png", stripes(24, 24, (20, 120, 60), (240, 240, 240)), "12")
SIGN = Attachment("logo.png", "image/png", stripes(160, 40, (20, 60, 110), (90, 160, 220)), LOGO)
INVOICE = Attachment("Räkning № 17.pdf", "application/pdf", b"%PDF-1.4\n\x00\xff not a long invoice\n%%EOF\n")


@dataclass(frozen=True, slots=True)
class Written:
    """What an agent wrote: HTML, its text, and what it names."""

    html: str
    text: str
    pictures: tuple[Attachment, ...] = ()
    files: tuple[Attachment, ...] = ()


PLAIN = Written(
    f"<div>Hello Ann,<br /><br />your lamps left us on Monday. They are with you by Friday.<br /></div>{METER}{BLOCK}",
    "Hello Ann,\n\nyour lamps left us on Monday. They are with you by Friday.",
    files=(INVOICE,),
)
TABLE = Written(
    "<style>table.order{border-collapse:collapse;width:100%;max-width:600px} .order td,.order th{border:1px solid "
    "#bbbbbb;padding:6px 10px;text-align:left} .order .sum{text-align:right;font-weight:bold}</style>"
    '<p>Your order:</p><table class="order"><tr><th>Article</th><th>Number</th><th>Price</th></tr>'
    '<tr><td>Lamp, brass</td><td>2</td><td class="sum">1&nbsp;190,00 kr</td></tr>'
    f'<tr><td>Bulb</td><td>4</td><td class="sum">236,00 kr</td></tr></table>{BLOCK}',
    "Your order: Lamp, brass 2, 1 190,00 kr; Bulb 4, 236,00 kr",
)
PICTURES = Written(
    '<p>This is the lamp:</p><p><img src="cid:attachment_1" alt="The lamp" /></p>'
    '<p><img src="cid:12" alt="ok" /> tested <img src="cid:12" alt="ok" /> packed</p>'
    '<p>And one that is gone: <img src="cid:99" alt="a photograph of the box" /></p>',
    "This is the lamp.",
    pictures=(LAMP, MARK),
)
ARABIC = Written(
    '<div dir="rtl" lang="ar"><p>مرحباً آن،</p><p>تم إرسال المصباحين (<bdi dir="ltr">#2256</bdi>) يوم الاثنين.</p>'
    "<ul><li>المصباح: 2</li><li>اللمبة: 4</li></ul></div>",
    "مرحباً آن،\n\nتم إرسال المصباحين (#2256) يوم الاثنين.",
)
EMOJI = Written(
    "<p>Thank you! 🎉 Your lamps 💡💡 are on their way 🚚, and we hope that you like them 👩🏽‍🔧❤️.</p>",
    "Thank you! 🎉 Your lamps 💡💡 are on their way 🚚, and we hope that you like them 👩🏽‍🔧❤️.",
)
ALL = {"plain": PLAIN, "table": TABLE, "pictures": PICTURES, "arabic": ARABIC, "emoji": EMOJI}

LETTER = Presentation(
    AnswerSection(original_message="fold", subject_prefix="Re:", language="sv"),
    Stationery(
        read_text(),
        read_html(),
        {
            "header": "",
            "signature": "Kind regards\nAnn at Support",
            "legal": "Lamps Ltd, Reg. no. 5566-1234",
            "language": "sv",
        },
        SIGN,
    ),
)


def composed(written: Written, presentation: Presentation = LETTER) -> bytes:
    """The mail of an answer, in a letter with a logo, a signature and small print."""
    enclosed = (*written.pictures, *written.files)
    fetched = {
        Resource("c3_area_archives", one.content_id)
        if one.content_id.isdecimal()
        else Resource("c3_response_attachments", one.content_id.removeprefix("attachment_") or "77"): one
        for one in enclosed
    }
    answer = Answer("2256", "1", "2", "Where is my order?", written.text, written.html, (ANN,), tuple(fetched))
    origin = Origin("demo", FROM, ("<question@x.example>",))
    return compose(
        to_reply(answer, origin, fetched, 1_700_000_000, (("X-Cention-Errand", "gw; errand=2256"),), presentation)
    )
