"""Both sides against documents written from the contract's page by hand.

What the gateway's client writes and reads, what the simulator takes and writes: neither can be wrong in the same way as
the other without failing here.
"""

import base64
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import Any

import pytest

from gateway.cention import callback, resource
from gateway.cention.document import created_id, new_errand
from gateway.cention.integration import end_errand
from gateway.cention.status import error_for
from gateway.errors import Refused
from gateway.model import Address, Answer, Attachment, CallEnd, Closing, Errand, Resource, WhatsAppTemplate
from gateway.simulator import errand as simulated
from gateway.simulator.areas import Area
from gateway.simulator.callback import Writer, written
from gateway.simulator.form import Form
from tests.contract.conftest import Party
from tests.unit.test_cention_document import CALL, ERRAND

DOCUMENTS = Path(__file__).parent / "documents"
SEED = Path(__file__).parents[3] / "shared" / "cention" / "000_ebc21a9f8f600618.txt"
PNG = b"\x89PNG\r\n\x1a\n"

MAIL = replace(
    ERRAND,
    extradata={"message_id": "msgid_1485096554", "case_number": 21345, "zone": "A"},
    call=CALL,
    cuid="5462-13-6485",
)
SYSTEM_MAIL = Errand(
    "msgid_1485096555", "David Liew", "david.liew@test.se", "A system mail", "Backup went well.", "",
    closing=Closing(
        "Seen", "Nothing to do.", "<p>Nothing to do.</p>", "cention", "12",
        (Attachment("log.txt", "text/plain", b"all well", "log"),),
    ),
)  # fmt: skip
WHATSAPP = Errand(
    "msgid_1485096555", "David Liew", "60374571234", "A system mail", "Backup went well.", "",
    closing=Closing(user_type="cention", user_id="12"),
    template=WhatsAppTemplate("order", "shop", ((("default", "$10"), ("order", "1234")),)),
)  # fmt: skip
REQUESTS = {
    "new_errand": new_errand(MAIL),
    "closed_errand": new_errand(SYSTEM_MAIL),
    "whatsapp_errand": new_errand(WHATSAPP),
    "end_errand": end_errand(CallEnd("511055", 1000, 1000, "1", "60374571234")),
}


def raw(name: str) -> bytes:
    return (DOCUMENTS / f"{name}.json").read_bytes()


def document(name: str) -> Any:
    return json.loads(raw(name))


@pytest.mark.parametrize(("name", "place"), [("new_errand", 0), ("created", 1), ("callback", 2)])
def test_a_sample_is_the_one_that_cention_publishes(name: str, place: int) -> None:
    if not SEED.exists():
        pytest.skip("Cention's page is not beside this clone")
    published = [line for line in SEED.read_text().splitlines() if line.startswith('{"data":')]
    assert json.loads(published[place]) == document(name)


# -- what is asked of Cention


@pytest.mark.parametrize("name", REQUESTS)
def test_the_client_writes_the_document(name: str) -> None:
    assert json.loads(REQUESTS[name]) == document(name)


@pytest.mark.parametrize("name", REQUESTS)
def test_the_simulator_takes_the_document(party: Callable[..., Party], name: str) -> None:
    at = party()
    if name == "end_errand":
        at.create()
    asked = document(name)
    response = at.api(asked["data"]["type"], asked)
    assert response.ok, response.text
    assert response.json()["data"] == {"type": asked["data"]["type"], "id": "511055"}
    shown = at.sim("errands/511055")
    assert shown["closed"] is (name != "new_errand")
    if name != "end_errand":
        assert at.sim("errands/511055/documents")["request"] == asked


# -- what Cention answers


def test_the_simulator_answers_a_new_errand_with_the_document(party: Callable[..., Party]) -> None:
    assert party().api("c3_new_errands", document("new_errand")).json() == document("created")


def test_the_client_reads_what_was_created() -> None:
    assert created_id(201, raw("created")) == "511055"


# -- the callback


