"""Cention's callback, as any server writes it (contract.md, Callback)."""

import copy
import itertools
import json
from pathlib import Path
from typing import Any

import orjson
import pytest

from gateway.cention.callback import Malformed, UnknownEvent, parse, read
from gateway.errors import Permanent
from gateway.model import Address, Answer, Resource, Service

HOST = "http://localhost/capi/json"
# Cention's own sample, as its page has it.
SAMPLE: dict[str, Any] = orjson.loads(Path(__file__).with_name("cention_callback.json").read_bytes())
ERRAND = 3

ANSWER = Answer(
    errand_id="2256",
    answer_id="1189",
    response_id="3304",
    subject="Creating test errand via API",
    body="text",
    html_body=SAMPLE["included"][ERRAND]["attributes"]["answer"]["response"]["html_body"],
    to=(Address("David Liew", "david.liew@test.se"),),
    attachments=tuple(
        Resource("c3_response_attachments", str(n), f"{HOST}/c3_response_attachments/{n}") for n in (788, 789, 790)
    ),
    archives=(Resource("c3_area_archives", "12", f"{HOST}/c3_area_archives/12"),),
    service=Service("19", "Form"),
)


def sample() -> tuple[dict[str, Any], dict[str, Any], dict[str, Any]]:
    """A copy of the sample to change, its errand, and the errand's response."""
    document = copy.deepcopy(SAMPLE)
    errand = document["included"][ERRAND]
    return document, errand, errand["attributes"]["answer"]["response"]


def answered(document: dict[str, Any]) -> Answer:
    found = read(parse(orjson.dumps(document)))
    assert isinstance(found, Answer)
    return found


def test_the_documented_sample_is_read() -> None:
    assert answered(SAMPLE) == ANSWER


def test_slashes_may_be_escaped_as_in_the_sample() -> None:
    assert read(parse(json.dumps(SAMPLE).replace("/", "\\/").encode())) == ANSWER


def test_included_may_come_in_any_order() -> None:
    for order in itertools.permutations(SAMPLE["included"]):
        assert answered(SAMPLE | {"included": list(order)}) == ANSWER


@pytest.mark.parametrize(
    ("links", "expected"),
    [
        ({"self": "https://x/1"}, "https://x/1"),
        ({"self": {"href": "https://x/1"}}, "https://x/1"),
        ({"self": "/s/demo/capi/json/c3_response_attachments/788"}, "/s/demo/capi/json/c3_response_attachments/788"),
        ({"self": {"href": "https://x/1", "meta": {}}}, "https://x/1"),
        ({"self": None}, None),
        ({"self": ""}, None),
        ({"self": 5}, None),
        ({"self": {"href": []}}, None),
        ({}, None),
        (None, None),
        ([], None),
    ],
)
def test_a_link_is_a_string_or_an_object_or_missing(links: Any, expected: str | None) -> None:
    document, *_ = sample()
    document["included"][-1]["links"] = links
    assert answered(document).attachments[0] == Resource("c3_response_attachments", "788", expected)


def test_ids_are_numbers_or_strings() -> None:
    document, errand, response = sample()
    errand["id"] = 2256
    errand["attributes"]["answer"]["c3_id"] = "1189"
    response["c3_id"] = "3304"
    errand["relationships"]["attachments"]["data"][0]["id"] = 788
    document["data"]["id"] = 76
    document["data"]["attributes"]["event"] = "1"
    assert answered(document) == ANSWER


def test_the_spellings_of_older_servers_are_read() -> None:
    document, _, response = sample()
    response["htmlBody"] = response.pop("html_body")
    response["to"][0]["emailAddress"] = response["to"][0].pop("email_address")
    assert answered(document) == ANSWER


def test_the_documented_spelling_goes_first() -> None:
    document, _, response = sample()
    response["htmlBody"] = "older"
    assert answered(document).html_body == ANSWER.html_body


def test_a_resource_may_be_named_and_not_included() -> None:
    document, *_ = sample()
    document["included"] = [document["included"][ERRAND]]
    found = answered(document)
    assert [resource.id for resource in found.attachments] == ["788", "789", "790"]
    assert found.archives == (Resource("c3_area_archives", "12"),)


def test_a_resource_may_be_included_and_not_named() -> None:
    document, errand, _ = sample()
    del errand["relationships"]
    found = answered(document)
    assert [resource.id for resource in found.attachments] == ["789", "790", "788"]
    assert found.archives == ANSWER.archives


def test_the_union_has_the_order_of_the_relationships_and_then_of_those_only_included() -> None:
    document, errand, _ = sample()
    errand["relationships"]["attachments"]["data"] = [
        {"type": "c3_response_attachments", "id": "790"},
        {"type": "c3_response_attachments", "id": "7"},
        {"type": "c3_response_attachments", "id": "790"},
    ]
    assert [resource.id for resource in answered(document).attachments] == ["790", "7", "789", "788"]


# Nothing that an agent attached is lost in silence: the job's fetch says that the type is unknown.
def test_a_named_resource_of_an_unknown_type_is_kept() -> None:
    document, errand, _ = sample()
    errand["relationships"]["attachments"]["data"] = [{"type": "c3_films", "id": 1}]
    assert answered(document).attachments[0] == Resource("c3_films", "1")


def test_an_included_resource_of_an_unknown_type_is_no_attachment() -> None:
    document, *_ = sample()
    document["included"].insert(0, {"type": "c3_users", "id": {}})
    assert answered(document) == ANSWER


def test_every_recipient_is_read() -> None:
    document, _, response = sample()
    response["to"] = [{"email_address": "a@x", "name": "A"}, {"email_address": "b@x"}, {"emailAddress": " c@x\r\n"}]
    assert answered(document).to == (Address("A", "a@x"), Address("", "b@x"), Address("", "c@x"))


