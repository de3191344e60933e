"""What is left of a reply without its quotation, and when nothing is taken away."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.flow.automatic import Handling, Signs, fitted
from gateway.mail.trim import trimmed
from gateway.model import AutoKind, Errand

QUOTED = "\n\n> Hello,\n> which colour?\n"
OUTLOOK = "\n\nHello,\nwhich colour?\n"


# As Gmail, Apple Mail, Outlook and others write it, in the languages of the letters.
@pytest.mark.parametrize(
    "quotation",
    [
        f"On Tue, Nov 24, 2026 at 10:00 AM Support <support@example.com> wrote:{QUOTED}",
        f"On Tue, Nov 24, 2026 at 10:00 AM Support of the Very Long Name\n<support@example.com> wrote:{QUOTED}",
        f"Den tis 24 nov. 2026 kl 10:00 skrev Support <support@example.com>:{QUOTED}",
        f"Am Di., 24. Nov. 2026 um 10:00 Uhr schrieb Support <support@example.com>:{QUOTED}",
        f"Le mar. 24 nov. 2026 à 10:00, Support <support@example.com> a écrit :{QUOTED}",
        f"2026年11月24日(火) 10:00 Support <support@example.com>:{QUOTED}",
        "> On 24 Nov 2026, at 10:00, Support wrote:\n>\n> Hello\n",
        f"________________________________\nFrom: Support\nSent: Tuesday\nTo: Ann\nSubject: RE: x{OUTLOOK}",
        f"Från: Support\nSkickat: den 24 november\nTill: Ann\nÄmne: SV: x{OUTLOOK}",
        f"*Von:* Support\n*Gesendet:* Dienstag\n*An:* Ann\n*Betreff:* AW: x{OUTLOOK}",
        f"-----Original Message-----\nFrom: Support{OUTLOOK}",
        f"-----Ursprungligt meddelande-----\n{OUTLOOK}",
        f"--------- Cention Contact Center - Original message ---------\nErrand: #2256-1{OUTLOOK}",
    ],
)
def test_the_quotation_at_the_end_of_a_reply_is_left_out(quotation: str) -> None:
    assert trimmed(f"Blue, please.\n\nAnn\n\n{quotation}", "Re: x") == "Blue, please.\n\nAnn\n"


def test_the_line_before_who_wrote_stays() -> None:
    said = "Blue, please.\nOn Tue, Nov 24, 2026 Support <support@example.com> wrote:"
    assert trimmed(said + QUOTED) == "Blue, please.\n"


@pytest.mark.parametrize(
    "text",
    [
        "Blue, please.\n",
        "Blue, please.",
        "Blue, please.  \n\n\n",
        "> Which colour?\n\nBlue.\n\n> Which size?\n\nLarge.\n",
        "On Tue, Support wrote:\n> Which colour?\n\nBlue.\n",
        "Hello,\nFrom: the shop\nwe sent it.\nTo: me\n",
        "> only a quotation\n",
        "-----Original Message-----\nFrom: Support\n",
        "See below.\n\n---------- Forwarded message ---------\nFrom: Bob\nDate: x\nSubject: y\nTo: z\n\nContent\n",
    ],
)
def test_a_mail_that_would_make_no_sense_without_it_stays_whole(text: str) -> None:
    assert trimmed(text, "Re: x") == text


def test_a_mail_that_was_sent_on_stays_whole() -> None:
    text = f"See below.\n\nFrom: Bob\nSent: Tuesday\nTo: Ann\nSubject: x{OUTLOOK}"
    assert trimmed(text, "FW: x") == text
    assert trimmed(text, "Re: x") == "See below.\n"


@given(st.text(alphabet="> \nOn1@:wrote-From", max_size=300))
def test_any_text_keeps_its_beginning(text: str) -> None:
    kept = trimmed(text)
    assert text.startswith(kept.rstrip())
    assert bool(kept.strip()) == bool(text.strip())


# What the text leaves out is in the HTML, or in a file.
@pytest.mark.parametrize(("html", "files"), [("<p>all</p>", []), ("", ["whole text.txt"])])
def test_the_whole_text_is_kept(html: str, files: list[str]) -> None:
    whole = f"Blue, please.\n\nOn 24 Nov Ann wrote:{QUOTED}"
    errand = Errand("<1@x>", "Ann", "a@b.example", "Re: x", whole, html)
    signs = Signs(AutoKind.PERSON, "", None, "", "", 0, None)
    made = fitted(errand, signs, None, Handling(trim=True))
    assert made.body == "Blue, please.\n"
    assert [file.name for file in made.attachments] == files
    assert all(file.content == whole.encode() for file in made.attachments)
    assert fitted(errand, signs, None, Handling()) == errand