def expected_answer() -> Answer:
    """The published sample, as the gateway has to understand it."""
    said = next(one for one in document("callback")["included"] if one["type"] == "c3_answer_errands")

    def link(kind: str, number: str) -> Resource:
        return Resource(kind, number, f"http://localhost/capi/json/{kind}/{number}")

    return Answer(
        errand_id="2256",
        answer_id="1189",
        response_id="3304",
        subject="Creating test errand via API",
        body="text",
        html_body=said["attributes"]["answer"]["response"]["html_body"],
        to=(Address("David Liew", "david.liew@test.se"),),
        attachments=tuple(link("c3_response_attachments", number) for number in ("788", "789", "790")),
        archives=(link("c3_area_archives", "12"),),
    )


def test_the_client_reads_the_callback() -> None:
    read = callback.parse(raw("callback"))
    assert callback.secret(read) == "123456"
    found, wanted = callback.read(read), expected_answer()
    assert isinstance(found, Answer)
    names = ("errand_id", "answer_id", "response_id", "subject", "body", "html_body", "to", "attachments", "archives")
    assert [getattr(found, name) for name in names] == [getattr(wanted, name) for name in names]
    assert (found.service.name, str(found.service.type)) == ("Form", "19")


def file(kind: str, number: int, name: str, *, inline: bool) -> simulated.File:
    content_id = f"attachment_{number}" if kind == "c3_response_attachments" else str(number)
    return simulated.File("demo", kind, number, name, "image/png", base64.b64encode(PNG).decode(), content_id, inline)


def in_one_form(written_document: Any) -> Any:
    """Without what is anybody's choice: the order of what is included, and the form of a link."""
    for one in written_document["included"]:
        if "links" in one:
            link = one["links"]["self"]
            one["links"]["self"] = link if isinstance(link, str) else link["href"]
    written_document["included"].sort(key=lambda one: (one["type"], one["id"]))
    return written_document


def test_the_simulator_writes_the_callback() -> None:
    wanted = expected_answer()
    asked = simulated.Errand("2256", Area(7, "demo", "support"), document("new_errand"), 0.0)
    attachments = tuple(
        file("c3_response_attachments", number, "a.png", inline=number == 788) for number in (788, 789, 790)
    )
    answer = simulated.Answer(
        number=1,
        at=0.0,
        answer_id=1189,
        response_id=3304,
        subject=wanted.subject,
        body=wanted.body,
        html_body=wanted.html_body,
        to=(("David Liew", "david.liew@test.se"),),
        attachments=attachments,
        archives=(file("c3_area_archives", 12, "logo.png", inline=True),),
    )
    writer = Writer("http://127.0.0.1:1", Form(links="foreign"), Random(1))
    body = written(writer.document(asked, answer, "76", "123456"))
    assert in_one_form(json.loads(body)) == in_one_form(document("callback"))


# -- the files of an answer


def test_the_client_reads_what_it_fetches() -> None:
    picture = resource.attachment(raw("attachment"), 1000)
    assert (picture.name, picture.content_type, picture.content) == ("a.png", "image/png", PNG)
    archive = resource.attachment(raw("archive"), 1000)
    assert (archive.name, archive.content_type, archive.content) == ("logo.png", "image/png", PNG)


def test_the_simulator_writes_what_is_fetched() -> None:
    assert file("c3_response_attachments", 788, "a.png", inline=True).resource() == document("attachment")
    assert file("c3_area_archives", 12, "logo.png", inline=True).resource() == document("archive")


# -- a refusal, in the form of JSON:API


def test_the_simulator_refuses_in_the_form_of_the_document(party: Callable[..., Party]) -> None:
    [error] = party().api("c3_new_errands", document("new_errand"), token="unknown").json()["errors"]
    [wanted] = document("refused")["errors"]
    assert {name: type(value) for name, value in error.items()} == {name: type(value) for name, value in wanted.items()}
    assert (error["status"], error["title"]) == (wanted["status"], wanted["title"])


def test_the_client_reads_a_refusal() -> None:
    error = error_for(401, {}, raw("refused"), datetime.now(UTC))
    assert isinstance(error, Refused)
    assert "The token has expired." in str(error)
