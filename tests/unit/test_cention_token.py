"""What a token says about itself."""

import base64
import re
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.cention.token import bearer, claims, day
from gateway.config.units import Secret
from gateway.errors import Refused
from tests.jwt import jwt

DAY = 86400


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


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
)


# Whatever it claims, an operator can be shown it, with its end where it has one.
@given(
    st.text()
    | st.tuples(st.text(), st.binary()).map(lambda t: f"{t[0]}.{base64.urlsafe_b64encode(t[1]).decode()}.")
    | st.dictionaries(st.sampled_from(["exp", "area", "key"]), JSON).map(jwt)
)
def test_any_token_at_all_can_be_looked_at(token: str) -> None:
    found = claims(token)
    if found is not None:
        assert orjson.loads(orjson.dumps(found.shown())).keys() == found.shown().keys() <= found.values.keys()
        assert found.expires is None or re.fullmatch(r"\d{4}-\d\d-\d\d", day(found.expires))


# Some systems count in milliseconds, and some write the largest number there is to say "never".
@pytest.mark.parametrize("never", [1_790_000_000_000_000, 1e300, -1e300])
def test_an_end_that_no_calendar_has_is_none(never: float) -> None:
    found = claims(jwt({"exp": never}))
    assert found is not None
    assert found.expires is None


def test_a_day_is_told_as_a_date() -> None:
    assert day(1593047865) == "2020-06-25"


def test_what_a_jwt_claims_is_shown_without_times_and_secrets() -> None:
    found = claims(
        jwt({"exp": 5, "iat": 1, "jti": "x", "create_errand": True, "area": {"id": 7, "api_key": "abc"}, "key": "abc"})
    )
    assert found is not None
    assert found.shown() == {"create_errand": True, "area": {"id": 7, "api_key": "***"}, "key": "***"}


def test_what_is_shown_of_claims_is_bounded() -> None:
    found = claims(
        jwt({"long": "x" * 1000, "many": list(range(1000)), "deep": [[[[1]]]]} | {f"m{n}": 1 for n in range(99)})
    )
    assert found is not None
    said = found.shown()
    assert len(said) == 20
    assert len(said["long"]) == 101
    assert len(said["many"]) == 20
    assert said["deep"] == [[["…"]]]


def test_a_token_by_reference_is_read_at_each_use_and_named_by_its_source(tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text("first\n")
    secret = Secret(f"file:{file}")
    assert bearer(secret) == ("first", f"file:{file}")
    file.write_text("second\n")
    assert bearer(secret) == ("second", f"file:{file}")
    assert bearer("itself") == ("itself", "")


# Nothing is wrong with the job: everything in its lane waits for a token, as it does when one is refused.
@pytest.mark.parametrize("content", [None, "", "two words", "å"])
def test_a_token_that_is_not_there_or_cannot_be_sent_is_refused_with_its_source(
    tmp_path: Path, content: str | None
) -> None:
    file = tmp_path / "token"
    if content is not None:
        file.write_text(content)
    with pytest.raises(Refused) as caught:
        bearer(Secret(f"file:{file}"))
    assert str(file) in str(caught.value)
