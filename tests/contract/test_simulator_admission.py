"""What the simulator checks before it looks at a document, and in which order."""

from collections.abc import Callable
from typing import Any

import pytest
import requests

from gateway.simulator import Simulator

Simulate = Callable[..., Simulator]

JSON_API = "application/vnd.api+json"
RESOURCES = [
    ("POST", "c3_new_errands"),
    ("POST", "c3_end_errands"),
    ("GET", "c3_response_attachments/788"),
    ("GET", "c3_area_archives/12"),
]


def ask(cention: Simulator, method: str, resource: str, **headers: str | None) -> requests.Response:
    """A request that brings whichever token fits; a header that is None is left out."""
    token = cention.create_token if method == "POST" else cention.attachment_token
    named: dict[str, str | None] = {"Authorization": f"Bearer {token}", "Content-Type": JSON_API}
    named |= {name.replace("_", "-"): value for name, value in headers.items()}
    sent = {name: value for name, value in named.items() if value is not None}
    return requests.request(method, f"{cention.url}/capi/json/{resource}", headers=sent, data=b"", timeout=30)


def is_error(response: requests.Response, status: int) -> bool:
    """Whether it is a JSON:API error of this status."""
    error: dict[str, Any] = response.json()["errors"][0]
    return (response.status_code, error["status"]) == (status, str(status)) and (
        bool(error["title"] and error["detail"]) and response.headers["Content-Type"] == JSON_API
    )


@pytest.mark.parametrize(("method", "resource"), RESOURCES)
@pytest.mark.parametrize("other", ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"])
def test_each_resource_has_one_method(cention: Simulator, method: str, resource: str, other: str) -> None:
    response = ask(cention, other, resource, Authorization=None)
    if other == method:
        assert is_error(response, 401)
    else:
        assert is_error(response, 405)
        assert response.headers["Allow"] == method


@pytest.mark.parametrize(("method", "resource"), RESOURCES)
@pytest.mark.parametrize(
    "given", [None, "", "Bearer", "Bearer ", "Bearer unknown", "Basic {token}", "{token}", "Bearer é"]
)
def test_a_token_that_is_not_known_is_401(cention: Simulator, method: str, resource: str, given: str | None) -> None:
    token = cention.create_token if method == "POST" else cention.attachment_token
    authorization = given and given.format(token=token)
    response = ask(cention, method, resource, Authorization=authorization, Content_Type="text/plain")
    assert is_error(response, 401)
    assert response.headers["WWW-Authenticate"] == "Bearer"


@pytest.mark.parametrize(("method", "resource"), RESOURCES)
def test_a_token_without_the_claim_is_403(cention: Simulator, method: str, resource: str) -> None:
    wrong = cention.attachment_token if method == "POST" else cention.create_token
    response = ask(cention, method, resource, Authorization=f"Bearer {wrong}", Content_Type="text/plain")
    assert is_error(response, 403)


def test_one_string_given_for_both_tokens_may_do_both(simulate: Simulate) -> None:
    cention = simulate(create_token="one for all", attachment_token="one for all")
    statuses = [ask(cention, method, resource).status_code for method, resource in RESOURCES]
    assert statuses == [400, 400, 404, 404]


@pytest.mark.parametrize(("method", "resource"), RESOURCES)
@pytest.mark.parametrize(
    "given",
    [None, "", "application/json", f"{JSON_API}; charset=utf-8", f"{JSON_API};", "text/html", f"{JSON_API}, a/b"],
)
def test_another_content_type_is_415_on_get_too(
    cention: Simulator, method: str, resource: str, given: str | None
) -> None:
    assert is_error(ask(cention, method, resource, Content_Type=given), 415)


# JSON:API, Content Negotiation: 406 only when each mention of the media type has parameters; other Accepts are free.
@pytest.mark.parametrize(
    ("accept", "status"),
    [
        (None, 404),
        ("*/*", 404),
        (JSON_API, 404),
        ("text/html", 404),
        (f"{JSON_API}; q=0.9, */*", 404),
        (f"{JSON_API}; charset=utf-8, {JSON_API}", 404),
        (f"{JSON_API}; charset=utf-8", 406),
        (f"{JSON_API}; charset=utf-8, */*", 406),
    ],
)
def test_an_accept_with_parameters_alone_is_406(cention: Simulator, accept: str | None, status: int) -> None:
    assert is_error(ask(cention, "GET", "c3_area_archives/12", Accept=accept), status)


def test_a_media_type_is_known_in_any_letter_case(cention: Simulator) -> None:
    response = ask(cention, "POST", "c3_new_errands", Content_Type="Application/VND.API+json")
    assert is_error(response, 400)


@pytest.mark.parametrize("body", [b"", b"{", b'{"data":}', b"\xff\xfe", b'{"data": NaN}', b'"\xe9"', b"[" * 100_000])
@pytest.mark.parametrize("resource", ["c3_new_errands", "c3_end_errands"])
def test_what_is_not_json_is_400(post: Callable[..., requests.Response], body: bytes, resource: str) -> None:
    assert is_error(post(resource, body), 400)


@pytest.mark.parametrize(
    "path",
    [
        "/s/other/capi/json/c3_new_errands",
        "/capi/json/c3_new_errands",
        "/s/demo/ng/api/json/c3_errand",
        "/ng/api/json/c3_response_attachments/1",
        "/s/demo/capi/json/c3_new_errands/511055",
        "/s/demo/capi/json/c3_new_errands/",
        "/s/demo/capi/json/c3_area_archives",
        "/s/demo/capi/json/c3_area_archives/",
        "/s/demo/capi/json/c3_unknown/1",
        "/s/demo/capi/json/",
        "/unknown",
        "/_sim/unknown",
    ],
)
def test_what_is_not_there_is_404(cention: Simulator, path: str) -> None:
    assert is_error(requests.post(f"{cention.origin}{path}", timeout=30), 404)


@pytest.mark.parametrize(
    ("method", "path"),
    [("POST", "errands"), ("GET", "errands/1/answer"), ("POST", "faults"), ("PUT", "calls"), ("DELETE", "errands/1")],
)
def test_the_simulators_own_addresses_have_their_methods(cention: Simulator, method: str, path: str) -> None:
    assert is_error(requests.request(method, f"{cention.origin}/_sim/{path}", timeout=30), 405)


def test_no_two_simulators_share_a_token(simulate: Simulate) -> None:
    one, two = simulate(), simulate()
    assert len({one.create_token, one.attachment_token, two.create_token, two.attachment_token}) == 4
    assert one.callback_secret != two.callback_secret
