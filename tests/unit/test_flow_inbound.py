"""A mail onto the errand's `msg`: who its writer is, and what is left out of one that is too large."""

import orjson
import pytest

from gateway.flow.inbound import Reading, prepare

MAIL = b"From: Anna <anna@a.example>\r\nReply-To: private@a.example\r\nSubject: x\r\n\r\nhello\r\n"


def message(raw: bytes, **reading: str) -> dict[str, object]:
    given = {"envelope_sender": "bounce@a.example", "fallback_id": "<id@gw>"} | reading
    document = orjson.loads(prepare(raw, Reading(**given)).document)  # type: ignore[arg-type]
    return dict(document["data"]["attributes"]["msg"])


@pytest.mark.parametrize(
    ("raw", "writer", "name", "address"),
    [
        (MAIL, "from", "Anna", "anna@a.example"),
        (MAIL, "reply-to", "Anna", "private@a.example"),
        (MAIL.replace(b"Reply-To: private@a.example\r\n", b""), "reply-to", "Anna", "anna@a.example"),
        (b"Subject: x\r\n\r\nhello\r\n", "from", "", "bounce@a.example"),
        (b"From: nobody at all\r\n\r\nhello\r\n", "from", "nobody at all", "bounce@a.example"),
    ],
)
def test_the_writer_is_who_the_route_asks_for(raw: bytes, writer: str, name: str, address: str) -> None:
    found = message(raw, writer=writer)
    assert (found["name"], found["from"]) == (name, address)


def test_a_message_id_is_taken_as_it_is_and_made_where_there_is_none() -> None:
    assert message(MAIL)["message_id"] == "<id@gw>"
    assert message(b"Message-ID: <Odd.Id!@x>\r\n" + MAIL)["message_id"] == "<Odd.Id!@x>"
