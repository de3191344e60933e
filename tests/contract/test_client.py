"""The client and the simulator, each written from the contract alone, hold the same conversation."""

import base64
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import timedelta
from typing import Any, get_args

import pytest
import requests

from gateway.cention.callback import matches, parse, read, secret
from gateway.cention.client import Client, Limits
from gateway.cention.document import new_errand
from gateway.errors import GatewayError, Permanent, Refused, Temporary, TooLarge
from gateway.model import Answer, Attachment, Errand, Resource
from gateway.simulator.form import LinkForm
from gateway.simulator.server import Simulator

ERRAND = Errand(
    message_id="<1@example.com>",
    name="Åsa Öberg",
    sender="asa@example.com",
    subject="Hej på dig / ✓",
    body="text\r\nwith <lines>",
    html_body='<p>hej <img src="cid:logo"></p>',
    attachments=(
        Attachment("räksmörgås.pdf", "application/pdf", bytes(range(256)) * 100),
        Attachment("logo.png", "image/png", b"\x89PNG", "logo"),
    ),
)
LIMITS = Limits(connect=2, silence=0.5, total=2)


class Cention:
    """A simulator, a client of its workspace, and the callbacks that it sent."""

    def __init__(self, simulator: Simulator, received: list[tuple[dict[str, str], bytes]]) -> None:
        self.simulator, self.received = simulator, received
        self.client = Client(simulator.url, LIMITS)

    def control(self, path: str, method: str = "GET", body: Any = None) -> Any:
        response = requests.request(method, f"{self.simulator.origin}/_sim/{path}", json=body, timeout=5)
        assert response.status_code == 200, response.text
        return response.json()

    def create(self, errand: Errand = ERRAND) -> str:
        return self.client.create(new_errand(errand), self.simulator.create_token)

    def answer(self, errand_id: str, **answer: Any) -> Answer:
        self.control(f"errands/{errand_id}/answer", "POST", answer)
        document = parse(self.received.pop()[1])
        assert matches(secret(document), [self.simulator.callback_secret])
        found = read(document)
        assert isinstance(found, Answer)
        return found

    def fetch(self, resource: Resource) -> Attachment:
        return self.client.fetch(resource, self.simulator.attachment_token)

    def failure(self, **fault: Any) -> GatewayError:
        self.control("faults", "PUT", fault)
        with pytest.raises(GatewayError) as caught:
            self.create()
        return caught.value


Meet = Callable[..., Cention]


@pytest.fixture
def meet(
    simulate: Callable[..., Simulator], receiver: str, received: list[tuple[dict[str, str], bytes]]
) -> Iterator[Meet]:
    with ExitStack() as stack:

        def start(**options: Any) -> Cention:
            met = Cention(simulate(callback=receiver, **options), received)
            stack.callback(met.client.close)
            return met

        yield start


@pytest.fixture
def cention(meet: Meet) -> Cention:
    return meet()


def test_an_errand_stands_at_cention_as_it_was_sent(cention: Cention) -> None:
    found = cention.control(f"errands/{cention.create()}")
    message = found["attributes"]["msg"]
    files = message.pop("attachments")
    assert message == {
        "message_id": ERRAND.message_id,
        "name": ERRAND.name,
        "from": ERRAND.sender,
        "subject": ERRAND.subject,
        "body": ERRAND.body,
        "html_body": ERRAND.html_body,
    }
    assert [base64.b64decode(file["content"]) for file in files] == [file.content for file in ERRAND.attachments]
    assert [file.get("content_id", "") for file in files] == ["", "logo"]
    assert found["closed"] is False


def test_each_token_is_good_for_its_own_claim_only(cention: Cention) -> None:
    with pytest.raises(Refused, match="403"):
        cention.client.create(new_errand(ERRAND), cention.simulator.attachment_token)
    with pytest.raises(Refused, match="403"):
        cention.client.fetch(Resource("c3_area_archives", "1"), cention.simulator.create_token)
    with pytest.raises(Refused, match="401"):
        cention.client.create(new_errand(ERRAND), "another")


