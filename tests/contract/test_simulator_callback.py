"""The simulator's agent answers an errand: what the callback carries, and what can be fetched afterwards."""

import json
from base64 import b64decode, b64encode
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import requests

from gateway.simulator import Simulator, jsonapi

Create = Callable[..., str]
Received = list[tuple[dict[str, str], bytes]]

SEED = Path(__file__).parents[3] / "shared" / "cention" / "000_ebc21a9f8f600618.txt"
PNG = {"name": "logo.png", "content_type": "image/png", "content": b64encode(b"\x89PNG logo").decode()}
TEXT = {"name": "höst.txt", "content_type": "text/plain", "content": b64encode(b"autumn").decode()}


def answer(cention: Simulator, errand: str, query: str = "", **fields: Any) -> requests.Response:
    return requests.post(f"{cention.origin}/_sim/errands/{errand}/answer{query}", json=fields, timeout=30)


def fetch(cention: Simulator, url: str) -> requests.Response:
    headers = {"Authorization": f"Bearer {cention.attachment_token}", "Content-Type": "application/vnd.api+json"}
    return requests.get(url, headers=headers, timeout=30)


def parts(document: Any) -> tuple[dict[str, Any], dict[tuple[str, str], Any]]:
    """The answered errand of a callback document, and its other resources by type and id."""
    included = {(resource["type"], resource["id"]): resource for resource in document["included"]}
    named = document["data"]["relationships"]["errand"]["data"]
    errand = included.pop((named["type"], named["id"]))
    return errand, included


# The contract's sample payload, member by member.
def test_the_callback_is_the_document_of_the_contract(cention: Simulator, create: Create, received: Received) -> None:
    errand_id = create()
    response = answer(
        cention, errand_id, text="Try again.", html="<p>Try again.</p>", attachments=[TEXT], archives=[PNG]
    )
    assert response.status_code == 200
    [(headers, body)] = received
    document = json.loads(body)
    assert headers["content-type"] == "application/vnd.api+json"
    assert document["data"] == {
        "type": "c3_callback_answer_errands",
        "id": "76",
        "attributes": {"event": 1},
        "relationships": {"errand": {"data": {"type": "c3_answer_errands", "id": errand_id}}},
    }
    errand, files = parts(document)
    assert errand["relationships"] == {
        "attachments": {"data": [{"type": "c3_response_attachments", "id": "788"}]},
        "embedded_archives": {"data": [{"type": "c3_area_archives", "id": "12"}]},
    }
    assert set(errand["attributes"]) == {"answer", "c3_id", "service"}
    assert errand["attributes"]["c3_id"] == int(errand_id)
    assert {name: type(value) for name, value in errand["attributes"]["service"].items()} == {
        "c3_id": int,
        "name": str,
        "type": int,
    }
    said = errand["attributes"]["answer"]["response"]
    assert (said["subject"], said["body"]) == ("Help", "Try again.")
    assert [type(number) for number in (errand["attributes"]["answer"]["c3_id"], said["c3_id"])] == [int, int]
    [to] = said["to"]
    assert to == {"c3_id": to["c3_id"], "name": "Ann Lee", "email_address": "ann@example.com"}
    assert [file["attributes"] for file in files.values()] == [{"c3_id": int(file_id)} for _, file_id in files]
    assert set(files) == {("c3_response_attachments", "788"), ("c3_area_archives", "12")}


def skeleton(value: Any, at: str = "") -> set[tuple[str, str]]:
    """Every place in a JSON value with the kind of what stands there; links are left out, since they take two forms."""
    if isinstance(value, dict):
        return {place for name, one in value.items() if name != "links" for place in skeleton(one, f"{at}.{name}")}
    if isinstance(value, list):
        return {place for one in value for place in skeleton(one, f"{at}[]")}
    return {(at, type(value).__name__)}


def test_the_callback_has_every_member_of_the_published_sample(cention: Simulator, create: Create) -> None:
    if not SEED.exists():
        pytest.skip("Cention's page is not beside this clone")
    published = next(line for line in SEED.read_text().splitlines() if "c3_callback_answer_errands" in line)
    ours = answer(cention, create(), text="t", attachments=[TEXT], archives=[PNG]).json()["document"]
    assert skeleton(ours) == skeleton(json.loads(published))


