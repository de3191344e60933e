"""What `PUT /_sim/faults` makes of the API, as a client's socket sees it."""

import http.client
import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from random import Random
from typing import Any

import pytest
import requests

from gateway.simulator import Simulator
from gateway.simulator.faults import Fault
from tests.contract.conftest import Party

Post = Callable[..., requests.Response]

MESSAGE = {"message_id": "<1@example.com>", "from": "ann@example.com"}
DOCUMENT = {"data": {"type": "c3_new_errands", "attributes": {"msg": MESSAGE}}}


def order(cention: Simulator, *faults: dict[str, Any]) -> requests.Response:
    return requests.put(f"{cention.origin}/_sim/faults", json=list(faults), timeout=30)


def left(cention: Simulator) -> list[dict[str, Any]]:
    return list(requests.get(f"{cention.origin}/_sim/faults", timeout=30).json())


def errands(cention: Simulator) -> int:
    return len(requests.get(f"{cention.origin}/_sim/errands", timeout=30).json())


def calls(cention: Simulator) -> list[dict[str, Any]]:
    return list(requests.get(f"{cention.origin}/_sim/calls", timeout=30).json())


def statuses(post: Post, times: int) -> list[int]:
    return [post("c3_new_errands", DOCUMENT).status_code for _ in range(times)]


def test_a_status_comes_with_its_headers_and_an_error(cention: Simulator, post: Post) -> None:
    order(cention, {"target": "create", "status": 503, "headers": {"Retry-After": "2"}})
    response = post("c3_new_errands", DOCUMENT)
    assert (response.status_code, response.headers["Retry-After"]) == (503, "2")
    assert response.headers["Content-Type"] == "application/vnd.api+json"
    assert response.json()["errors"][0]["status"] == "503"
    assert errands(cention) == 0


def test_a_body_is_sent_as_it_was_ordered(cention: Simulator, post: Post) -> None:
    order(cention, {"status": 400, "body": "message size exceeds limit", "content_type": "text/plain"})
    response = post("c3_new_errands", DOCUMENT)
    assert (response.status_code, response.text) == (400, "message size exceeds limit")
    assert response.headers["Content-Type"] == "text/plain"


@pytest.mark.parametrize(("body", "kind"), [('{"errors":[]}', "application/vnd.api+json"), ("no", "text/plain")])
def test_a_body_alone_is_a_200_of_the_type_that_it_looks_like(
    cention: Simulator, post: Post, body: str, kind: str
) -> None:
    order(cention, {"body": body})
    response = post("c3_new_errands", DOCUMENT)
    assert (response.status_code, response.text) == (200, body)
    assert response.headers["Content-Type"].partition(";")[0] == kind


@pytest.mark.parametrize("status", [200, 204, 301, 304, 404, 500, 599])
def test_any_status_can_be_ordered(cention: Simulator, post: Post, status: int) -> None:
    order(cention, {"status": status})
    assert post("c3_new_errands", DOCUMENT, Connection="close").status_code == status


