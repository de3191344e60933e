"""The documents that Cention is sent, and its answers to them (contract.md, Create)."""

import base64
import contextlib
import json
import random
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.cention.document import created_id, new_errand, pieces, without_largest
from gateway.errors import Permanent, Temporary
from gateway.model import Attachment, Errand

ERRAND = Errand(
    message_id="msgid_1485096554",
    name="David Liew",
    sender="david.liew@test.se",
    subject="Creating test errand via API",
    body="Test message body at Sun, 22 Jan 2017 22:49:14 +0800",
    html_body="",
    attachments=(
        Attachment("tst1.txt", "text/plain", b"Apple Pen Pineapple Pen"),
        Attachment("tst2.txt", "text/plain", b"Orange Juice!"),
    ),
)


def message(errand: Errand) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(new_errand(errand))["data"]["attributes"]["msg"]
    return found


def test_the_documented_sample_is_built() -> None:
    # What a mail does not fill is beside `msg` in Cention's own sample.
    sample = json.loads(Path(__file__).with_name("cention_new_errand.json").read_text(encoding="utf-8"))
    only_msg = {"type": "c3_new_errands", "attributes": {"msg": sample["data"]["attributes"]["msg"]}}
    assert json.loads(new_errand(ERRAND)) == {"data": only_msg}


def test_an_inline_picture_carries_its_content_id() -> None:
    picture = Attachment("a.png", "image/png", b"\x89PNG", "logo@x")
    assert message(replace(ERRAND, attachments=(picture,)))["attachments"][0]["content_id"] == "logo@x"


@given(st.text(st.characters(exclude_categories=["Cs"])), st.binary())
def test_text_and_bytes_arrive_as_they_are(text: str, content: bytes) -> None:
    built = message(replace(ERRAND, body=text, html_body=text, attachments=(Attachment("a", "a/b", content),)))
    assert built["body"] == built["html_body"] == text
    assert base64.b64decode(built["attachments"][0]["content"], validate=True) == content


# Where one piece ends and the next begins must not be seen in the base64.
@pytest.mark.parametrize("size", [0, 1, 196_607, 196_608, 196_609, 1_000_000])
def test_a_large_file_comes_in_pieces_that_are_one_document(size: int) -> None:
    content = random.Random(size).randbytes(size)
    files = (Attachment("a", "a/b", content), Attachment("c", "c/d", b"after it", "cid"))
    errand = replace(ERRAND, attachments=files)
    built = message(errand)["attachments"]
    assert [base64.b64decode(each["content"], validate=True) for each in built] == [content, b"after it"]
    assert max(map(len, pieces(errand))) <= 262_144
    assert b"".join(pieces(errand)) == new_errand(errand)


@pytest.mark.parametrize(
    ("field", "errand"),
    [
        ("msg.message_id", replace(ERRAND, message_id="")),
        ("msg.message_id", replace(ERRAND, message_id=" ")),
        ("msg.message_id", replace(ERRAND, message_id="<a@b>\r\n")),
        ("msg.name", replace(ERRAND, name="a\nb")),
        ("msg.from", replace(ERRAND, sender="a@b\0")),
        ("msg.subject", replace(ERRAND, subject="a\rb")),
        ("msg.subject", replace(ERRAND, subject="\ud800")),
        ("msg.body", replace(ERRAND, body="a\udcff")),
        ("msg.html_body", replace(ERRAND, html_body="a\udcff")),
        ("msg.attachments[0].name", replace(ERRAND, attachments=(Attachment("a\nb", "a/b", b""),))),
        ("msg.attachments[0].content_id", replace(ERRAND, attachments=(Attachment("a", "a/b", b"", "\n"),))),
        ("msg.attachments[0].content_type", replace(ERRAND, attachments=(Attachment("a", "", b""),))),
        ("msg.attachments[0].content_type", replace(ERRAND, attachments=(Attachment("a", "a/b; c=d", b""),))),
    ],
)
def test_what_the_contract_forbids_cannot_be_built_and_is_named(field: str, errand: Errand) -> None:
    with pytest.raises(Permanent) as caught:
        new_errand(errand)
    assert str(caught.value).startswith(f"{field} ")


# A mail without From is an errand all the same; the contract asks for a string there, and has one.
def test_a_mail_without_a_sender_can_be_told() -> None:
    assert message(replace(ERRAND, sender="", name="", subject="", body="", attachments=()))["from"] == ""


def file(name: str, size: int) -> Attachment:
    return Attachment(name, "application/pdf", b"x" * size)


def test_the_largest_attachment_is_left_out() -> None:
    files = (file("small", 10), file("large", 900), file("middle", 100))
    smaller, names = without_largest(replace(ERRAND, attachments=files))
    assert names == ("large",)
    assert smaller.attachments == (files[0], files[2])


def test_further_ones_are_left_out_until_little_enough_remains() -> None:
    files = (file("a", 500), file("b", 900), file("c", 400), file("d", 300))
    smaller, names = without_largest(replace(ERRAND, attachments=files), keep=750)
    assert names == ("b", "a")
    assert [kept.name for kept in smaller.attachments] == ["c", "d"]


def test_of_two_equal_attachments_one_remains() -> None:
    files = (file("twin", 10), file("twin", 10))
    smaller, names = without_largest(replace(ERRAND, attachments=files))
    assert names == ("twin",)
    assert len(smaller.attachments) == 1


def test_the_same_attachment_twice_counts_twice() -> None:
    twin = file("twin", 10)
    smaller, names = without_largest(replace(ERRAND, attachments=(twin, twin)))
    assert names == ("twin",)
    assert smaller.attachments == (twin,)


def test_what_was_left_out_is_said_at_the_top_of_both_bodies() -> None:
    files = (file("<b>.pdf", 12_345_678), file("a.pdf", 90_000))
    smaller, _ = without_largest(replace(ERRAND, html_body="<p>hello</p>", attachments=files), keep=0)
    assert smaller.body == (
        "This mail was too large for Cention, so the mail gateway left out these attachments:\n"
        "- <b>.pdf (12.3 MB)\n"
        "- a.pdf (90.0 kB)\n"
        "The operator of the mail gateway has the whole mail.\n"
        "\n"
        "Test message body at Sun, 22 Jan 2017 22:49:14 +0800"
    )
    assert smaller.html_body.endswith("<p>hello</p>")
    assert "<li>&lt;b&gt;.pdf (12.3 MB)</li><li>a.pdf (90.0 kB)</li>" in smaller.html_body
    new_errand(smaller)


def test_a_mail_without_html_gets_none() -> None:
    assert without_largest(ERRAND)[0].html_body == ""


def test_a_mail_without_attachments_stays_as_it_is() -> None:
    plain = replace(ERRAND, attachments=())
    assert without_largest(plain) == (plain, ())


@pytest.mark.parametrize("number", ['"511055"', "511055"])
def test_the_id_of_a_new_errand_is_read(number: str) -> None:
    assert created_id(201, f'{{"data":{{"type":"c3_new_errands","id":{number}}}}}'.encode()) == "511055"


@pytest.mark.parametrize(
    "body",
    [b"", b"OK", b"<html>", b"{}", b"[]", b"null", b'{"data":[]}', b'{"data":{"id":""}}', b'{"data":{"id":null}}'],
)
def test_success_without_an_id_is_tried_again(body: bytes) -> None:
    with pytest.raises(Temporary, match="Cention answered 200"):
        created_id(200, body)


@given(st.binary())
def test_any_answer_at_all_is_an_id_or_temporary(body: bytes) -> None:
    with contextlib.suppress(Temporary):
        assert created_id(200, body)