def test_the_answer_to_the_request_tells_what_was_done(cention: Simulator, create: Create, received: Received) -> None:
    shown = answer(cention, create(), text="Yes.", attachments=[TEXT, PNG], archives=[PNG]).json()
    assert shown["callback"] == {"status": 200, "body": "thanks"}
    assert shown["callbacks"] == [shown["callback"]]
    assert (shown["attachments"], shown["archives"]) == (["788", "789"], ["12"])
    assert shown["document"] == json.loads(received[0][1])


# PHP's way of writing JSON, as the sample shows it.
def test_slashes_are_escaped_and_all_is_ascii(cention: Simulator, create: Create, received: Received) -> None:
    answer(cention, create(name="Åsa / Ö"), html="<p>https://example.com/ å</p>")
    body = received[0][1]
    assert body.isascii()
    assert body.count(b"/") == body.count(rb"\/") > 5


def test_an_answered_errand_is_closed(cention: Simulator, create: Create) -> None:
    errand_id = create()
    answer(cention, errand_id)
    assert requests.get(f"{cention.origin}/_sim/errands/{errand_id}", timeout=30).json()["closed"] is True


# Neither data.id nor the errand's id tells answers apart: only the numbers of answer and response do.
def test_each_answer_has_numbers_of_its_own(cention: Simulator, create: Create, received: Received) -> None:
    errand_id = create()
    for _ in range(2):
        answer(cention, errand_id, text="Again.")
    documents = [json.loads(body) for _, body in received]
    assert documents[0]["data"] == documents[1]["data"]
    answers = [parts(document)[0]["attributes"]["answer"] for document in documents]
    assert answers[0]["c3_id"] != answers[1]["c3_id"]
    assert answers[0]["response"]["c3_id"] != answers[1]["response"]["c3_id"]


def test_the_same_callback_can_be_sent_several_times(cention: Simulator, create: Create, received: Received) -> None:
    shown = answer(cention, create(), "?times=3", text="Yes.").json()
    assert len(shown["callbacks"]) == 3
    assert len({body for _, body in received}) == 1
    assert len(received) == 3


def test_recipients_and_subject_can_be_given(cention: Simulator, create: Create, received: Received) -> None:
    to = [{"name": "Bo", "email_address": "bo@example.com"}, {"email_address": "eva@example.com"}]
    answer(cention, create(), text="Hi.", to=to, subject="Other")
    said = parts(json.loads(received[0][1]))[0]["attributes"]["answer"]["response"]
    assert said["subject"] == "Other"
    assert [(one["name"], one["email_address"]) for one in said["to"]] == [
        ("Bo", "bo@example.com"),
        ("", "eva@example.com"),
    ]


def html_of(cention: Simulator, errand: str, **fields: Any) -> str:
    document = answer(cention, errand, **fields).json()["document"]
    return str(parts(document)[0]["attributes"]["answer"]["response"]["html_body"])


def test_files_stand_where_the_html_names_them(cention: Simulator, create: Create) -> None:
    named = '<img src="cid:archive_2"><img src="cid:attachment_2">'
    html = html_of(cention, create(), html=named, attachments=[TEXT, PNG], archives=[PNG, PNG])
    assert '<img src="cid:13"><img src="cid:attachment_789"><img src="cid:12" />' in html


def test_a_number_that_names_no_file_stays(cention: Simulator, create: Create) -> None:
    html = html_of(cention, create(), html="cid:archive_12 cid:attachment_9", archives=[PNG])
    assert 'cid:archive_12 cid:attachment_9<img src="cid:12" />' in html


def test_the_original_message_stands_below(cention: Simulator, create: Create) -> None:
    errand_id = create(body="<It> broke.\nTwice.", name="")
    html = html_of(cention, errand_id, html="<p>Yes.</p>")
    start, quoted = html.split("--------- Cention Contact Center - Original message ---------")
    assert start == '<div style="font-size:;font-family:;"><div><p>Yes.</p></div>\n\n<br /><br /><div>\u00a0</div>\r\n'
    assert f"<br />\nErrand: #{errand_id}-1<br />\nFrom:  (ann@example.com)<br />\nSent: 20" in quoted
    assert quoted.endswith(
        "Subject: Help<br />\nQuestion: <br />\n<br />\n&lt;It&gt; broke.<br />\nTwice.<br />\n"
        "<br />--------- Cention Contact Center - Original message - End ---------</div>"
    )


