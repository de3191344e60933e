"""Tokens as the simulator makes and reads them: real JWTs with claims and an end, or strings that it was given."""

import hashlib
import hmac
import json
import time
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable
from typing import Any

import pytest

from gateway.simulator import Simulator
from gateway.simulator.areas import Area
from gateway.simulator.tokens import DAY, Denied, Given, Right, Tokens
from tests.contract.conftest import Party

SUPPORT, SALES = Area(7, "demo", "support"), Area(8, "demo", "sales", "WhatsApp", account=True)
KEY = b"k" * 32
NOW = 1_000_000.5


def parts(token: str) -> list[Any]:
    return [urlsafe_b64decode(part + "==") for part in token.split(".")]


def signed(header: Any, claims: Any, key: bytes = KEY) -> str:
    text = ".".join(urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode() for part in (header, claims))
    signature = hmac.digest(key, text.encode(), hashlib.sha256)
    return f"{text}.{urlsafe_b64encode(signature).rstrip(b'=').decode()}"


@pytest.fixture
def tokens() -> Tokens:
    return Tokens(KEY, [SUPPORT, SALES])


@pytest.mark.parametrize(
    ("right", "area", "named"),
    [
        (Right.CREATE, SUPPORT, {"area": {"id": 7, "name": "support", "channel": "Email"}}),
        (Right.CREATE, SALES, {"account": {"id": 8, "name": "sales", "channel": "WhatsApp"}}),
        (Right.FETCH, None, {}),
    ],
)
def test_a_token_is_a_jwt_with_one_right_its_place_and_its_end(
    tokens: Tokens, right: Right, area: Area | None, named: dict[str, Any]
) -> None:
    token = tokens.issue(right, "demo", area, NOW, DAY)
    header, claims, signature = parts(token)
    assert json.loads(header) == {"alg": "HS256", "typ": "JWT"}
    read = json.loads(claims)
    assert [claim for claim in ("create_errand", "get_attachment") if claim in read] == [right.value]
    assert {name: read[name] for name in ("area", "account") if name in read} == named
    assert (read["iat"], read["exp"], read["workspace"]) == (1_000_000, 1_000_000 + DAY, "demo")
    assert signature == hmac.digest(KEY, token.rpartition(".")[0].encode(), hashlib.sha256)
    granted = tokens.grant(token, "demo", NOW)
    assert (set(granted.rights), granted.area) == ({right}, area)


def test_a_token_ends(tokens: Tokens) -> None:
    token = tokens.issue(Right.CREATE, "demo", SUPPORT, 0, DAY)
    assert tokens.grant(token, "demo", DAY - 1).rights == {Right.CREATE}
    with pytest.raises(Denied, match="expired at 86400"):
        tokens.grant(token, "demo", DAY)


CLAIMS = {"workspace": "demo", "create_errand": True, "area": {"name": "support"}, "exp": 2**40}


@pytest.mark.parametrize(
    ("token", "why"),
    [
        (signed({"alg": "HS256"}, CLAIMS, b"another"), "not signed here"),
        (signed({"alg": "none"}, CLAIMS), "not signed here"),
        (signed({"alg": "HS512"}, CLAIMS), "not signed here"),
        (signed({}, CLAIMS), "nor a JWT"),
        (signed({"alg": "HS256"}, [1]), "not signed here"),
        (signed({"alg": "HS256"}, CLAIMS | {"workspace": "other"}), "another workspace"),
        (signed({"alg": "HS256"}, CLAIMS | {"area": {"name": "gone"}}), "no area"),
        (signed({"alg": "HS256"}, {name: CLAIMS[name] for name in ("workspace", "create_errand")}), "expired"),
        ("a.b.c", "nor a JWT"),
        (f"{urlsafe_b64encode(b'[' * 30_000).decode()}.e30.AA", "nor a JWT"),
        ("é", "nor a JWT"),
        ("", "nor a JWT"),
    ],
)
def test_a_token_that_is_not_good_is_denied_with_the_reason(tokens: Tokens, token: str, why: str) -> None:
    assert tokens.grant(signed({"alg": "HS256"}, CLAIMS), "demo", NOW).area == SUPPORT
    with pytest.raises(Denied, match=why):
        tokens.grant(token, "demo", NOW)


def test_a_given_string_is_good_in_its_workspace_alone() -> None:
    tokens = Tokens(KEY, [SUPPORT], [Given("ja tack", Right.CREATE, "demo", SUPPORT)])
    assert tokens.grant("ja tack", "demo", NOW).area == SUPPORT
    with pytest.raises(Denied, match="another workspace"):
        tokens.grant("ja tack", "other", NOW)


def test_tokens_are_made_to_order(party: Callable[..., Party]) -> None:
    at = party(areas=("support", "sales", "other/post"))

    def made(**asked: Any) -> str:
        return str(at.sim("tokens", asked)["token"])

    def status(token: str, workspace: str = "demo") -> int:
        return at.api("c3_new_errands", {"data": {}}, token=token, workspace=workspace).status_code

    errand = at.create(token=made(claim="create_errand", area="sales"))
    assert at.sim(f"errands/{errand}")["area"] == "sales"
    elsewhere = made(claim="create_errand", area="other/post", workspace="other")
    assert (status(elsewhere, "other"), status(elsewhere)) == (422, 401)
    assert status(made(claim="get_attachment")) == 403
    assert status(made(claim="create_errand", seconds=-1)) == 401


@pytest.mark.parametrize(
    ("asked", "pointer"),
    [({"claim": "all"}, "/claim"), ({"claim": "create_errand", "area": "x"}, "/area"), ({}, "/claim")],
)
def test_a_token_that_cannot_be_made_is_refused(
    party: Callable[..., Party], asked: dict[str, Any], pointer: str
) -> None:
    [error] = party().sim("tokens", asked, status=422)["errors"]
    assert error["source"]["pointer"] == pointer


def test_generated_tokens_are_good_for_as_long_as_is_asked(simulate: Callable[..., Simulator]) -> None:
    claims = json.loads(parts(simulate(token_days=2).create_token)[1])
    assert claims["exp"] == pytest.approx(time.time() + 2 * DAY, abs=60)
