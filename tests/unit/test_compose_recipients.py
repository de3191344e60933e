"""To whom an answer goes, from whom, and where the next mail and what bounces come back to."""

from pathlib import Path
from typing import Any

import pytest

from gateway.config.answer import AnswerSection
from gateway.flow.copies import copies, head_of
from gateway.flow.outbound import Origin, envelope_sender, recipients_of, to_reply
from gateway.flow.presentation import Presentation
from gateway.mail.compose import compose
from gateway.model import Address, Answer, Reply
from gateway.route.tag import answer_of, errand_of
from tests.unit.test_compose import read

ANN, BOB = Address("Ann", "ann@x.example"), Address("Böb", "bob@x.example")
CALLBACK = "01JDN3E8XZ6R5V2W9Q4T7Y1K0M"
MAIL = b"From: ann@x.example\r\nTo: Us <SUPPORT@example.com>, =?utf-8?q?B=C3=B6b?= <bob@x.example>\r\nCc: %s\r\n\r\nhi"


def answered(**settings: Any) -> Reply:
    """The reply of a route with these settings, with a copy to Bob."""
    look = Presentation(AnswerSection.model_validate(settings))
    answer = Answer("2256", "1", "2", "Your order", "x", "", (ANN,))
    return to_reply(answer, Origin("demo", "Support <support@example.com>"), {}, 0.0, (), look, "support", (BOB,))


def is_ours(email: str) -> bool:
    return email.lower().endswith("@example.com")


def test_copies_go_to_whom_the_customer_wrote_to_but_not_to_us_nor_to_the_customer() -> None:
    assert copies(MAIL % b"ANN@x.example, Cy <cy@x.example>, bob@X.EXAMPLE", (ANN,), is_ours) == (
        BOB,
        Address("Cy", "cy@x.example"),
    )


# Sent to everybody, such an answer would be a mass mail that nobody asked for.
def test_a_mail_to_a_crowd_is_answered_to_its_writer_alone() -> None:
    crowd = ", ".join(f"r{number}@x.example" for number in range(60)).encode()
    assert copies(MAIL % crowd, (ANN,), is_ours) == ()


@pytest.mark.parametrize("head", [b"", b"\xff\0", b"To: " + b"(" * 100_000, b"To: nobody, <>, @x, a@, b c\r\n\r\n"])
def test_a_head_that_says_nothing_gives_no_copies(head: bytes) -> None:
    assert copies(head, (ANN,), is_ours) == ()


def test_of_a_large_mail_the_head_alone_is_read(tmp_path: Path) -> None:
    (tmp_path / "mail").write_bytes(b"x" * 1_000_000)
    assert head_of(tmp_path / "mail") == head_of(b"x" * 1_000_000) == b"x" * 256 * 1024


def test_a_copy_is_in_cc_and_the_mail_is_handed_over_for_both() -> None:
    reply = answered()
    mail = read(compose(reply))
    assert (mail["To"], mail["Cc"]) == ("Ann <ann@x.example>", "Böb <bob@x.example>")
    assert recipients_of(reply) == ["ann@x.example", "bob@x.example"]


def test_a_mail_without_copies_has_no_cc() -> None:
    reply = to_reply(Answer("1", "1", "1", "", "x", "", (ANN, ANN)), Origin("demo", "a@b.example"), {}, 0.0)
    assert "Cc" not in read(compose(reply))
    assert recipients_of(reply) == ["ann@x.example"]


# The customer's next mail finds its errand by it, whatever becomes of subject and thread.
def test_a_tag_in_reply_to_names_the_errand() -> None:
    mail = read(compose(answered(reply_tag=True)))
    (address,) = mail["Reply-To"].addresses
    assert (address.display_name, errand_of(address.addr_spec)) == ("Support", "2256")
    assert mail["From"] == "Support <support@example.com>"
    assert "Reply-To" not in read(compose(answered()))


def test_the_envelope_sender_is_the_route_s_address_or_tells_the_answer() -> None:
    assert envelope_sender("Support <support@example.com>", CALLBACK) == "support@example.com"
    returned = answer_of(envelope_sender("Support <support@example.com>", CALLBACK, marked=True))
    assert returned is not None
    assert returned.answer == CALLBACK


def test_only_what_a_program_wrote_is_marked_as_automatic() -> None:
    assert "Auto-Submitted" not in read(compose(answered()))
    assert read(compose(answered(written_by="program")))["Auto-Submitted"] == "auto-generated"


def test_how_to_get_no_more_such_mail_is_said_where_the_route_says_it() -> None:
    long = "https://www.example.com/unsubscribe?errand={errand}&key=" + "k" * 200
    mail = read(compose(answered(list_unsubscribe=[long, "mailto:stop@example.com"], one_click_unsubscribe=True)))
    assert mail["List-Unsubscribe"] == f"<{long.format(errand=2256)}>, <mailto:stop@example.com>"
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert "List-Unsubscribe" not in read(compose(answered(one_click_unsubscribe=True)))


# RFC 8058 knows https alone.
def test_one_click_is_not_said_of_an_address_to_write_to() -> None:
    mail = read(compose(answered(list_unsubscribe=["mailto:stop@example.com"], one_click_unsubscribe=True)))
    assert "List-Unsubscribe-Post" not in mail


@pytest.mark.parametrize(
    "address",
    [
        "http://example.com",
        "https://a b",
        "https://a>",
        "https://a\r\nBcc: x",
        "https://ä.example",
        "stop@x",
        "https://",
    ],
)
def test_an_address_that_no_header_can_carry_is_a_mistake_of_the_settings(address: str) -> None:
    with pytest.raises(ValueError, match="expected"):
        AnswerSection(list_unsubscribe=[address])


def test_the_subject_has_the_prefix_once() -> None:
    assert answered(subject_prefix="Re:").subject == "Re: Your order"
