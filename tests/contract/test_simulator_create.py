"""POST c3_new_errands at the simulator: what the contract allows is taken, and whatever else is pointed at."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import requests

from gateway.simulator import Simulator
from gateway.simulator.contract import MOST_LEVELS

Post = Callable[..., requests.Response]

SEED = Path(__file__).parents[3] / "shared" / "cention" / "000_ebc21a9f8f600618.txt"

# Cention's own sample, byte for byte.
SAMPLE = (
    rb'{"data":{"type":"c3_new_errands","attributes":{"msg":{"message_id":"msgid_1485096554","name":"David Liew",'
    rb'"from":"david.liew@test.se","subject":"Creating test errand via API","body":"Test message body at Sun, '
    rb'22 Jan 2017 22:49:14 +0800","html_body":"","attachments":[{"content_type":"text\/plain","name":"tst1.txt",'
    rb'"content":"QXBwbGUgUGVuIFBpbmVhcHBsZSBQZW4="},{"content_type":"text\/plain","name":"tst2.txt",'
    rb'"content":"T3JhbmdlIEp1aWNlIQ=="}]},"extradata":{"message_id":"msgid_1485096554","case_number":21345,'
    rb'"zone":"A"},"integrationData":{"integrationName":"aventa","referenceId":"1","deviceId":1000,'
    rb'"extensionId":1000,"link":"https:www.google.com","destNumber":"60374571234","pagingNumber":"12345",'
    rb'"pagingName":"GP office","queueName":"EHS","queueNumber":"123","extraData":{"comment":"internal comment",'
    rb'"callReason":"reschedule appointment","appointmentTimestamp":"1593047865"}},"cuid":"5462-13-6485"}}}'
)
GONE = object()


def changed(path: str, value: Any) -> Any:
    """The sample with one member set, or taken out when the value is GONE; the way to it as a JSON pointer."""
    document = json.loads(SAMPLE)
    if "/answer/" in path:
        document["data"]["attributes"]["answer"] = {}
    *way, last = [int(step) if step.isdigit() else step for step in path.strip("/").split("/")]
    place = document
    for step in way:
        place = place[step]
    if value is GONE:
        del place[last]
    else:
        place[last] = value
    return document


def pointers(response: requests.Response) -> list[str]:
    assert response.headers["Content-Type"] == "application/vnd.api+json"
    return [error["source"]["pointer"] for error in response.json()["errors"]]


def test_the_sample_is_the_one_that_cention_publishes() -> None:
    if not SEED.exists():
        pytest.skip("Cention's page is not beside this clone")
    published = next(line for line in SEED.read_bytes().splitlines() if line.startswith(b'{"data":'))
    assert published == SAMPLE


def test_the_published_sample_becomes_an_errand_as_it_was_posted(post: Post, cention: Simulator) -> None:
    response = post("c3_new_errands", SAMPLE)
    assert (response.status_code, response.headers["Content-Type"]) == (201, "application/vnd.api+json")
    data = response.json()["data"]
    assert data == {"type": "c3_new_errands", "id": data["id"]}
    [errand] = requests.get(f"{cention.origin}/_sim/errands", timeout=30).json()
    posted = {"id": data["id"], "closed": False, "attributes": json.loads(SAMPLE)["data"]["attributes"]}
    assert errand.items() >= posted.items()
    assert requests.get(f"{cention.origin}/_sim/errands/{data['id']}", timeout=30).json().items() >= errand.items()


# The contract does not say whether Cention recognises a repeated message_id; the simulator shows both.
def test_each_post_is_a_new_errand_with_a_higher_number(create: Callable[..., str]) -> None:
    first, second = create(message_id="<same@example.com>"), create(message_id="<same@example.com>")
    assert int(second) == int(first) + 1


def test_a_body_of_a_hundred_megabytes_is_taken_in_chunks(post: Post, cention: Simulator) -> None:
    document = changed("/data/attributes/msg/attachments/0/content", "QUJD" * 25_000_000)
    body = json.dumps(document).encode()
    response = requests.post(
        f"{cention.url}/capi/json/c3_new_errands",
        data=(body[start : start + 1_000_000] for start in range(0, len(body), 1_000_000)),
        headers={"Authorization": f"Bearer {cention.create_token}", "Content-Type": "application/vnd.api+json"},
        timeout=60,
    )
    assert response.status_code == 201
    [call] = requests.get(f"{cention.origin}/_sim/calls", timeout=30).json()
    assert (call["size"], call["headers"]["transfer-encoding"]) == (len(body), "chunked")


def test_an_answer_makes_a_closed_errand(post: Post, cention: Simulator) -> None:
    assert post("c3_new_errands", changed("/data/attributes/answer", {"body": "Done."})).status_code == 201
    [errand] = requests.get(f"{cention.origin}/_sim/errands", timeout=30).json()
    assert errand["closed"] is True


TEMPLATE = {"elementname": "order", "namespace": "abc", "params": [{"default": "$10", "order": "1234"}]}


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("/data/attributes/integrationData", GONE),
        ("/data/attributes/extradata", GONE),
        ("/data/attributes/extradata", ["any", {"JSON": None}, 1.5]),
        ("/data/attributes/cuid", GONE),
        ("/data/attributes/msg/name", GONE),
        ("/data/attributes/msg/html_body", GONE),
        ("/data/attributes/msg/attachments", GONE),
        ("/data/attributes/msg/attachments", []),
        ("/data/attributes/msg/attachments/0/content", ""),
        ("/data/attributes/msg/attachments/0/content_id", "logo"),
        ("/data/attributes/answer", {"user_type": "CENTION", "user_id": "12"}),
        ("/data/attributes/answer", {"user_type": "", "subject": "s", "body": "b", "html_body": ""}),
        ("/data/attributes/answer", {"attachments": [{"content_type": "a/b", "name": "n", "content": "QQ=="}]}),
        ("/data/attributes/integrationData/referenceId", GONE),
        ("/data/attributes/integrationData/extraData", GONE),
        ("/data/attributes/integrationData/ofAnotherSystem", [1]),
        ("/data/meta", {"of": "JSON:API"}),
        ("/jsonapi", {"version": "1.0"}),
        ("/unknown", "members at this level are JSON:API's to name, which ignores what it does not know"),
        ("/data/unknown", 1),
    ],
)
def test_what_the_contract_allows_is_taken(post: Post, path: str, value: Any) -> None:
    response = post("c3_new_errands", changed(path, value))
    assert response.status_code == 201, response.text


# Any JSON is any that can be shown and kept as well: as deep as is taken, it is found again everywhere.
def test_extradata_is_bounded_in_depth_and_can_be_read_wherever_it_is_taken(
    simulate: Callable[..., Simulator], tmp_path: Path
) -> None:
    cention = simulate(state=tmp_path / "state.db")
    headers = {"Authorization": f"Bearer {cention.create_token}", "Content-Type": "application/vnd.api+json"}
    url = f"{cention.url}/capi/json/c3_new_errands"

    def deep(levels: int) -> requests.Response:
        document = changed("/data/attributes/extradata", json.loads("[" * levels + "]" * levels))
        return requests.post(url, json=document, headers=headers, timeout=30)

    errand = deep(MOST_LEVELS - 3).json()["data"]["id"]
    for path in ("", "?search=[[", f"/{errand}", f"/{errand}/documents"):
        assert requests.get(f"{cention.origin}/_sim/errands{path}", timeout=30).status_code == 200
    for levels in (MOST_LEVELS - 2, 900):
        assert (deep(levels).status_code, pointers(deep(levels))) == (422, [""])


def test_of_a_thousand_mistakes_a_hundred_are_told(post: Post) -> None:
    response = post("c3_new_errands", changed("/data/attributes/msg/attachments", [1] * 1000))
    assert len(pointers(response)) == 100


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("/data", GONE),
        ("/data", []),
        ("/data/type", GONE),
        ("/data/attributes", GONE),
        ("/data/attributes", "text"),
        ("/data/attributes/msg", GONE),
        ("/data/attributes/msg", None),
        ("/data/attributes/extraData", {}),
        ("/data/attributes/msg/message_id", GONE),
        ("/data/attributes/msg/message_id", ""),
        ("/data/attributes/msg/message_id", 1485096554),
        ("/data/attributes/msg/from", GONE),
        ("/data/attributes/msg/from", ["ann@example.com"]),
        ("/data/attributes/msg/name", None),
        ("/data/attributes/msg/subject", True),
        ("/data/attributes/msg/body", 1),
        ("/data/attributes/msg/html_body", None),
        ("/data/attributes/msg/htmlBody", ""),
        ("/data/attributes/msg/attachments", {}),
        ("/data/attributes/msg/attachments", None),
        ("/data/attributes/msg/attachments/1", "text"),
        ("/data/attributes/msg/attachments/1/name", GONE),
        ("/data/attributes/msg/attachments/1/content_type", 1),
        ("/data/attributes/msg/attachments/1/content", "not base64!"),
        ("/data/attributes/msg/attachments/1/content", "QUJ"),
        ("/data/attributes/msg/attachments/1/content", "QUJD\nQUJD"),
        ("/data/attributes/msg/attachments/1/content", "å"),
        ("/data/attributes/msg/attachments/1/content", None),
        ("/data/attributes/msg/attachments/1/content_id", None),
        ("/data/attributes/msg/attachments/1/c3_id", 1),
        ("/data/attributes/answer", "text"),
        ("/data/attributes/answer/user_type", "agent"),
        ("/data/attributes/answer/user_type", 1),
        ("/data/attributes/answer/user_id", 12),
        ("/data/attributes/answer/attachments", "none"),
        ("/data/attributes/answer/text", "b"),
        ("/data/attributes/cuid", 5462),
        ("/data/attributes/integrationData", None),
        ("/data/attributes/integrationData/integrationName", "other"),
        ("/data/attributes/integrationData/integrationName", GONE),
        ("/data/attributes/integrationData/deviceId", GONE),
        ("/data/attributes/integrationData/deviceId", True),
        ("/data/attributes/integrationData/deviceId", "1000"),
        ("/data/attributes/integrationData/extensionId", 1000.0),
        ("/data/attributes/integrationData/extensionId", GONE),
        ("/data/attributes/integrationData/destNumber", "+60 3-7457 1234"),
        ("/data/attributes/integrationData/destNumber", "٦٠٣٧٤٥٧١٢٣٤"),
        ("/data/attributes/integrationData/destNumber", 60374571234),
        ("/data/attributes/integrationData/destNumber", GONE),
        ("/data/attributes/integrationData/queueName", GONE),
        ("/data/attributes/integrationData/queueNumber", 123),
        ("/data/attributes/integrationData/link", 1),
        ("/data/attributes/integrationData/pagingNumber", 12345),
        ("/data/attributes/integrationData/pagingName", None),
        ("/data/attributes/integrationData/referenceId", 1),
        ("/data/attributes/integrationData/extraData", []),
        ("/data/attributes/integrationData/extraData/comment", 1),
        ("/data/attributes/integrationData/extraData/callReason", None),
        ("/data/attributes/integrationData/extraData/appointmentTimestamp", 1593047865),
        ("/data/attributes/integrationData/extraData/appointmentTimestamp", "2020-06-25"),
    ],
)
def test_what_the_contract_forbids_is_pointed_at(post: Post, cention: Simulator, path: str, value: Any) -> None:
    response = post("c3_new_errands", changed(path, value))
    assert (response.status_code, pointers(response)) == (422, [path])
    [error] = response.json()["errors"]
    assert error["status"] == "422"
    assert "contract, Create" in error["detail"]
    assert requests.get(f"{cention.origin}/_sim/errands", timeout=30).json() == []


# JSON:API (Creating Resources) has statuses of its own for these two.
@pytest.mark.parametrize(("path", "value", "status"), [("/data/type", "c3_end_errands", 409), ("/data/id", "1", 403)])
def test_what_json_api_forbids_is_answered_as_it_says(post: Post, path: str, value: str, status: int) -> None:
    response = post("c3_new_errands", changed(path, value))
    assert (response.status_code, pointers(response)) == (status, [path])


def test_mistakes_of_several_kinds_are_one_422(post: Post) -> None:
    document = changed("/data/type", "c3_end_errands")
    del document["data"]["attributes"]["msg"]["from"]
    response = post("c3_new_errands", document)
    assert (response.status_code, [error["status"] for error in response.json()["errors"]]) == (422, ["409", "422"])


def test_the_row_of_the_contract_is_named(post: Post) -> None:
    [error] = post("c3_new_errands", changed("/data/attributes/msg/attachments/1/name", 1)).json()["errors"]
    assert "(contract, Create: POST c3_new_errands, msg.attachments)" in error["detail"]


def test_what_the_contract_does_not_know_can_be_ignored(simulate: Callable[..., Simulator]) -> None:
    cention = simulate(unknown="ignore")
    headers = {"Authorization": f"Bearer {cention.create_token}", "Content-Type": "application/vnd.api+json"}
    for path, status in (("/data/attributes/msg/priority", 201), ("/data/attributes/msg/name", 422)):
        url = f"{cention.url}/capi/json/c3_new_errands"
        response = requests.post(url, json=changed(path, 1), headers=headers, timeout=30)
        assert response.status_code == status, response.text


def test_a_body_larger_than_is_taken_is_413(simulate: Callable[..., Simulator]) -> None:
    cention = simulate(largest=1000)
    headers = {"Authorization": f"Bearer {cention.create_token}", "Content-Type": "application/vnd.api+json"}
    url = f"{cention.url}/capi/json/c3_new_errands"
    assert requests.post(url, data=b"x" * 1001, headers=headers, timeout=30).status_code == 413
    assert requests.post(url, data=b"x" * 1000, headers=headers, timeout=30).status_code == 400


# A WhatsApp template errand is sent in a user's name.
@pytest.mark.parametrize(
    ("answer", "missing"),
    [
        (GONE, ["/data/attributes/answer"]),
        ({"user_type": "cention"}, ["/data/attributes/answer/user_id"]),
        ({"body": "b"}, ["/data/attributes/answer/user_type", "/data/attributes/answer/user_id"]),
    ],
)
def test_a_template_needs_an_answer_with_its_user(post: Post, answer: Any, missing: list[str]) -> None:
    document = changed("/data/attributes/watemplate", TEMPLATE)
    if answer is not GONE:
        document["data"]["attributes"]["answer"] = answer
    assert pointers(post("c3_new_errands", document)) == missing
    document["data"]["attributes"]["answer"] = {"user_type": "cention", "user_id": "<3C system USER_ID>"}
    assert post("c3_new_errands", document).status_code == 201


@pytest.mark.parametrize(
    ("template", "pointer"),
    [
        ({"elementname": "order"}, "/namespace"),
        (TEMPLATE | {"elementname": 1}, "/elementname"),
        (TEMPLATE | {"params": {"default": "$10"}}, "/params"),
        (TEMPLATE | {"params": [{"default": 10}]}, "/params/0/default"),
        (TEMPLATE | {"language": "sv"}, "/language"),
    ],
)
def test_a_template_is_checked_too(post: Post, template: Any, pointer: str) -> None:
    document = changed("/data/attributes/watemplate", template)
    document["data"]["attributes"]["answer"] = {"user_type": "cention", "user_id": "1"}
    assert pointers(post("c3_new_errands", document)) == [f"/data/attributes/watemplate{pointer}"]


def test_every_mistake_is_told_at_once(post: Post) -> None:
    document = {"data": {"type": "c3_new_errands", "attributes": {"msg": {"from": 1, "subject": None}, "a/b~c": 1}}}
    found = pointers(post("c3_new_errands", document))
    msg = "/data/attributes/msg"
    assert found == [f"{msg}/message_id", f"{msg}/from", f"{msg}/subject", "/data/attributes/a~1b~0c"]
