"""Documents that someone wrote by hand, read into the values that documents are built from."""

import json
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.cention.attributes import call_end, errand, within
from gateway.cention.document import new_errand
from gateway.cention.integration import end_errand
from gateway.cention.validity import Invalid
from gateway.errors import GatewayError
from gateway.model import Attachment, CallEnd

CALL = {"deviceId": 1, "extensionId": 2, "destNumber": "46850000000", "queueName": "q", "queueNumber": "3"}
ANSWER = {"user_type": "cention", "user_id": "17"}
FILE = {"name": "a.txt", "content_type": "text/plain", "content": "aGVq"}
WHOLE: dict[str, Any] = {
    "msg": {
        "message_id": "<1@x>",
        "name": "Ann",
        "from": "ann@example.com",
        "subject": "Hej",
        "body": "text",
        "html_body": "<p>text</p>",
        "attachments": [FILE | {"content_id": "logo"}],
    },
    "answer": ANSWER | {"attachments": [FILE]},
    "watemplate": {"elementname": "welcome", "namespace": "ns", "params": [{"a": "1", "b": "2"}, {"a": "3"}]},
    "extradata": {"case": [1, None, True]},
    "integrationData": CALL
    | {"integrationName": "aventa", "referenceId": "r", "link": "l", "pagingNumber": "5", "pagingName": "p"}
    | {"extraData": {"comment": "c\nd", "callReason": "r", "appointmentTimestamp": "1593047865"}},
    "cuid": "77",
}


# Nothing of the contract's tables is lost on the way through our values.
def test_every_attribute_of_the_contract_is_read_and_written() -> None:
    assert json.loads(new_errand(errand(WHOLE)))["data"]["attributes"] == WHOLE


def test_a_whole_document_is_read_like_its_attributes() -> None:
    document = {"data": {"type": "c3_new_errands", "attributes": WHOLE}}
    assert errand(within(document, "c3_new_errands")) == errand(within(WHOLE, "c3_new_errands"))


def test_a_document_of_another_type_is_not_taken_for_this_one() -> None:
    with pytest.raises(Invalid, match=r"data\.type"):
        within({"data": {"type": "c3_end_errands", "attributes": {}}}, "c3_new_errands")


def test_what_is_missing_is_empty() -> None:
    assert errand(None).attachments == ()
    assert errand({"msg": {"from": "a@b"}}).subject == ""


def test_an_attachment_s_content_may_be_bytes_as_they_are() -> None:
    found = errand({"msg": {"attachments": [FILE | {"content": b"\xff"}]}})
    assert found.attachments == (Attachment("a.txt", "text/plain", b"\xff"),)


@pytest.mark.parametrize(
    ("field", "attributes"),
    [
        ("attributes", []),
        ("subject", {"subject": "Hej"}),
        ("msg", {"msg": "text"}),
        ("msg.form", {"msg": {"form": "a@b"}}),
        ("msg.attachments", {"msg": {"attachments": FILE}}),
        ("msg.attachments[0]", {"msg": {"attachments": ["a.txt"]}}),
        ("msg.attachments[1].content", {"msg": {"attachments": [FILE, FILE | {"content": "å"}]}}),
        ("msg.attachments[0].content", {"msg": {"attachments": [FILE | {"content": 5}]}}),
        ("answer.attachments[0].size", {"answer": {"attachments": [FILE | {"size": 5}]}}),
        ("watemplate.params", {"watemplate": {"params": {"a": "b"}}}),
        ("watemplate.params[0]", {"watemplate": {"params": ["a"]}}),
        ("integrationData.integrationName", {"integrationData": CALL | {"integrationName": "other"}}),
        ("integrationData.extraData.note", {"integrationData": CALL | {"extraData": {"note": "x"}}}),
    ],
)
def test_what_the_contract_does_not_know_is_named(field: str, attributes: Any) -> None:
    with pytest.raises(Invalid) as caught:
        errand(attributes)
    assert caught.value.field == field


def test_a_name_that_is_nearly_right_is_put_right() -> None:
    with pytest.raises(Invalid, match='did you mean "html_body"'):
        errand({"msg": {"htmlBody": ""}})


# Whatever someone hands in is a document or an error that says what is wrong; there is no third.
@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary(),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(st.sampled_from([*WHOLE, *WHOLE["msg"], "extraData", "params", "user_id"]), inner)
        ),
        max_leaves=30,
    )
)
def test_anything_at_all_is_a_document_or_an_error_of_ours(attributes: Any) -> None:
    try:
        built = new_errand(errand(attributes))
    except GatewayError:
        return
    assert json.loads(built)["data"]["type"] == "c3_new_errands"


def test_the_end_of_a_call_goes_out_with_its_errand_and_its_call() -> None:
    end = CallEnd("511055", device_id=1000, extension_id=1001, reference_id="17", dialed_number="+46850000000")
    assert json.loads(end_errand(end)) == {
        "data": {
            "type": "c3_end_errands",
            "id": "511055",
            "attributes": {
                "integrationData": {
                    "integrationName": "aventa",
                    "referenceId": "17",
                    "dialedNumber": "+46850000000",
                    "deviceId": 1000,
                    "extensionId": 1001,
                }
            },
        }
    }


# Nothing says how a server finds the errand: by its id (inferred), or by the call, as the page's table hints.
def test_the_end_of_a_call_may_name_no_errand() -> None:
    data = json.loads(end_errand(CallEnd("", 1, 2)))["data"]
    assert "id" not in data
    assert data["attributes"]["integrationData"] == {"integrationName": "aventa", "deviceId": 1, "extensionId": 2}


def test_the_end_of_a_call_is_read_as_it_was_written() -> None:
    end = CallEnd("5", 1, 2, "17", "123")
    assert call_end(json.loads(end_errand(end))["data"]["attributes"], "5") == end


@pytest.mark.parametrize(
    ("field", "end"),
    [
        ("id", CallEnd("5\n", 1, 2)),
        ("integrationData.deviceId", CallEnd("5", cast("int", "1"), 2)),
        ("integrationData.referenceId", CallEnd("5", 1, 2, "\n")),
    ],
)
def test_an_end_that_the_contract_forbids_cannot_be_built(field: str, end: CallEnd) -> None:
    with pytest.raises(Invalid) as caught:
        end_errand(end)
    assert caught.value.field == field


@pytest.mark.parametrize(
    ("field", "attributes"),
    [
        ("integrationData.deviceId", {}),
        ("integrationData.queueName", {"integrationData": {"queueName": "q"}}),
        ("msg", {"msg": {}}),
        ("integrationData.integrationName", {"integrationData": {"integrationName": "x"}}),
    ],
)
def test_the_end_of_a_call_has_its_own_fields(field: str, attributes: Any) -> None:
    with pytest.raises(Invalid) as caught:
        end_errand(call_end(attributes, "5"))
    assert caught.value.field == field
