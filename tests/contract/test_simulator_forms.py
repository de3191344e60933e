"""The callback as other Cention servers write it: spellings, ids, what is included, the errand's service."""

import json
from base64 import b64encode
from collections.abc import Callable
from typing import Any

import pytest

from tests.contract.conftest import Party

Meet = Callable[..., Party]

PNG = {"name": "logo.png", "content_type": "image/png", "content": b64encode(b"\x89PNG logo").decode()}
FILES: dict[str, Any] = {"attachments": [PNG, PNG], "archives": [PNG], "html": "<p>Yes.</p>"}


def parts(document: Any) -> tuple[Any, set[tuple[str, Any]], set[tuple[str, Any]]]:
    """The answered errand, and its other resources by type and id: those that it names, and those included."""
    [errand] = [one for one in document["included"] if one["type"] == "c3_answer_errands"]
    included = {(one["type"], one["id"]) for one in document["included"] if one is not errand}
    named = {(one["type"], one["id"]) for way in errand["relationships"].values() for one in way["data"]}
    return errand, named, included


def test_older_servers_spell_fields_and_links_in_another_way(party: Meet) -> None:
    at = party(spelling="old")
    errand, _, included = parts(at.answer(at.create(), **FILES)["document"])
    said = errand["attributes"]["answer"]["response"]
    assert "Yes." in said["htmlBody"]
    assert [to["emailAddress"] for to in said["to"]] == ["ann@example.com"]
    assert "html_body" not in said
    assert "email_address" not in said["to"][0]
    assert included == {
        ("c3_response_attachments", "788"),
        ("c3_response_attachments", "789"),
        ("c3_area_archives", "12"),
    }


@pytest.mark.parametrize("links", ["own", "foreign", "relative"])
def test_older_links_lead_to_an_address_that_answers(party: Meet, links: str) -> None:
    at = party(spelling="old", links=links)
    document = json.dumps(at.answer(at.create(), archives=[PNG])["document"])
    assert "/ng/api/json/c3_area_archives/12" in document
    for path in ("capi/json", "ng/api/json"):
        fetched = at.api(f"../../{path}/c3_area_archives/12")
        assert fetched.status_code == 200, path


def test_ids_can_be_numbers(party: Meet) -> None:
    document = (at := party(ids="number")).answer(at.create(), **FILES)["document"]
    errand, named, included = parts(document)
    assert document["data"]["id"] == 76
    assert errand["id"] == document["data"]["relationships"]["errand"]["data"]["id"] == 511055
    assert named == included
    assert {number for _, number in included} == {788, 789, 12}


def test_an_answer_can_have_another_form_than_the_simulator(party: Meet) -> None:
    at = party()
    errand = at.create()
    odd = at.answer(errand, links="absent", spelling="old", ids="number", **FILES)["document"]
    usual = at.answer(errand, **FILES)["document"]
    assert "links" not in json.dumps(odd)
    assert "htmlBody" in json.dumps(odd)
    assert (odd["data"]["id"], usual["data"]["id"]) == (76, "76")
    assert "htmlBody" not in json.dumps(usual)


def test_a_resource_can_be_named_and_not_included_and_the_reverse(party: Meet) -> None:
    at = party()
    shown = at.answer(at.create(), missing=["attachment_1"], extra=["archive_1", "attachment_2"], **FILES)
    _, named, included = parts(shown["document"])
    assert named == {("c3_response_attachments", "788")}
    assert included == {("c3_response_attachments", "789"), ("c3_area_archives", "12")}
    assert at.api("c3_response_attachments/788").status_code == 200


def test_an_answer_can_be_to_nobody_and_of_another_service(party: Meet) -> None:
    at = party()
    document = at.answer(at.create(), text="Yes.", to=[], service={"name": "WhatsApp", "type": 5})["document"]
    errand, _, _ = parts(document)
    assert errand["attributes"]["answer"]["response"]["to"] == []
    assert errand["attributes"]["service"] == {"c3_id": 16, "name": "WhatsApp", "type": 5}


@pytest.mark.parametrize(
    ("fields", "pointer"),
    [
        ({"missing": ["archive"]}, "/missing/0"),
        ({"extra": "archive_1"}, "/extra"),
        ({"links": "none"}, "/links"),
        ({"spelling": None}, "/spelling"),
        ({"ids": "word"}, "/ids"),
        ({"service": {"name": "x"}}, "/service/type"),
    ],
)
def test_a_form_that_there_is_not_is_refused(party: Meet, fields: dict[str, Any], pointer: str) -> None:
    at = party()
    [error] = at.answer(at.create(), status=422, **fields)["errors"]
    assert error["source"]["pointer"] == pointer
