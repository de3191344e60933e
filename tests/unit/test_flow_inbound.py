"""A mail onto the errand's `msg`: who its writer is, and what is left out of one that is too large."""

from dataclasses import replace
from pathlib import Path

import orjson
import pytest

from gateway.flow.inbound import Prepared, Reading, prepare
from gateway.flow.ruling import Arrived
from gateway.route.outcome import Create, Hold
from gateway.route.source import source
from tests.rulings import settings

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


def with_file(size: int) -> bytes:
    headers = b'MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary="b"\r\n\r\n--b\r\n\r\nhello\r\n--b\r\n'
    return headers + b"Content-Type: application/pdf\r\n\r\n" + b"x" * size + b"\r\n--b--\r\n"


# The largest are not to travel from the child to the worker, nor to lie whole in either.
@pytest.mark.parametrize(("size", "in_file"), [(900_000, False), (1_100_000, True)])
def test_a_document_over_a_megabyte_goes_to_the_file_and_is_the_same_there(
    tmp_path: Path, size: int, *, in_file: bool
) -> None:
    raw, reading = with_file(size), Reading("a@b.example", "<1@x>")
    whole = prepare(raw, reading)
    with (tmp_path / "document").open("w+b") as file:
        prepared = prepare(raw, replace(reading, into=file.fileno()))
        file.seek(0)
        written = file.read()
    expected: Prepared = replace(whole, document=b"") if in_file else whole
    assert prepared == expected
    assert (written or prepared.document) == whole.document
    assert prepared.size == len(whole.document)


def test_a_mail_is_read_from_its_file_as_from_its_bytes(tmp_path: Path) -> None:
    (tmp_path / "mail").write_bytes(MAIL)
    reading = Reading("a@b.example", "<1@x>")
    assert prepare(tmp_path / "mail", reading) == prepare(MAIL, reading)


def ruled(rules: str, raw: bytes = MAIL, **arrived: object) -> Prepared:
    came = Arrived(source(settings(rules)), "support", **arrived)  # type: ignore[arg-type]
    return prepare(raw, Reading("a@b.example", "<1@x>", arrived=came))


def test_what_rules_set_is_in_the_document_and_which_matched_is_told() -> None:
    prepared = ruled(
        '[[rule]]\nname = "one"\nset.cuid = "{name}"\nroute = "sales"\n[[rule]]\nname = "two"\nwhen.body = "x"'
    )
    assert orjson.loads(prepared.document)["data"]["attributes"]["cuid"] == "Anna"
    assert prepared.ruled is not None
    assert (prepared.ruled.route, prepared.ruled.disposition) == ("sales", Create())
    assert [trial.rule for trial in prepared.ruled.matched] == ["one"]


# Nothing is to be posted by mistake for a mail that a rule keeps back.
def test_there_is_no_document_for_a_mail_of_which_no_errand_is_to_be_made() -> None:
    hold = '[[rule]]\nname = "one"\nhold = "wait"'
    prepared = ruled(hold)
    assert (prepared.document, prepared.size) == (b"", 0)
    assert prepared.ruled is not None
    assert prepared.ruled.disposition == Hold("wait", "one")
    assert prepared.subject == "x"
    assert ruled(hold, released=True).document


# Rules see the whole mail also when it is sent again without its largest files.
def test_a_mail_that_was_too_large_is_ruled_as_it_came() -> None:
    rules = source(settings('[[rule]]\nname = "one"\nwhen = { attachment = {} }\nset.cuid = "with file"'))
    prepared = prepare(with_file(2_000), Reading("a@b", "<1@x>", smaller=True, arrived=Arrived(rules, "support")))
    assert orjson.loads(prepared.document)["data"]["attributes"]["cuid"] == "with file"
    assert len(prepared.left_out) == 1
    assert prepared.attachments == 1


def test_a_mail_is_as_it_came_where_the_settings_have_no_rules() -> None:
    assert ruled("").document == prepare(MAIL, Reading("a@b.example", "<1@x>")).document
