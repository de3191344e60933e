"""Several workspaces and areas in one simulator: a token's area, a workspace's files, an area's own callback."""

import json
from base64 import b64encode
from collections.abc import Callable
from typing import Any

import pytest

from gateway.simulator import Options
from tests.contract.conftest import Party

Meet = Callable[..., Party]
Received = list[tuple[dict[str, str], bytes]]

TEXT = {"name": "a.txt", "content_type": "text/plain", "content": b64encode(b"a").decode()}


def secrets(received: Received) -> list[str | None]:
    return [json.loads(body).get("meta", {}).get("api_secret") for _, body in received]


def test_an_errand_lands_in_the_area_of_its_token(party: Meet) -> None:
    at = party(areas=("support", "sales"), accounts=("chat",), area_tokens=(("sales", "s"), ("chat", "c")))
    ids = [at.create(token=token) for token in ("", "s", "c")]
    assert [at.sim(f"errands/{errand}")["area"] for errand in ids] == ["support", "sales", "chat"]
    assert [errand["id"] for errand in at.sim("errands?area=sales")] == [ids[1]]
    assert [errand["id"] for errand in at.sim("errands?area=demo/chat")] == [ids[2]]
    areas = {area["name"]: (area["id"], area["channel"], area["account"]) for area in at.sim("areas")}
    assert areas == {"support": (7, "Email", False), "sales": (8, "Email", False), "chat": (9, "WhatsApp", True)}


def test_each_workspace_has_its_own_tokens_files_and_errands(party: Meet) -> None:
    at = party(areas=("support", "other/post"), area_tokens=(("other/post", "o"),))
    errand = at.create(token="o", workspace="other")
    link = at.answer(errand, attachments=[TEXT])["document"]["included"]
    assert any("/s/other/capi/json/c3_response_attachments/788" in json.dumps(one) for one in link)
    fetch = at.sim("tokens", {"claim": "get_attachment", "workspace": "other"})["token"]
    assert at.api("c3_response_attachments/788", token=fetch, workspace="other").status_code == 200
    assert at.api("c3_response_attachments/788").status_code == 404
    assert at.api("c3_response_attachments/788", workspace="other").status_code == 401
    end = {"integrationName": "aventa", "deviceId": 1, "extensionId": 1}
    closing = {"data": {"type": "c3_end_errands", "id": errand, "attributes": {"integrationData": end}}}
    assert at.api("c3_end_errands", closing).status_code == 404
    assert at.api("c3_end_errands", closing, token="o", workspace="other").status_code == 200


# The contract: areas are chosen for each callback setting, and a secret key is optional.
def test_an_area_can_have_a_callback_of_its_own(party: Meet, receiver: str, received: Received) -> None:
    at = party(
        areas=("support", "sales", "silent"),
        area_tokens=(("sales", "s"), ("silent", "q")),
        area_callbacks=(("sales", f"{receiver}/sales"), ("silent", f"{receiver}/silent")),
        area_secrets=(("sales", "of sales"), ("silent", "")),
        callback_secret="of all",
    )
    for token in ("", "s", "q"):
        at.answer(at.create(token=token), text="Yes.")
    assert secrets(received) == ["of all", "of sales", None]
    assert [json.loads(body)["data"]["id"] for _, body in received] == ["76", "77", "78"]


def test_an_area_can_have_several_callbacks(party: Meet, receiver: str, received: Received) -> None:
    at = party(area_callbacks=(("support", receiver), ("support", f"{receiver}/broken")))
    shown = at.answer(at.create(), text="Yes.")
    assert [outcome["status"] for outcome in shown["callbacks"]] == [200, 500]
    documents = [json.loads(body) for _, body in received]
    assert [document["data"].pop("id") for document in documents] == ["77", "78"]


def test_callback_settings_can_be_changed_while_it_runs(party: Meet, receiver: str, received: Received) -> None:
    at = party(callback="")
    errand = at.create()
    at.answer(errand, text="Nowhere.", status=409)
    settings = [{"url": receiver, "secret": "one", "areas": ["demo/support"]}, {"url": receiver}]
    shown = at.sim("callbacks", settings, method="PUT")
    assert at.sim("callbacks") == shown
    assert [setting["id"] for setting in shown] == ["76", "77"]
    at.answer(errand, text="Yes.")
    assert secrets(received) == ["one"]


@pytest.mark.parametrize(
    ("settings", "pointer"),
    [
        ({}, ""),
        ([{"url": "ftp://x/"}], "/0/url"),
        ([{"secret": "x"}], "/0/url"),
        ([{"url": "http://x", "a": 1}], "/0/a"),
    ],
)
def test_a_callback_setting_that_cannot_be_is_refused(party: Meet, settings: Any, pointer: str) -> None:
    [error] = party().sim("callbacks", settings, method="PUT", status=422)["errors"]
    assert error["source"]["pointer"] == pointer


@pytest.mark.parametrize(
    "wrong",
    [
        {"areas": ("a b",)},
        {"areas": ("a/b/c",)},
        {"areas": ("a", "a")},
        {"accounts": ("",)},
        {"area_tokens": (("sales", "x"),)},
        {"area_secrets": (("other/support", "x"),)},
        {"area_callbacks": (("support", "nowhere"),)},
        {"tries": 0},
        {"waits": ()},
        {"waits": (-1.0,)},
        {"waits": (1.0, float("nan"))},
        {"token_days": float("inf")},
        {"latency": -1},
        {"error_rate": 1.1},
        {"largest": 0},
        {"spelling": "ancient"},
        {"ids": "words"},
        {"unknown": "accept"},
    ],
)
def test_options_that_cannot_be_used_are_refused_by_name(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=next(iter(wrong))):
        Options(**wrong)