def test_a_200_need_not_be_json(cention: Simulator, post: Post) -> None:
    order(cention, {"json": False})
    response = post("c3_new_errands", DOCUMENT)
    assert (response.status_code, response.headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    with pytest.raises(requests.JSONDecodeError):
        response.json()


def test_the_right_answer_can_come_with_another_type(cention: Simulator, post: Post) -> None:
    order(cention, {"content_type": "text/html", "headers": {"X-Cache": "hit"}})
    response = post("c3_new_errands", DOCUMENT)
    assert (response.status_code, response.headers["Content-Type"], response.headers["X-Cache"]) == (
        201,
        "text/html",
        "hit",
    )
    assert errands(cention) == 1


def test_a_delayed_answer_is_the_right_one(cention: Simulator, post: Post) -> None:
    order(cention, {"delay": 0.3})
    began = time.monotonic()
    assert post("c3_new_errands", DOCUMENT).status_code == 201
    assert time.monotonic() - began >= 0.3


# A client that gives up before the answer cannot know that its errand is there.
def test_an_errand_can_be_created_long_before_its_answer(cention: Simulator) -> None:
    order(cention, {"delay": 30, "after_create": True})
    headers = {"Authorization": f"Bearer {cention.create_token}", "Content-Type": "application/vnd.api+json"}
    with pytest.raises(requests.ReadTimeout):
        requests.post(f"{cention.url}/capi/json/c3_new_errands", json=DOCUMENT, headers=headers, timeout=0.3)
    assert errands(cention) == 1
    assert calls(cention)[0]["status"] is None


@pytest.mark.parametrize("fault", [{"status": 500}, {"json": False}, {"cut": True}, {"body": "{}"}])
@pytest.mark.parametrize("created", [1, 0])
def test_an_errand_can_be_created_and_answered_wrongly(
    cention: Simulator, post: Post, fault: dict[str, Any], created: int
) -> None:
    order(cention, fault | {"after_create": created == 1})
    try:
        assert post("c3_new_errands", DOCUMENT).status_code != 201
    except requests.ConnectionError:
        assert "cut" in fault
    assert errands(cention) == created
    assert ("errand_id" in calls(cention)[0]) is (created == 1)


@contextmanager
def raw(cention: Simulator) -> Iterator[http.client.HTTPResponse]:
    """The answer to a create, its body not read yet."""
    connection = http.client.HTTPConnection(cention.origin.removeprefix("http://"), timeout=10)
    headers = {"Authorization": f"Bearer {cention.create_token}", "Content-Type": "application/vnd.api+json"}
    connection.request("POST", "/s/demo/capi/json/c3_new_errands", json.dumps(DOCUMENT), headers)
    try:
        yield connection.getresponse()
    finally:
        connection.close()


def test_a_cut_connection_ends_without_an_answer(cention: Simulator) -> None:
    order(cention, {"cut": True, "calls": 1})
    with pytest.raises(ConnectionError), raw(cention):
        pass
    assert calls(cention)[0]["status"] is None
    assert errands(cention) == 0


@pytest.mark.parametrize(
    ("fault", "status", "created"),
    [({}, 201, 1), ({"status": 503}, 503, 0), ({"status": 200, "body": "x" * 100_000}, 200, 0)],
)
def test_a_connection_can_be_cut_in_the_middle_of_the_body(
    cention: Simulator, fault: dict[str, Any], status: int, created: int
) -> None:
    order(cention, fault | {"cut": "middle"})
    with raw(cention) as response:
        promised = int(response.headers["Content-Length"])
        with pytest.raises(http.client.IncompleteRead) as seen:
            response.read()
    assert (response.status, len(seen.value.partial)) == (status, promised // 2)
    assert errands(cention) == created


def test_an_answer_without_a_body_is_cut_before_it_begins(cention: Simulator) -> None:
    order(cention, {"cut": "middle", "status": 204})
    with pytest.raises(ConnectionError), raw(cention):
        pass


def test_after_a_cut_the_next_call_is_answered_and_nothing_is_complained_of(
    cention: Simulator, post: Post, caplog: pytest.LogCaptureFixture
) -> None:
    for cut in (True, "middle"):
        order(cention, {"cut": cut, "calls": 1})
        with pytest.raises((requests.ConnectionError, requests.exceptions.ChunkedEncodingError)):
            post("c3_new_errands", DOCUMENT)
        assert statuses(post, 1) == [201]
    assert [record for record in caplog.records if record.levelname in {"WARNING", "ERROR"}] == []


def test_a_fault_lasts_for_its_calls_and_the_next_follows(cention: Simulator, post: Post) -> None:
    order(cention, {"status": 500, "calls": 2}, {"status": 429, "calls": 1})
    assert statuses(post, 1) == [500]
    assert left(cention) == [
        {"target": "any", "status": 500, "calls": 1},
        {"target": "any", "status": 429, "calls": 1},
    ]
    assert statuses(post, 3) == [500, 429, 201]
    assert left(cention) == []


def test_a_fault_without_calls_lasts_until_it_is_cleared(cention: Simulator, post: Post) -> None:
    order(cention, {"status": 500})
    assert statuses(post, 3) == [500, 500, 500]
    assert requests.delete(f"{cention.origin}/_sim/faults", timeout=30).json() == []
    assert statuses(post, 1) == [201]
    order(cention, {"status": 500})
    order(cention)
    assert statuses(post, 1) == [201]


def test_one_fault_need_not_stand_in_an_array(cention: Simulator, post: Post) -> None:
    requests.put(f"{cention.origin}/_sim/faults", json={"status": 500}, timeout=30)
    assert statuses(post, 1) == [500]


def test_a_rate_is_the_share_of_calls_that_go_wrong(cention: Simulator, post: Post) -> None:
    order(cention, {"status": 500, "rate": 0.5})
    assert {500, 201} == set(statuses(post, 50))
    order(cention, {"status": 500, "rate": 0})
    assert statuses(post, 5) == [201] * 5


def test_errors_can_come_at_a_rate_from_the_start(party: Callable[..., Party]) -> None:
    at = party(error_rate=1)
    assert at.api("c3_new_errands", DOCUMENT).status_code == 503
    assert at.sim("faults") == [{"target": "any", "status": 503}]
    at.sim("faults", method="DELETE")
    assert at.api("c3_new_errands", DOCUMENT).status_code == 201


def test_every_answer_can_be_late_from_the_start(party: Callable[..., Party]) -> None:
    at = party(latency=0.2, jitter=0.01)
    began = time.monotonic()
    assert at.api("c3_new_errands", DOCUMENT).status_code == 201
    assert time.monotonic() - began >= 0.2
    assert at.sim("faults") == [{"target": "any", "delay": 0.2, "jitter": 0.01}]


def test_jitter_is_a_share_of_chance() -> None:
    waits = [Fault(delay=1, jitter=2).lateness(Random(seed)) for seed in range(50)]
    assert 1 <= min(waits) < max(waits) <= 3
    assert len(set(waits)) > 1


def test_a_fault_falls_only_on_its_target(cention: Simulator, post: Post) -> None:
    def all_four() -> list[int]:
        fetch = {"Authorization": f"Bearer {cention.attachment_token}", "Content-Type": "application/vnd.api+json"}
        return [
            post("c3_new_errands", DOCUMENT).status_code,
            post("c3_end_errands", {}).status_code,
            requests.get(f"{cention.url}/capi/json/c3_response_attachments/1", headers=fetch, timeout=30).status_code,
            requests.get(f"{cention.url}/capi/json/c3_area_archives/1", headers=fetch, timeout=30).status_code,
        ]

    right = [201, 422, 404, 404]
    assert all_four() == right
    for position, target in enumerate(["create", "end", "attachment", "archive"]):
        order(cention, {"target": target, "status": 503})
        assert all_four() == [503 if place == position else status for place, status in enumerate(right)]
    order(cention, {"target": "any", "status": 503})
    assert all_four() == [503] * 4
    assert requests.get(f"{cention.origin}/_sim/errands", timeout=30).status_code == 200


@pytest.mark.parametrize(
    ("fault", "pointer"),
    [
        ({"status": 99}, "/0/status"),
        ({"status": 600}, "/0/status"),
        ({"status": "503"}, "/0/status"),
        ({"status": True}, "/0/status"),
        ({"status": 500, "target": "all"}, "/0/target"),
        ({"headers": {"X": "a\r\nB: c"}}, "/0/headers/X"),
        ({"headers": {"X:": "a"}}, "/0/headers/X:"),
        ({"headers": {"Content-Length": "5"}}, "/0/headers/Content-Length"),
        ({"headers": ["a"]}, "/0/headers"),
        ({"body": {}}, "/0/body"),
        ({"content_type": "a\nb"}, "/0/content_type"),
        ({"delay": -1}, "/0/delay"),
        ({"delay": "1"}, "/0/delay"),
        ({"jitter": 3601}, "/0/jitter"),
        ({"cut": "start"}, "/0/cut"),
        ({"cut": 1}, "/0/cut"),
        ({"status": 500, "after_create": 1}, "/0/after_create"),
        ({"json": None}, "/0/json"),
        ({"status": 500, "calls": 0}, "/0/calls"),
        ({"status": 500, "calls": 1.5}, "/0/calls"),
        ({"status": 500, "rate": 1.1}, "/0/rate"),
        ({"status": 500, "times": 1}, "/0/times"),
        ({"calls": 1}, "/0"),
        (1, "/0"),
    ],
)
def test_a_fault_that_cannot_be_is_refused_and_those_in_force_stay(
    cention: Simulator, fault: Any, pointer: str
) -> None:
    order(cention, {"status": 500})
    response = order(cention, fault)
    [error] = response.json()["errors"]
    assert (response.status_code, error["source"]["pointer"]) == (422, pointer)
    assert left(cention) == [{"target": "any", "status": 500}]
