"""The documents that Cention is sent, and its answers to them (contract.md, Create)."""

import base64
import contextlib
import json
import pickle
import random
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.cention.attributes import errand as read_errand
from gateway.cention.attributes import within
from gateway.cention.document import created_id, new_errand, pieces, without_largest
from gateway.cention.validity import Invalid
from gateway.errors import Temporary
from gateway.model import Attachment, Call, Closing, Errand, WhatsAppTemplate

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


CALL = Call(
    device_id=1000,
    extension_id=1000,
    dest_number="60374571234",
    queue_name="EHS",
    queue_number="123",
    reference_id="1",
    link="https:www.google.com",
    paging_number="12345",
    paging_name="GP office",
    comment="internal comment",
    call_reason="reschedule appointment",
    appointment="1593047865",
)
CLOSING = Closing("Re: Hej", "Done.", "<p>Done.</p>", "cention", "17")
TEMPLATE = WhatsAppTemplate("welcome", "ns_1", ((("default", "$10"), ("order", "1234")),))
SENDER = Closing(user_type="cention", user_id="17")


def attributes(errand: Errand) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(new_errand(errand))["data"]["attributes"]
    return found


def message(errand: Errand) -> dict[str, Any]:
    found: dict[str, Any] = attributes(errand)["msg"]
    return found


def test_the_documented_sample_is_built() -> None:
    sample = json.loads(Path(__file__).with_name("cention_new_errand.json").read_text(encoding="utf-8"))
    extradata = {"message_id": "msgid_1485096554", "case_number": 21345, "zone": "A"}
    whole = replace(ERRAND, extradata=extradata, call=CALL, cuid="5462-13-6485")
    assert json.loads(new_errand(whole)) == sample
    assert json.loads(new_errand(read_errand(within(sample, "c3_new_errands")))) == sample


# What a mail does not fill does not stand in its document.
def test_an_errand_of_a_mail_alone_is_msg_alone() -> None:
    assert set(attributes(ERRAND)) == {"msg"}


def test_a_closed_errand_has_its_answer_and_the_user_who_closed_it() -> None:
    assert attributes(replace(ERRAND, closing=CLOSING))["answer"] == {
        "subject": "Re: Hej",
        "body": "Done.",
        "html_body": "<p>Done.</p>",
        "user_type": "cention",
        "user_id": "17",
    }


def test_an_errand_can_be_closed_by_the_system() -> None:
    answer = attributes(replace(ERRAND, closing=Closing(body="Done.")))["answer"]
    assert answer == {"subject": "", "body": "Done.", "html_body": ""}


# The page writes them in lower case, and says nowhere that another one is understood by every server.
@pytest.mark.parametrize("written", ["cention", "CENTION", "Cention"])
def test_the_case_of_a_user_type_does_not_matter_and_lower_case_is_written(written: str) -> None:
    closing = Closing(user_type=written, user_id="17")
    assert attributes(replace(ERRAND, closing=closing))["answer"]["user_type"] == "cention"


def test_an_answer_may_have_attachments_of_its_own() -> None:
    closing = replace(CLOSING, attachments=(Attachment("a.txt", "text/plain", b"there"),))
    found = attributes(replace(ERRAND, closing=closing, cuid="1"))
    assert base64.b64decode(found["answer"]["attachments"][0]["content"]) == b"there"
    assert (found["answer"]["user_id"], found["cuid"]) == ("17", "1")


# The page's own sample of each: nothing but the user in `answer`, and one object with two names in `params`.
def test_a_template_goes_out_as_the_page_has_it() -> None:
    found = attributes(replace(ERRAND, closing=SENDER, template=TEMPLATE))
    assert found["answer"] == {"user_type": "cention", "user_id": "17"}
    assert found["watemplate"] == {
        "elementname": "welcome",
        "namespace": "ns_1",
        "params": [{"default": "$10", "order": "1234"}],
    }


def test_parameters_of_a_template_keep_their_objects_apart() -> None:
    template = replace(TEMPLATE, params=((("default", "a"),), (("default", "b"),)))
    found = attributes(replace(ERRAND, closing=SENDER, template=template))
    assert found["watemplate"]["params"] == [{"default": "a"}, {"default": "b"}]


def test_texts_beside_a_template_are_kept() -> None:
    found = attributes(replace(ERRAND, closing=replace(SENDER, body="hello"), template=TEMPLATE))
    assert found["answer"] == {"body": "hello", "user_type": "cention", "user_id": "17"}


def test_of_a_call_only_what_is_known_stands_in_the_document() -> None:
    call = Call(1, 2, "+46850000000", "EHS", "123")
    assert attributes(replace(ERRAND, call=call))["integrationData"] == {
        "integrationName": "aventa",
        "deviceId": 1,
        "extensionId": 2,
        "destNumber": "46850000000",
        "queueName": "EHS",
        "queueNumber": "123",
    }


