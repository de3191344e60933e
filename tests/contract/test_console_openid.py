"""Sign-in by an OpenID provider: there and back, who gets which role, and what is not believed."""

import asyncio
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.doors import Browser, Door, door
from tests.servers.issuer import CLIENT, SECRET, Issuer, running


@pytest.fixture(scope="module")
def provider() -> Iterator[Issuer]:
    with running() as one:
        yield one


@pytest.fixture(scope="module")
def opened(
    loop: asyncio.AbstractEventLoop, tmp_path_factory: pytest.TempPathFactory, provider: Issuer
) -> Iterator[Callable[..., Door]]:
    """Opens a door for the provider's people, with these settings of [console.oidc]."""
    folder = tmp_path_factory.mktemp("door")
    (folder / "secret").write_text(SECRET)
    table = {
        "issuer": provider.url,
        "client_id": CLIENT,
        "client_secret": f"file:{folder / 'secret'}",
        "roles": {"staff": "look", "ops": "administer"},
    }
    with door(loop, folder) as one:
        yield lambda **oidc: one.fresh(address=one.base, oidc=table | oidc)


@pytest.fixture
def issuer(provider: Issuer) -> Issuer:
    """The provider, with all as it should be."""
    provider.claims = {"sub": "4711", "preferred_username": "asa", "groups": ["staff"]}
    provider.wrong, provider.refuses, provider.down, provider.published = {}, "", False, provider.key
    return provider


def signs_in(there: Door, browser: Browser | None = None, path: str = "/") -> Any:
    return (browser or there.browser()).see(f"/sign-in/openid?next={path}")


def test_somebody_signs_in_there_and_comes_back_to_the_page_they_wanted(
    issuer: Issuer, opened: Callable[..., Door]
) -> None:
    there = opened()
    browser = there.browser()
    assert "Sign in with your organisation" in browser.see("/words").text
    found = signs_in(there, browser, "/words?x=%2F")
    assert found.url == f"{there.base}/words?x=/"
    assert found.text.startswith("asa look openid")
    assert there.acts() == [("asa", "sign-in")]
    browser.sends("/sign-out", csrf=browser.csrf())
    assert "/sign-in" in browser.see("/").url


@pytest.mark.parametrize(
    ("claims", "oidc", "found"),
    [
        ({"groups": ["staff", "ops", "other"]}, {}, "asa administer"),
        ({"groups": "ops"}, {}, "asa administer"),
        ({"groups": [], "email": "asa@example.com"}, {"role": "act", "name_claim": "email"}, "asa@example.com act"),
        ({"roles": ["r"]}, {"roles_claim": "roles", "roles": {"r": "act"}}, "asa act"),
        ({"preferred_username": None, "email": 7}, {}, "4711 look"),
    ],
)
def test_the_role_is_the_highest_that_the_claim_gives(
    issuer: Issuer, opened: Callable[..., Door], claims: dict[str, Any], oidc: dict[str, Any], found: str
) -> None:
    issuer.claims |= claims
    assert signs_in(opened(**oidc)).text.startswith(found)


def test_whoever_has_no_role_does_not_come_in(issuer: Issuer, opened: Callable[..., Door]) -> None:
    issuer.claims["groups"] = ["cleaners"]
    there = opened()
    refused = signs_in(there)
    assert refused.status_code == 403
    assert "asa has no role here" in refused.text
    assert there.acts() == [("asa", "refused")]


# Each of these alone is wrong with the ID token.
@pytest.mark.parametrize(
    "wrong",
    [
        {"iss": "https://evil.example"},
        {"aud": "another-client"},
        {"aud": [CLIENT, "another"], "azp": "another"},
        {"nonce": "of another sign-in"},
        {"nonce": None},
        {"exp": int(time.time()) - 120},
        {"iat": int(time.time()) + 7200},
        {"sub": None},
        {"at_hash": "of another token"},
    ],
)
def test_an_id_token_that_is_not_for_us_and_this_sign_in_is_refused(
    issuer: Issuer, opened: Callable[..., Door], wrong: dict[str, Any]
) -> None:
    issuer.wrong = wrong
    refused = signs_in(opened())
    assert refused.status_code == 403
    assert "the ID token" in refused.text


def test_a_token_that_another_key_signed_is_refused(issuer: Issuer, opened: Callable[..., Door]) -> None:
    issuer.published = issuer.new_key()
    there = opened()
    there.people.provider = type(there.people.provider)(lambda: there.settings)
    assert signs_in(there).status_code == 403


# Providers change their keys; the set is asked for again, but not for each forged token.
def test_a_new_key_of_the_provider_is_asked_for_once_a_minute(issuer: Issuer, opened: Callable[..., Door]) -> None:
    now = [1000.0]
    there = opened()
    there.people.provider = type(there.people.provider)(lambda: there.settings, lambda: now[0])
    assert signs_in(there).status_code == 200
    issuer.key = issuer.published = issuer.new_key()
    before = issuer.asked.count("/jwks")
    assert signs_in(there).status_code == 403
    assert issuer.asked.count("/jwks") == before
    now[0] += 61
    assert signs_in(there).status_code == 200


def test_a_sign_in_that_another_browser_began_is_refused(issuer: Issuer, opened: Callable[..., Door]) -> None:
    there = opened()
    begun = there.browser()
    way = begun.see("/sign-in/openid?next=/", allow_redirects=False).headers["Location"]
    back = begun.get(way, allow_redirects=False, timeout=20).headers["Location"]
    for other in (there.browser(), there.browser()):
        other.see("/sign-in")
        refused = other.get(back, timeout=20)
        assert refused.status_code == 403
        assert "was not begun in this browser" in refused.text
    assert "/token" not in issuer.asked[-2:]
    assert begun.get(back, timeout=20).text.startswith("asa")
    # A code is good once, and the key of the sign-in is gone.
    assert begun.get(back, timeout=20).status_code == 403


def test_what_the_provider_refuses_is_said(issuer: Issuer, opened: Callable[..., Door]) -> None:
    issuer.refuses = "access_denied"
    refused = signs_in(opened())
    assert refused.status_code == 403
    assert "did not sign you in: access_denied" in refused.text


def test_a_provider_that_is_away_or_calls_itself_otherwise_is_trouble_and_no_traceback(
    issuer: Issuer, opened: Callable[..., Door]
) -> None:
    there = opened()
    there.people.provider = type(there.people.provider)(lambda: there.settings)
    issuer.down = True
    assert signs_in(there).status_code == 503
    issuer.down = False
    other = opened(issuer=issuer.url.replace("127.0.0.1", "localhost"))
    assert signs_in(other).status_code == 503


# The session was the provider's; with another one in the settings it is nobody's.
def test_with_another_provider_old_sessions_end(issuer: Issuer, opened: Callable[..., Door]) -> None:
    there = opened()
    browser = there.browser()
    assert signs_in(there, browser).status_code == 200
    opened(client_id="another")
    assert "/sign-in" in browser.see("/").url