def test_an_answer_in_plain_text_has_no_html(cention: Simulator, create: Create) -> None:
    assert html_of(cention, create(), text="Yes.") == ""


# content_id is optional in the contract: an inline attachment has one here, no other file does.
def test_files_are_served_as_they_were_given(cention: Simulator, create: Create) -> None:
    document = answer(
        cention, create(), html="<img src='cid:attachment_1'>", attachments=[PNG, TEXT], archives=[PNG]
    ).json()["document"]
    served = {}
    for (kind, file_id), resource in parts(document)[1].items():
        link = resource["links"]["self"]
        response = fetch(cention, link if isinstance(link, str) else link["href"])
        assert (response.status_code, response.headers["Content-Type"]) == (200, "application/vnd.api+json")
        data = response.json()["data"]
        assert (data["type"], data["id"], data["attributes"]["attachment"].pop("c3_id")) == (
            kind,
            file_id,
            int(file_id),
        )
        served[kind, file_id] = data["attributes"]["attachment"]
    assert served == {
        ("c3_response_attachments", "788"): PNG | {"content_id": "attachment_788"},
        ("c3_response_attachments", "789"): TEXT,
        ("c3_area_archives", "12"): PNG,
    }
    assert b64decode(served["c3_area_archives", "12"]["content"]) == b"\x89PNG logo"


def test_a_file_is_found_only_under_its_own_type(cention: Simulator, create: Create) -> None:
    answer(cention, create(), attachments=[PNG])
    assert fetch(cention, f"{cention.url}/capi/json/c3_response_attachments/788").status_code == 200
    for other in ("c3_area_archives/788", "c3_response_attachments/0788", "c3_response_attachments/789"):
        assert fetch(cention, f"{cention.url}/capi/json/{other}").status_code == 404


@pytest.mark.parametrize("secret", [None, "s3cret/å"])
def test_the_secret_is_in_the_callback(
    simulate: Callable[..., Simulator], receiver: str, received: Received, secret: str | None
) -> None:
    cention = simulate(callback=receiver, callback_secret=secret)
    answer(cention, created(cention))
    assert json.loads(received[0][1])["meta"] == {"api_secret": secret or cention.callback_secret}


def test_no_secret_is_in_the_callback_when_none_is_set(
    simulate: Callable[..., Simulator], receiver: str, received: Received
) -> None:
    cention = simulate(callback=receiver, callback_secret="")
    answer(cention, created(cention))
    assert "meta" not in json.loads(received[0][1])


def created(cention: Simulator) -> str:
    message = {"message_id": "<2@example.com>", "from": "ann@example.com"}
    response = requests.post(
        f"{cention.url}/capi/json/c3_new_errands",
        json={"data": {"type": "c3_new_errands", "attributes": {"msg": message}}},
        headers={"Authorization": f"Bearer {cention.create_token}", "Content-Type": "application/vnd.api+json"},
        timeout=30,
    )
    return str(response.json()["data"]["id"])


def linked(simulate: Callable[..., Simulator], receiver: str, form: str) -> tuple[Simulator, dict[str, Any]]:
    """The `links.self` (None where there is none) of the forty files of an answer, by `type/id`."""
    cention = simulate(callback=receiver, links=form)
    document = answer(cention, created(cention), attachments=[TEXT] * 20, archives=[PNG] * 20).json()["document"]
    return cention, {
        f"{kind}/{file_id}": resource.get("links", {"self": None})["self"]
        for (kind, file_id), resource in parts(document)[1].items()
    }


# With forty files, a form that has its chance is missing once in a trillion runs.
@pytest.mark.parametrize(
    ("form", "start"),
    [("own", "{url}/capi/json/"), ("foreign", "http://localhost/capi/json/"), ("relative", "/capi/json/")],
)
def test_links_take_the_form_asked_for_in_either_spelling(
    simulate: Callable[..., Simulator], receiver: str, form: str, start: str
) -> None:
    cention, links = linked(simulate, receiver, form)
    addresses = {name: link if isinstance(link, str) else link["href"] for name, link in links.items()}
    assert addresses == {name: start.format(url=cention.url) + name for name in links}
    assert {type(link) for link in links.values()} == {str, dict}