JSON_VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    # Half a surrogate pair is no text that UTF-8 can carry.
    | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), inner),
    max_leaves=20,
)


@given(JSON_VALUES.filter(lambda value: value is not None))
def test_extradata_is_any_json(value: Any) -> None:
    assert attributes(replace(ERRAND, extradata=value))["extradata"] == value


# A document of a hundred thousand levels must not end the process that builds it.
def test_extradata_that_is_too_deep_is_refused() -> None:
    deep: list[Any] = []
    for _ in range(100_000):
        deep = [deep]
    with pytest.raises(Invalid, match="extradata: expected at most 100 levels"):
        new_errand(replace(ERRAND, extradata=deep))
    while deep:  # or its own end would be as deep
        deep = deep.pop()


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
        ("answer.user_type", replace(ERRAND, closing=Closing(user_type="agent", user_id="1"))),
        ("answer.user_id", replace(ERRAND, closing=Closing(user_id="1"))),
        ("answer.user_id", replace(ERRAND, closing=Closing(user_type="cention", user_id=cast("str", 17)))),
        ("answer.subject", replace(ERRAND, closing=replace(CLOSING, subject="a\nb"))),
        ("answer.attachments[0].name", replace(ERRAND, closing=Closing(attachments=(Attachment("\n", "a/b", b""),)))),
        ("answer.user_type", replace(ERRAND, template=TEMPLATE)),
        ("answer.user_id", replace(ERRAND, template=TEMPLATE, closing=Closing(user_type="cention"))),
        ("watemplate.elementname", replace(ERRAND, closing=SENDER, template=replace(TEMPLATE, element_name=""))),
        ("watemplate.namespace", replace(ERRAND, closing=SENDER, template=replace(TEMPLATE, namespace=" "))),
        (
            "watemplate.params[0]",
            replace(ERRAND, closing=SENDER, template=replace(TEMPLATE, params=((("order", cast("str", 1234)),),))),
        ),
        ("extradata", replace(ERRAND, extradata=float("nan"))),
        ("extradata", replace(ERRAND, extradata={"a": [float("inf")]})),
        ("extradata", replace(ERRAND, extradata=2**64)),
        ("extradata", replace(ERRAND, extradata={1: "a"})),
        ("extradata", replace(ERRAND, extradata=["\ud800"])),
        ("extradata", replace(ERRAND, extradata=b"bytes")),
        ("integrationData.deviceId", replace(ERRAND, call=replace(CALL, device_id=True))),
        ("integrationData.deviceId", replace(ERRAND, call=replace(CALL, device_id=cast("int", "1000")))),
        ("integrationData.deviceId", replace(ERRAND, call=replace(CALL, device_id=cast("int", 1.0)))),
        ("integrationData.extensionId", replace(ERRAND, call=replace(CALL, extension_id=2**53 + 1))),
        ("integrationData.extensionId", replace(ERRAND, call=replace(CALL, extension_id=cast("int", None)))),
        ("integrationData.destNumber", replace(ERRAND, call=replace(CALL, dest_number=""))),
        ("integrationData.destNumber", replace(ERRAND, call=replace(CALL, dest_number="08-500 000"))),
        ("integrationData.destNumber", replace(ERRAND, call=replace(CALL, dest_number="1234"))),
        ("integrationData.destNumber", replace(ERRAND, call=replace(CALL, dest_number="1234567890123456"))),
        ("integrationData.destNumber", replace(ERRAND, call=replace(CALL, dest_number="٤٦٨٥٠٠٠٠٠"))),
        ("integrationData.queueName", replace(ERRAND, call=replace(CALL, queue_name=""))),
        ("integrationData.queueNumber", replace(ERRAND, call=replace(CALL, queue_number="1\n2"))),
        ("integrationData.extraData.appointmentTimestamp", replace(ERRAND, call=replace(CALL, appointment="soon"))),
        ("cuid", replace(ERRAND, cuid="a\nb")),
    ],
)
def test_what_the_contract_forbids_cannot_be_built_and_is_named(field: str, errand: Errand) -> None:
    with pytest.raises(Invalid) as caught:
        new_errand(errand)
    assert caught.value.field == field
    assert str(caught.value).startswith(f"{field}: ")
    assert str(caught.value).endswith(f"(Cention's API: {caught.value.section})")


# The error comes out of a child process, by pickle.
def test_the_error_of_a_forbidden_document_travels_between_processes() -> None:
    error = Invalid("cuid", "expected a string", "Create Errand, cuid")
    assert str(pickle.loads(pickle.dumps(error))) == str(error)


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
