"""`POST /callbacks/<workspace>` as any server may call it: stored before 200, a JSON:API error otherwise."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from gateway.spool import query
from tests.roads import SECRET, Road, road

SEED = Path(__file__).parent.parent / "unit" / "cention_callback.json"


@pytest.fixture(scope="module")
def roads(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Road]:
    with road(tmp_path_factory.mktemp("callbacks"), http={"max_size": "1 MB"}) as running:
        yield running


def document(**changes: Any) -> dict[str, Any]:
    """The sample of Cention's own page, with our secret."""
    sample: dict[str, Any] = json.loads(SEED.read_text()) | {"meta": {"api_secret": SECRET}} | changes
    return sample


def body(**changes: Any) -> bytes:
    return json.dumps(document(**changes)).encode()


def nested(depth: int) -> Any:
    return json.loads("[" * depth + "]" * depth)


def stored(roads: Road, name: str) -> dict[str, Any]:
    found: dict[str, Any] | None = roads.gateway.spool.read(lambda connection: query.trace(connection, name))
    assert found is not None
    return found


def test_the_sample_of_the_contract_is_stored_before_it_is_answered(roads: Road) -> None:
    status, said = roads.post(body())
    assert status == 200
    name = json.loads(said)["meta"]["id"]
    assert stored(roads, name)["callback"]["errand"] == "2256"
    assert SECRET.encode() not in roads.gateway.spool.document(name)


@pytest.mark.parametrize(
    ("meta", "status"),
    [
        ({"api_secret": SECRET}, 200),
        ({"api_secret": "wrong"}, 401),
        ({"api_secret": ""}, 401),
        ({}, 401),
        ({"api_secret": 5}, 401),
    ],
)
def test_the_secret_decides(roads: Road, meta: dict[str, Any], status: int) -> None:
    assert roads.post(body(meta=meta))[0] == status


@pytest.mark.parametrize(
    ("sent", "status", "said"),
    [
        (b"{", 400, "JSON"),
        (b"[]", 400, "object"),
        (b"", 400, "JSON"),
        (b"\xff\xfe", 400, "UTF-8"),
        (b"[" * 100_000, 400, "JSON"),
        (body(deep=nested(300)), 400, "less deeply"),
        (b'{"data": 5, "meta": {"api_secret": "' + SECRET.encode() + b'"}}', 400, "expected"),
        (body(included=[]), 400, "c3_answer_errands"),
        (body(included="x"), 400, "expected"),
        (b"x" * 1_100_000, 413, "at most"),
    ],
    ids=[
        "cut off",
        "no object",
        "nothing",
        "not UTF-8",
        "deep",
        "deep where nobody looks",
        "data is no object",
        "nothing included",
        "included is text",
        "too large",
    ],
)
def test_what_is_wrong_is_said_as_a_json_api_error(roads: Road, sent: bytes, status: int, said: str) -> None:
    found, answer = roads.post(sent)
    assert found == status
    (error,) = json.loads(answer)["errors"]
    assert error["status"] == str(status)
    assert said in error["detail"]


def test_an_unknown_workspace_method_or_type_is_refused(roads: Road) -> None:
    assert roads.post(body(), "/callbacks/other")[0] == 404
    assert roads.post(body(), Content_Type="text/plain")[0] == 415
    assert json.loads(roads.post(body(), "/nowhere")[1])["errors"][0]["status"] == "404"


def test_a_type_with_parameters_or_plain_json_is_taken(roads: Road) -> None:
    assert roads.post(body(), Content_Type="application/vnd.api+json; charset=utf-8")[0] == 200
    assert roads.post(body(), Content_Type="application/json")[0] == 200


def test_an_unknown_event_is_stored_answered_200_and_shown(roads: Road) -> None:
    unknown = document()
    unknown["data"]["attributes"]["event"] = 7
    status, said = roads.post(json.dumps(unknown).encode())
    assert status == 200
    trace = stored(roads, json.loads(said)["meta"]["id"])
    assert trace["jobs"] == []
    assert "event 7" in trace["events"][0]["detail"]["unknown"]


def test_several_secrets_are_valid_at_once_so_that_one_can_be_changed_without_a_gap(tmp_path: Path) -> None:
    (tmp_path / "next").write_text("next-secret")
    secrets = [f"file:{tmp_path / 'secret'}", f"file:{tmp_path / 'next'}"]
    with road(tmp_path, workspace={"callback_secrets": secrets}) as roads:
        for secret, status in ((SECRET, 200), ("next-secret", 200), ("other", 401)):
            assert roads.post(body(meta={"api_secret": secret}))[0] == status


def test_health_readiness_and_metrics_are_there(roads: Road) -> None:
    assert roads.post(b"", "/healthz", "GET") == (200, b"ok\n")
    status, said = roads.post(b"", "/readyz", "GET")
    assert (status, json.loads(said)["parts"]) == (200, {"spool": "ok", "smtp": "ok", "worker": "ok"})
    status, said = roads.post(b"", "/metrics", "GET")
    assert status == 200
    assert b'cention_gateway_callbacks_total{outcome="accepted",workspace="demo"}' in said


# A worker that hangs or a disk that is full is named, and the answer is 503, so that a monitor sees it.
def test_readiness_names_the_part_that_is_not_ready(roads: Road, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(roads.gateway._worker, "alive_at", -1000.0)
    monkeypatch.setattr(roads.gateway.spool.acceptor.room, "min_free", 1 << 60)
    monkeypatch.setattr(roads.gateway._worker, "_run", lambda: None)
    status, said = roads.post(b"", "/readyz", "GET")
    parts = json.loads(said)["parts"]
    assert status == 503
    assert parts["spool"] == "the spool's disk is full"
    assert parts["smtp"] == "ok"


def test_a_full_spool_is_503_and_nothing_is_believed_stored(roads: Road, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(roads.gateway.spool.acceptor.room, "min_free", 1 << 60)
    assert roads.post(body())[0] == 503