def test_a_document_that_breaks_the_contract_is_permanent_and_its_place_is_named(cention: Cention) -> None:
    document = new_errand(ERRAND).replace(b'"from":"asa@example.com"', b'"from":5')
    with pytest.raises(Permanent, match="/data/attributes/msg/from"):
        cention.client.create(document, cention.simulator.create_token)


@pytest.mark.parametrize("links", get_args(LinkForm))
def test_an_answer_s_files_arrive_whatever_form_its_links_have(meet: Meet, links: LinkForm) -> None:
    files = [("a.pdf", "application/pdf", b"%PDF" * 1000), ("bild å.png", "image/png", b"\x89PNG\xff\xff\xff")]
    sent = [
        {"name": name, "content_type": kind, "content": base64.b64encode(content).decode()}
        for name, kind, content in files
    ]
    cention = meet(links=links)
    errand_id = cention.create()
    answer = cention.answer(errand_id, text="svar", html="<p>svar</p>", attachments=sent, archives=sent[1:])
    attachments = [cention.fetch(resource) for resource in answer.attachments]
    archives = [cention.fetch(resource) for resource in answer.archives]
    assert (answer.errand_id, answer.body) == (errand_id, "svar")
    assert [address.email for address in answer.to] == [ERRAND.sender]
    assert [(file.name, file.content_type, file.content) for file in attachments] == files
    assert [(file.name, file.content_type, file.content) for file in archives] == files[1:]
    assert f"cid:{answer.archives[0].id}" in answer.html_body


def test_an_answer_may_have_several_recipients_and_no_text(cention: Cention) -> None:
    to = [{"name": "A", "email_address": "a@example.com"}, {"name": "", "email_address": "b@example.com"}]
    answer = cention.answer(cention.create(), text="", html="", to=to)
    assert [(address.name, address.email) for address in answer.to] == [("A", "a@example.com"), ("", "b@example.com")]


def test_an_attachment_that_is_not_there_is_permanent(cention: Cention) -> None:
    with pytest.raises(Permanent, match="404"):
        cention.fetch(Resource("c3_response_attachments", "1234567"))


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        ({"status": 400}, Permanent),
        ({"status": 409}, Permanent),
        ({"status": 401}, Refused),
        ({"status": 403}, Refused),
        ({"status": 413}, TooLarge),
        ({"status": 400, "body": "attachment exceeds the size limit"}, TooLarge),
        ({"status": 429}, Temporary),
        ({"status": 500}, Temporary),
        ({"status": 502, "body": "<h1>Bad gateway</h1>"}, Temporary),
        ({"status": 302, "headers": {"Location": "http://127.0.0.1:9/"}}, Temporary),
        ({"json": False}, Temporary),
        ({"status": 200, "body": "{}"}, Temporary),
        ({"cut": True}, Temporary),
        ({"cut": "middle"}, Temporary),
        ({"delay": 1.5}, Temporary),
    ],
)
def test_whatever_cention_does_is_one_of_our_errors(
    cention: Cention, fault: dict[str, Any], kind: type[Exception]
) -> None:
    assert type(cention.failure(**fault)) is kind


def test_cention_says_when_to_come_back(cention: Cention) -> None:
    error = cention.failure(status=503, headers={"Retry-After": "90"})
    assert isinstance(error, Temporary)
    assert error.delay == timedelta(seconds=90)


# The one window in which a mail can become two errands: the message_id is the same, so that the repeat can be seen.
def test_an_errand_whose_answer_was_lost_is_sent_again_with_the_same_message_id(cention: Cention) -> None:
    errand = Errand("<lost@example.com>", "", "a@example.com", "", "", "")
    cention.control("faults", "PUT", {"cut": True, "after_create": True, "calls": 1})
    with pytest.raises(Temporary):
        cention.create(errand)
    cention.create(errand)
    found = cention.control("errands")
    assert [each["attributes"]["msg"]["message_id"] for each in found].count("<lost@example.com>") == 2
