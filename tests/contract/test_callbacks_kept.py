"""Callbacks that are no answer we can read or are to send: nothing that came with the right secret is lost."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway import operate
from tests.contract.test_callbacks import body, document, stored
from tests.roads import SECRET, Road, road
from tests.unit.test_cention_callback_any import JSON

UNREADABLE = [
    ("/data", {"data": [], "included": []}),
    ("/data/attributes/event", document(data={"type": "c3_callback_answer_errands"})),
    ("/included", document(included=[])),
    ("/included", document(included={"type": "c3_answer_errands"})),
    ("/included/0/attributes/answer/c3_id", document(included=[{"type": "c3_answer_errands", "id": "2256"}])),
]


@pytest.fixture(scope="module")
def roads(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Road]:
    with road(tmp_path_factory.mktemp("kept")) as running:
        yield running


def refused(answer: bytes) -> dict[str, Any]:
    """The one error of a JSON:API document."""
    (error,) = json.loads(answer)["errors"]
    return dict(error)


def kept_as(answer: bytes) -> str:
    return str(refused(answer)["detail"].partition("kept as ")[2].partition(",")[0])


# Cention shows its administrator the 400 with the place; the operator finds the document parked with the same reason.
@pytest.mark.parametrize(("pointer", "sent"), UNREADABLE, ids=[pointer for pointer, _ in UNREADABLE])
def test_what_cannot_be_read_is_refused_and_kept_for_a_person(roads: Road, pointer: str, sent: dict[str, Any]) -> None:
    status, answer = roads.post(json.dumps(sent | {"meta": {"api_secret": SECRET}}).encode())
    assert (status, refused(answer)["source"]) == (400, {"pointer": pointer})
    job = roads.reaches(kept_as(answer), "parked")
    assert job["error"].startswith(f"{pointer}: expected")
    assert json.loads(roads.gateway.spool.document(kept_as(answer))) == sent | {"meta": {}}


def test_what_cannot_be_read_is_kept_once_however_often_it_comes(roads: Road) -> None:
    sent = body(included=[{"type": "c3_answer_errands", "id": "2256", "attributes": []}])
    names = {kept_as(roads.post(sent)[1]) for _ in range(3)}
    assert len(names) == 1
    assert roads.steps(names.pop()).count("repeat") == 2


@pytest.mark.parametrize("meta", [{"api_secret": "wrong"}, {}, None, [], "x"])
def test_without_the_secret_nothing_is_kept(roads: Road, meta: Any) -> None:
    before = len(operate.listing(roads.gateway.spool, [], "", 1000))
    status, answer = roads.post(json.dumps({"data": [], "meta": meta}).encode())
    assert (status, refused(answer)["source"]) == (401, {"pointer": "/meta/api_secret"})
    assert len(operate.listing(roads.gateway.spool, [], "", 1000)) == before


@pytest.mark.parametrize("event", [0, 2, -1, "answer", 10**18])
def test_another_event_is_answered_2xx_recorded_and_nothing_is_done_for_it(roads: Road, event: Any) -> None:
    data = document()["data"] | {"attributes": {"event": event}}
    status, said = roads.post(body(data=data))
    assert status == 200
    trace = stored(roads, json.loads(said)["meta"]["id"])
    assert trace["jobs"] == []
    assert trace["events"][0]["detail"]["unknown"] == f"c3_callback_answer_errands event {event}"


# What is in the answer is read later, by the worker; here only its shape matters.
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.one_of(
        JSON,
        st.fixed_dictionaries(
            {"meta": st.just({"api_secret": SECRET})},
            optional={
                "data": st.one_of(JSON, st.just(document()["data"])),
                "included": st.one_of(JSON, st.lists(st.sampled_from(document()["included"]) | JSON, max_size=5)),
            },
        ),
    )
)
def test_any_json_at_all_gets_an_answer_or_a_json_api_error(roads: Road, value: Any) -> None:
    status, said = roads.post(json.dumps(value).encode() or b" ")
    if status == 200:
        assert json.loads(said)["meta"]["id"]
    else:
        assert status in {400, 401}
        assert refused(said)["status"] == str(status)
        assert refused(said)["detail"]


@pytest.mark.parametrize("sent", [b"\x00", b"\xef\xbb\xbf", b'"\\ud800"', b"[1e400]", b'{"meta":{"api_secret":1e999}}'])
def test_what_is_hardly_json_gets_a_json_api_error(roads: Road, sent: bytes) -> None:
    status, said = roads.post(sent)
    assert status in {400, 401}
    assert refused(said)["status"] == str(status)