@pytest.mark.parametrize("to", [[], None, [{"name": "nobody"}], [{"email_address": ""}]])
def test_there_may_be_no_recipient(to: Any) -> None:
    document, _, response = sample()
    response["to"] = to
    assert answered(document).to == ()


def test_there_may_be_no_text_at_all() -> None:
    document, _, response = sample()
    for name in ("body", "html_body", "subject", "to"):
        del response[name]
    found = answered(document)
    assert (found.subject, found.body, found.html_body, found.to) == ("", "", "", ())


# What is read here ends in headers and in tables: RFC 5322 knows no line break there, PostgreSQL no NUL.
def test_text_is_clean_where_it_comes_in() -> None:
    document, _, response = sample()
    response |= {"subject": "a\r\nBcc: x@y\u2028z\0", "body": "a\0b\nc", "html_body": "<p>\0</p>"}
    response["to"] = [{"email_address": "a@x\r\nb", "name": "A\tB\x85C"}]
    found = answered(document)
    assert (found.subject, found.body, found.html_body) == ("a Bcc: x@y z", "ab\nc", "<p></p>")
    assert found.to == (Address("A B C", "a@x b"),)


def test_of_several_errands_the_one_that_is_named_answers() -> None:
    document, errand, _ = sample()
    document["included"].insert(0, errand | {"id": "1"})
    assert answered(document) == ANSWER


def test_the_errand_need_not_be_named() -> None:
    document, *_ = sample()
    del document["data"]["relationships"]
    assert answered(document) == ANSWER


def test_the_last_of_duplicate_keys_counts() -> None:
    text = orjson.dumps(SAMPLE).replace(b'"subject":', b'"subject":"first","subject":')
    assert read(parse(text)) == ANSWER


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        ({"type": "c3_callback_answer_errands", "attributes": {"event": 2}}, ("c3_callback_answer_errands", "2")),
        ({"type": "c3_callback_answer_errands", "attributes": {"event": "closed"}}, (SAMPLE["data"]["type"], "closed")),
        ({"type": "c3_callback_new_errands", "attributes": {"event": 1}}, ("c3_callback_new_errands", "1")),
        ({"type": "c3_callback_new_errands"}, ("c3_callback_new_errands", "")),
        ({"type": "c3_callback_new_errands", "attributes": []}, ("c3_callback_new_errands", "")),
    ],
)
def test_an_unknown_event_is_no_error(data: Any, expected: tuple[str, str]) -> None:
    assert read({"data": data}) == UnknownEvent(*expected)


@pytest.mark.parametrize(
    ("place", "value", "pointer", "detail"),
    [
        ("data", None, "/data/type", "found nothing"),
        ("data", [], "/data", "expected an object, found an array"),
        ("data/type", 5, "/data/type", "expected a string, found a number"),
        ("data/type", "", "/data/type", "found an empty string"),
        ("data/attributes", None, "/data/attributes/event", "found nothing"),
        ("data/attributes/event", True, "/data/attributes/event", "found true or false"),
        ("data/attributes/event", 1.5, "/data/attributes/event", "found a number"),
        ("included", None, "/included", "c3_answer_errands with the id 2256"),
        ("included", {}, "/included", "expected an array, found an object"),
        ("included", [{}] * 10_001, "/included", "at most 10000 items"),
        ("included/0", 5, "/included/0", "expected an object, found a number"),
        ("included/0/id", None, "/included/0/id", "an identifier"),
        ("included/0/id", 12345678901234567890123, "/included/0/id", "an identifier"),
        ("included/3/id", "2257", "/included", "with the id 2256, found none"),
        ("included/3/id", "2" * 201, "/included/3/id", "1 to 200 characters"),
        ("included/3/attributes/answer", None, "/included/3/attributes/answer/c3_id", "found nothing"),
        ("included/3/attributes/answer/response", "x", "/included/3/attributes/answer/response", "found a string"),
        ("included/3/attributes/answer/response/body", {}, "/included/3/attributes/answer/response/body", "a string"),
        ("included/3/attributes/answer/response/to", {}, "/included/3/attributes/answer/response/to", "an array"),
        (
            "included/3/attributes/answer/response/to/0/email_address",
            7,
            "/included/3/attributes/answer/response/to/0/email_address",
            "expected a string, found a number",
        ),
        (
            "included/3/relationships/attachments/data/1",
            None,
            "/included/3/relationships/attachments/data/1/type",
            "found nothing",
        ),
    ],
)
def test_what_breaks_the_shape_is_named_by_its_pointer(place: str, value: Any, pointer: str, detail: str) -> None:
    document, *_ = sample()
    *way, last = place.split("/")
    target: Any = document
    for step in way:
        target = target[int(step)] if step.isdigit() else target[step]
    target[int(last) if last.isdigit() else last] = value
    # orjson writes no integer of more than 64 bits, json does.
    with pytest.raises(Malformed) as caught:
        read(parse(json.dumps(document).encode()))
    assert caught.value.pointer == pointer
    assert detail in caught.value.detail
    assert isinstance(caught.value, Permanent)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"nonsense",
        b'{"a":"\xff"}',
        '{"a":"ü"}'.encode("latin-1"),
        '{"a":1}'.encode("utf-16"),
        b"[" * 100_000,
        b'{"a":' * 5000 + b"1" + b"}" * 5000,
        b"[]",
        b"null",
        b"1e999",
    ],
)
def test_a_body_that_is_no_json_object_is_malformed(body: bytes) -> None:
    with pytest.raises(Malformed) as caught:
        parse(body)
    assert caught.value.pointer == ""
    assert "expected" in str(caught.value)
