"""What servers write in their own way, or leave out, and an answer is read all the same (contract.md, Callback)."""

import json
from typing import Any

import orjson
import pytest

from gateway.cention.callback import Malformed, kept, parse, read
from gateway.cention.resource import address
from gateway.model import Address, Answer, Resource, Service
from tests.unit.test_cention_callback import ANSWER, ERRAND, SAMPLE, answered, sample


# The public client knows these names of types [sdk].
def test_the_types_of_older_servers_are_read() -> None:
    older = {
        "c3_callback_answer_errands": "c3_callback_answer_errand",
        "c3_answer_errands": "c3_errand",
        "c3_response_attachments": "c3_responseattachment",
        "c3_area_archives": "c3_areaarchive",
    }
    text = json.dumps(SAMPLE)
    for documented, spelling in older.items():
        text = text.replace(f'"{documented}"', f'"{spelling}"')
    found = read(parse(text.encode()))
    assert isinstance(found, Answer)
    assert [(one.type, one.id) for one in found.attachments] == [
        ("c3_responseattachment", "788"),
        ("c3_responseattachment", "789"),
        ("c3_responseattachment", "790"),
    ]
    assert [(one.type, one.id) for one in found.archives] == [("c3_areaarchive", "12")]


def test_an_older_resource_is_asked_for_by_its_own_type() -> None:
    base = "https://api.example.com/s/demo"
    link = "http://localhost/ng/api/json/c3_responseattachment/788"
    asked = address(base, Resource("c3_responseattachment", "788", link))
    assert asked == f"{base}/capi/json/c3_responseattachment/788"


# An answer can be sent without it, so nothing that stands there costs the answer.
@pytest.mark.parametrize(
    ("service", "expected"),
    [
        ({"c3_id": 16, "name": "Form", "type": 19}, Service("19", "Form")),
        ({"name": " E-mail\r\n", "type": "1"}, Service("1", "E-mail")),
        ({"type": 19}, Service("19", "")),
        ({"name": ["Form"], "type": {}}, Service()),
        ({}, Service()),
        (None, Service()),
        ("Form", Service()),
        ([], Service()),
        (19, Service()),
    ],
)
def test_the_service_is_read_whatever_its_shape(service: Any, expected: Service) -> None:
    document, errand, _ = sample()
    errand["attributes"]["service"] = service
    assert answered(document).service == expected


def test_a_recipient_named_twice_is_one() -> None:
    document, _, response = sample()
    response["to"] = [
        {"email_address": "a@x.example", "name": "A"},
        {"email_address": "b@x.example", "name": "B"},
        {"email_address": "a@X.EXAMPLE", "name": "again"},
        {"email_address": "A@x.example", "name": "letter case may matter before the @"},
    ]
    found = answered(document).to
    assert [address.name[:1] for address in found] == ["A", "B", "l"]
    assert found[0] == Address("A", "a@x.example")


def test_what_is_kept_has_no_secret_and_is_read_alike() -> None:
    stored = kept(SAMPLE)
    assert b"api_secret" not in stored
    assert read(parse(stored)) == ANSWER


# orjson reads 1,024 levels and writes 254: between the two, an answer of 500 would be ours.
@pytest.mark.parametrize("depth", [255, 1000])
def test_a_document_that_is_too_deep_to_be_written_is_malformed(depth: int) -> None:
    document = parse(b'{"meta":' + b"[" * depth + b"]" * depth + b"}")
    with pytest.raises(Malformed, match="nested less deeply"):
        kept(document)


def test_half_a_character_in_a_subject_costs_that_character_alone() -> None:
    text = orjson.dumps(SAMPLE).replace(b'"subject":"Creating', b'"subject":"\\ud83dCreating')
    found = read(parse(text))
    assert isinstance(found, Answer)
    assert found.subject == f"\ufffd{ANSWER.subject}"


def test_the_errand_is_found_by_the_last_of_duplicate_ids() -> None:
    document, *_ = sample()
    text = orjson.dumps(document).replace(b'"id":"2256","attributes"', b'"id":"1","id":"2256","attributes"')
    assert text.count(b'"id":"1"') == 1
    assert read(parse(text)) == ANSWER
    assert document["included"][ERRAND]["id"] == "2256"