def test_links_can_be_absent(simulate: Callable[..., Simulator], receiver: str) -> None:
    _, links = linked(simulate, receiver, "absent")
    assert set(links.values()) == {None}


def test_links_can_be_mixed(simulate: Callable[..., Simulator], receiver: str) -> None:
    cention, links = linked(simulate, receiver, "mixed")
    addresses = [link["href"] if isinstance(link, dict) else link for link in links.values()]
    starts = [cention.origin, "http://localhost/", "/capi/"]
    assert {
        next((start for start in starts if address and address.startswith(start)), None) for address in addresses
    } == {
        *starts,
        None,
    }


def test_what_is_included_comes_in_any_order(cention: Simulator, create: Create) -> None:
    orders = set()
    for _ in range(5):
        document = answer(cention, create(), attachments=[TEXT] * 5).json()["document"]
        orders.add(tuple(resource["type"] for resource in document["included"]))
    assert len(orders) > 1


@pytest.mark.parametrize(
    ("fields", "pointer"),
    [
        ({"text": 1}, "/text"),
        ({"html": None}, "/html"),
        ({"attachments": [PNG | {"content": "?"}]}, "/attachments/0/content"),
        ({"archives": [PNG, {"name": "n", "content": ""}]}, "/archives/1/content_type"),
        ({"to": [{"name": "Bo"}]}, "/to/0/email_address"),
        ({"to": "bo@example.com"}, "/to"),
        ({"body": "text"}, "/body"),
    ],
)
def test_an_answer_that_is_not_as_described_is_refused(
    cention: Simulator, create: Create, received: Received, fields: dict[str, Any], pointer: str
) -> None:
    response = answer(cention, create(), **fields)
    [error] = response.json()["errors"]
    assert (response.status_code, error["source"]["pointer"]) == (422, pointer)
    assert received == []


@pytest.mark.parametrize("times", ["0", "-1", "x", "1001", "99999"])
def test_a_number_of_times_that_makes_no_sense_is_refused(cention: Simulator, create: Create, times: str) -> None:
    assert answer(cention, create(), f"?times={times}").status_code == 422


def test_a_body_that_is_not_json_is_refused(cention: Simulator, create: Create) -> None:
    url = f"{cention.origin}/_sim/errands/{create()}/answer"
    assert requests.post(url, data="text=Yes", timeout=30).status_code == 422


def test_a_body_that_is_too_large_is_413(
    cention: Simulator, create: Create, received: Received, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jsonapi, "MOST_RECEIVED", 1000)
    errand = create()
    assert answer(cention, errand, text="x" * 900).status_code == 200
    assert answer(cention, errand, text="x" * 1000).status_code == 413
    assert len(received) == 1


def test_an_errand_that_is_not_there_cannot_be_answered(cention: Simulator) -> None:
    assert answer(cention, "1", text="Yes.").status_code == 404


def test_without_a_callback_nothing_can_be_answered_until_one_is_set(
    simulate: Callable[..., Simulator], receiver: str
) -> None:
    cention = simulate()
    errand_id = created(cention)
    assert answer(cention, errand_id, text="Yes.").status_code == 409
    cention.callback = receiver
    assert answer(cention, errand_id, text="Yes.").status_code == 200


def test_a_callback_that_is_refused_is_told(simulate: Callable[..., Simulator], receiver: str) -> None:
    cention = simulate(callback=f"{receiver}/broken")
    response = answer(cention, created(cention), text="Yes.")
    assert (response.status_code, response.json()["callback"]) == (200, {"status": 500, "body": "thanks"})


def test_a_callback_that_cannot_be_delivered_is_502(simulate: Callable[..., Simulator]) -> None:
    cention = simulate(callback="http://127.0.0.1:9/callbacks/demo")
    response = answer(cention, created(cention), text="Yes.")
    assert response.status_code == 502
    assert set(response.json()["callback"]) == {"error"}
