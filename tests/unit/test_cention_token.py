"""What a token says about itself."""

import base64
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.cention.token import claims

DAY = 86400


def jwt(payload: Any) -> str:
    def part(value: Any) -> str:
        return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")

    return f"{part({'alg': 'HS256'})}.{part(payload)}.c2lnbmF0dXJl"


def test_the_claims_and_the_expiry_of_a_jwt_are_read() -> None:
    found = claims(jwt({"exp": 10 * DAY, "area": 5, "name": "Größe?>"}))
    assert found is not None
    assert found.values["area"] == 5
    assert found.values["name"] == "Größe?>"
    assert found.expires == 10 * DAY
    assert found.days_left(7.5 * DAY) == 2.5
    assert found.days_left(11 * DAY) == -1


@pytest.mark.parametrize("payload", [{}, {"exp": None}, {"exp": "soon"}, {"exp": True}, {"exp": []}])
def test_a_token_need_not_expire(payload: Any) -> None:
    found = claims(jwt(payload))
    assert found is not None
    assert found.expires is None
    assert found.days_left(0) is None


def test_white_space_and_the_scheme_do_not_matter() -> None:
    assert claims(f" Bearer {jwt({'exp': 1})}\n") == claims(jwt({"exp": 1}))


@pytest.mark.parametrize("token", ["", "secret", "a.b.c", "a.b", "..", "ä.ö.ü", jwt([]), jwt(5), jwt({}) + ".more"])
def test_any_other_token_has_no_claims(token: str) -> None:
    assert claims(token) is None


@given(
    st.text() | st.tuples(st.text(), st.binary()).map(lambda t: f"{t[0]}.{base64.urlsafe_b64encode(t[1]).decode()}.")
)
def test_any_token_at_all_can_be_looked_at(token: str) -> None:
    claims(token)
