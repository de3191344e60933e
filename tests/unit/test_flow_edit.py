"""A person's fields in the document of a mail, over what was read of it and what rules set."""

import json
from typing import Any

import pytest

from gateway.cention.validity import Invalid
from gateway.errors import Permanent
from gateway.flow.edit import FIELDS, checked
from gateway.flow.inbound import Reading, prepare

MAIL = b"Message-ID: <1@x>\nFrom: Asa <asa@client.example>\nSubject: wrong\n\nhello\n"


def message(edited: dict[str, str] | None) -> dict[str, Any]:
    document = json.loads(prepare(MAIL, Reading("", "<f@x>", edited=edited)).document)
    found: dict[str, Any] = document["data"]["attributes"]["msg"]
    return found


def test_what_is_edited_is_another_and_all_else_as_it_was_read() -> None:
    before, after = message(None), message({"subject": "right", "html": "<p>x</p>"})
    assert after == before | {"subject": "right", "html_body": "<p>x</p>"}


# What the trace and the search know of the mail is what was posted.
def test_the_mail_is_found_by_what_was_posted() -> None:
    prepared = prepare(
        MAIL, Reading("", "<f@x>", edited={"subject": "right", "from": "bo@client.example", "name": "Bo"})
    )
    assert (prepared.subject, prepared.from_address, prepared.name) == ("right", "bo@client.example", "Bo")


def test_every_field_has_its_place_in_the_document() -> None:
    values = dict.fromkeys(FIELDS, "bo@client.example")
    assert checked(values) == values
    assert [name for name, value in message(values).items() if value == "bo@client.example"] != []


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"cc": "x"}, "there is no field cc; there are from, name, subject, body, html"),
        ({"from": "nobody"}, "from: expected an address"),
        ({"from": ""}, "from: expected an address"),
        ({"body": "x" * 1_000_001}, "body: a field may have 1000000 letters"),
    ],
)
def test_what_cannot_be_posted_is_said(fields: dict[str, str], said: str) -> None:
    with pytest.raises(Permanent, match=said):
        checked(fields)


def test_what_the_contract_forbids_is_told_with_its_field() -> None:
    with pytest.raises(Invalid) as refused:
        checked({"subject": "\ud800"})
    assert "subject" in refused.value.field
