"""POST c3_end_errands at the simulator: the contract shows the integration part, and infers the rest."""

from collections.abc import Callable
from typing import Any

import pytest
import requests

from gateway.simulator import Simulator

Post = Callable[..., requests.Response]

END = {"integrationName": "aventa", "deviceId": 1000, "extensionId": 1001}
CALL = END | {"destNumber": "60374571234", "queueName": "EHS", "queueNumber": "123"}


def ending(integration: Any, **data: Any) -> dict[str, Any]:
    return {"data": {"type": "c3_end_errands", "attributes": {"integrationData": integration}} | data}


def call(post: Post, reference: str) -> str:
    """An errand that comes from a telephone call; its id."""
    message = {"message_id": reference, "from": "60374571234"}
    attributes = {"msg": message, "integrationData": CALL | {"referenceId": reference}}
    response = post("c3_new_errands", {"data": {"type": "c3_new_errands", "attributes": attributes}})
    return str(response.json()["data"]["id"])


def closed(cention: Simulator) -> list[str]:
    errands = requests.get(f"{cention.origin}/_sim/errands", timeout=30).json()
    return [errand["id"] for errand in errands if errand["closed"]]


def test_an_errand_named_by_its_id_is_closed(post: Post, create: Callable[..., str], cention: Simulator) -> None:
    first, _second = create(), create()
    response = post("c3_end_errands", ending(END, id=first))
    assert (response.status_code, response.json()) == (200, {"data": {"type": "c3_end_errands", "id": first}})
    assert closed(cention) == [first]
    assert requests.get(f"{cention.origin}/_sim/calls", timeout=30).json()[-1]["errand_id"] == first


def test_an_errand_can_be_closed_twice(post: Post, create: Callable[..., str]) -> None:
    errand = create()
    assert [post("c3_end_errands", ending(END, id=errand)).status_code for _ in range(2)] == [200, 200]


def test_an_errand_that_is_not_there_is_404(post: Post) -> None:
    assert post("c3_end_errands", ending(END, id="1")).status_code == 404


# The contract's own sample is cut off, so that a document without an id must be taken; the call tells which errand.
def test_without_an_id_the_newest_errand_of_the_call_is_closed(post: Post, cention: Simulator) -> None:
    first, second, _third = call(post, "a"), call(post, "b"), call(post, "c")
    assert post("c3_end_errands", ending(END | {"referenceId": "b"})).json()["data"]["id"] == second
    assert post("c3_end_errands", ending(END | {"referenceId": "a"})).json()["data"]["id"] == first
    assert closed(cention) == [first, second]


def test_without_a_reference_the_call_is_known_by_its_agent(post: Post, cention: Simulator) -> None:
    first, second = call(post, "a"), call(post, "b")
    assert [post("c3_end_errands", ending(END)).json()["data"]["id"] for _ in range(2)] == [second, first]
    assert post("c3_end_errands", ending(END)).json() == {"data": None}


def test_without_an_id_and_without_such_a_call_nothing_is_closed(
    post: Post, create: Callable[..., str], cention: Simulator
) -> None:
    create()
    call(post, "a")
    response = post("c3_end_errands", ending(END | {"deviceId": 1, "dialedNumber": "60374571234"}))
    assert (response.status_code, response.json()) == (200, {"data": None})
    assert closed(cention) == []


@pytest.mark.parametrize(
    ("document", "pointer"),
    [
        (ending(None), "/data/attributes/integrationData"),
        (ending({**END, "deviceId": True}), "/data/attributes/integrationData/deviceId"),
        (ending({**END, "extensionId": "1"}), "/data/attributes/integrationData/extensionId"),
        (ending({**END, "integrationName": "x"}), "/data/attributes/integrationData/integrationName"),
        (ending({**END, "referenceId": 1}), "/data/attributes/integrationData/referenceId"),
        (ending({**END, "dialedNumber": 1}), "/data/attributes/integrationData/dialedNumber"),
        (ending({"integrationName": "aventa", "deviceId": 1}), "/data/attributes/integrationData/extensionId"),
        (ending({"integrationName": "aventa", "extensionId": 1}), "/data/attributes/integrationData/deviceId"),
        (ending({"deviceId": 1, "extensionId": 1}), "/data/attributes/integrationData/integrationName"),
        (ending(END, id=511055), "/data/id"),
        (ending(END, attributes={}), "/data/attributes/integrationData"),
        (ending(END, attributes={"integrationData": END, "msg": {}}), "/data/attributes/msg"),
    ],
)
def test_what_the_contract_forbids_is_pointed_at(post: Post, document: Any, pointer: str) -> None:
    response = post("c3_end_errands", document)
    [error] = response.json()["errors"]
    assert (response.status_code, error["source"]["pointer"]) == (422, pointer)
    assert "contract, Close" in error["detail"]
