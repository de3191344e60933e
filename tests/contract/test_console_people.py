"""Who may be before the console: sign-in, roles, sessions, and what other sites and other names cannot do."""

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from gateway.errors import Temporary
from tests.doors import HASH, PASSWORD, Browser, Door, door, hidden, user

Open = Callable[..., Door]


@pytest.fixture(scope="module")
def running(loop: asyncio.AbstractEventLoop, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Door]:
    with door(loop, tmp_path_factory.mktemp("door")) as one:
        yield one


@pytest.fixture
def opened(running: Door) -> Open:
    """Opens the door with these settings of [console]."""
    return running.fresh


@pytest.fixture
def three(opened: Open) -> Door:
    """A door that one of each role can go through."""
    return opened(user={"lo": user("look"), "ada": user("act"), "amy": user("administer")})


def test_whoever_is_not_signed_in_is_asked_to_and_comes_back_where_they_wanted(three: Door) -> None:
    browser = three.browser()
    asked = browser.see("/administer?page=2")
    assert asked.url.endswith("/sign-in?next=%2Fadminister%3Fpage%3D2")
    found = browser.sends("/sign-in", **(hidden(asked) | {"name": "amy", "password": PASSWORD}))
    assert found.url == f"{three.base}/administer?page=2"
    assert found.text.startswith("amy administer password 127.0.0.1")
    assert three.acts() == [("amy", "sign-in")]


def test_programs_are_told_to_sign_in_and_not_led_away(three: Door) -> None:
    answer = requests.get(f"{three.base}/", headers={"Accept": "application/json"}, timeout=20)
    assert answer.status_code == 401


# The same words, and no cookie, for a name that nobody has and for a password that is another's.
def test_a_wrong_name_and_a_wrong_password_get_the_same_answer(three: Door) -> None:
    answers = []
    for name, password in (("amy", "not her password"), ("nobody", PASSWORD)):
        browser = three.browser()
        wrong = browser.signs_in(name, password)
        answers.append(
            (wrong.status_code, wrong.text.replace(f'value="{name}"', "").replace(hidden(wrong)["csrf"], ""))
        )
        assert "cention-console" not in browser.cookies
    assert answers[0] == answers[1]
    assert answers[0][0] == 403
    assert three.acts() == [("amy", "refused"), ("", "refused")]


@pytest.mark.parametrize(("name", "may"), [("lo", (200, 403, 403)), ("ada", (200, 200, 403)), ("amy", (200, 200, 200))])
def test_each_role_may_do_what_those_before_it_may_and_no_more(three: Door, name: str, may: tuple[int, ...]) -> None:
    browser = three.browser()
    browser.signs_in(name)
    found = browser.see("/"), browser.sends("/act", csrf=browser.csrf(), what="retry"), browser.see("/administer")
    assert tuple(one.status_code for one in found) == may
    if may[1] == 200:
        assert found[1].text == "done: retry"
    assert three.acts().count((name, "refused")) == may.count(403)


@pytest.mark.parametrize(
    "wrong",
    [
        {"csrf": "0" * 64},
        {"csrf": None},
        {"headers": {"Sec-Fetch-Site": "cross-site"}},
        {"headers": {"Sec-Fetch-Site": "same-site"}},
        {"headers": {"Origin": "https://evil.example"}},
        {"headers": {"Origin": "null"}},
    ],
)
def test_what_was_not_sent_from_a_page_of_theirs_is_not_done(three: Door, wrong: dict[str, Any]) -> None:
    browser = three.browser()
    browser.signs_in("amy")
    refused = browser.sends("/act", **({"csrf": browser.csrf(), "what": "retry"} | wrong))
    assert refused.status_code == 403
    assert "done" not in refused.text


def test_a_script_of_a_page_sends_the_token_in_a_header(three: Door) -> None:
    browser = three.browser()
    browser.signs_in("amy")
    assert browser.sends("/act", what="x", headers={"X-CSRF-Token": browser.csrf()}).text == "done: x"


# Else another site could sign somebody in as its own user, and see what they do there.
def test_a_sign_in_that_another_page_sends_is_not_done(three: Door) -> None:
    other, browser = three.browser(), three.browser()
    token = hidden(other.see("/sign-in"))["csrf"]
    browser.see("/sign-in")
    refused = browser.sends("/sign-in", csrf=token, name="amy", password=PASSWORD)
    assert refused.status_code == 403
    assert "cention-console" not in browser.cookies


def test_signing_out_ends_the_session_for_whoever_has_a_copy_of_its_cookie(three: Door) -> None:
    browser, thief = three.browser(), three.browser()
    browser.signs_in("amy")
    thief.cookies.update(browser.cookies)
    assert thief.see("/").text.startswith("amy")
    browser.sends("/sign-out", csrf=browser.csrf())
    assert "cention-console" not in browser.cookies
    assert "/sign-in" in thief.see("/").url
    assert three.acts()[-1] == ("amy", "sign-out")


def test_a_live_page_ends_with_the_session_of_whoever_has_it(three: Door) -> None:
    browser = three.browser()
    browser.signs_in("amy")
    stream = browser.see("/live", stream=True)
    lines = stream.iter_lines()
    assert next(lines) == b"data: there"
    browser.sends("/sign-out", csrf=browser.csrf())
    assert set(lines) <= {b"data: there", b""}


# Nobody is at a page that keeps itself up to date.
def test_a_live_page_alone_does_not_make_a_session_last(three: Door) -> None:
    browser = three.browser()
    browser.signs_in("amy")
    key = browser.cookies["cention-console"]
    three.aged(key, 100, 100)
    before = three.session(key).seen
    browser.see("/live", stream=True, headers={"Accept": "text/event-stream"}).close()
    assert three.session(key).seen == before
    browser.see("/")
    assert three.session(key).seen > before


# Where the spool does not answer, nobody is let in, and nobody sees why but the log.
def test_while_the_spool_is_away_a_page_says_not_now(three: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    browser = three.browser()
    browser.signs_in("amy")

    def away(_query: object) -> None:
        raise Temporary("the server at 192.0.2.1 is away")

    monkeypatch.setattr(three.spool, "read", away)
    answer = browser.see("/")
    assert answer.status_code == 503
    assert "Not now" in answer.text
    assert "192.0.2.1" not in answer.text


# A key that somebody planted in a browser beforehand is worth nothing once its owner has signed in.
def test_signing_in_begins_a_session_with_a_key_of_its_own(three: Door) -> None:
    browser = three.browser()
    browser.signs_in("amy")
    first = browser.cookies["cention-console"]
    browser.signs_in("amy")
    assert browser.cookies["cention-console"] != first
    old = three.browser()
    old.cookies.set("cention-console", first)
    assert "/sign-in" in old.see("/").url


def test_a_session_outlives_a_restart_and_the_spool_has_no_key_in_it(
    loop: asyncio.AbstractEventLoop, tmp_path: Path
) -> None:
    with door(loop, tmp_path, user={"amy": user()}) as first:
        browser = first.browser()
        browser.signs_in("amy")
    key = browser.cookies["cention-console"]
    assert key.encode() not in b"".join(file.read_bytes() for file in tmp_path.glob("spool.db*"))
    with door(loop, tmp_path, user={"amy": user()}) as second:
        browser.base = second.base
        assert browser.see("/").text.startswith("amy look")


@pytest.mark.parametrize(("since", "lasts"), [((59, 59), True), ((61, 61), False), ((10, 601), False)])
def test_a_session_ends_when_it_was_idle_and_in_any_case(opened: Open, since: tuple[int, int], *, lasts: bool) -> None:
    there = opened(user={"amy": user()}, idle="60 s", longest="10 min")
    browser = there.browser()
    browser.signs_in("amy")
    there.aged(browser.cookies["cention-console"], *since)
    assert browser.see("/").text.startswith("amy") is lasts


@pytest.mark.parametrize("now", [{}, {"amy": user("look", HASH[:-2] + "AA")}])
def test_whoever_is_removed_or_has_another_password_is_out_at_once(opened: Open, now: dict[str, Any]) -> None:
    there = opened(user={"amy": user(), "ada": user()})
    browser = there.browser()
    browser.signs_in("amy")
    there.set(user={"ada": user(), **now})
    assert "/sign-in" in browser.see("/").url


def test_another_role_counts_at_once(opened: Open) -> None:
    there = opened(user={"amy": user("look")})
    browser = there.browser()
    browser.signs_in("amy")
    assert browser.see("/administer").status_code == 403
    there.set(user={"amy": user("administer")})
    assert browser.see("/administer").status_code == 200


def test_after_too_many_wrong_tries_not_even_the_right_password_is_looked_at(three: Door) -> None:
    for _ in range(10):
        assert three.browser().signs_in("amy", "wrong password").status_code == 403
    refused = three.browser().signs_in("amy")
    assert refused.status_code == 429
    assert 0 < int(refused.headers["Retry-After"]) <= 901
    assert three.browser().signs_in("lo").status_code == 429


def test_a_name_that_leads_here_and_is_not_ours_gets_no_page(opened: Open) -> None:
    there = opened(user={"amy": user()}, address="http://gw.example.com")
    for host, status in (
        ("gw.example.com", 200),
        ("GW.example.com:8080", 200),
        ("localhost", 200),
        ("evil.example", 421),
    ):
        found = there.browser().see("/sign-in", headers={"Host": host})
        assert found.status_code == status, host


def test_every_answer_forbids_what_a_page_has_no_need_of(three: Door) -> None:
    browser = three.browser()
    answers = [browser.see("/sign-in"), browser.signs_in("lo"), browser.see("/administer")]
    answers.append(browser.see("/", headers={"Host": "evil.example"}))
    for answer in answers:
        policy = answer.headers["Content-Security-Policy"]
        assert policy.startswith("default-src 'none'")
        assert "frame-ancestors 'none'" in policy
        assert "unsafe" not in policy
        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Referrer-Policy"] == "same-origin"


def test_by_tls_the_cookies_are_of_this_host_alone(opened: Open) -> None:
    there = opened(user={"amy": user()}, address="https://gw.example.com")
    page = there.browser().see("/sign-in")
    told = page.headers["Set-Cookie"]
    assert told.startswith("__Host-cention-visitor=")
    for word in ("Secure", "HttpOnly", "Path=/", "SameSite=lax"):
        assert word in told
    assert "Domain" not in told
    cookie = {"Cookie": told.partition(";")[0]}
    signed = {"csrf": hidden(page)["csrf"], "name": "amy", "password": PASSWORD}
    begun = requests.post(f"{there.base}/sign-in", signed, headers=cookie, allow_redirects=False, timeout=20)
    assert begun.headers["Set-Cookie"].startswith("__Host-cention-console=")


@pytest.mark.parametrize(
    "then", ["//evil.example", "/\\evil.example", "https://evil.example/", "/a\nSet-Cookie: x=y", ""]
)
def test_nobody_is_led_to_another_site_after_signing_in(three: Door, then: str) -> None:
    browser = three.browser()
    fields = hidden(browser.see("/sign-in")) | {"next": then, "name": "lo", "password": PASSWORD}
    led = browser.post(f"{three.base}/sign-in", fields, allow_redirects=False, timeout=20)
    assert led.headers["Location"] == "/"


def test_bodies_are_kept_from_who_may_only_look_where_the_settings_say_so(opened: Open) -> None:
    people = {"lo": user("look"), "ada": user("act")}
    there = opened(user=people, hide_bodies=True)
    found = {}
    for name in people:
        browser = there.browser()
        browser.signs_in(name)
        found[name] = browser.see("/words").status_code, browser.see("/").status_code
    assert found == {"lo": (403, 200), "ada": (200, 200)}


def test_without_settings_there_is_no_console_and_open_lets_this_machine_in(opened: Open) -> None:
    there = opened()
    assert there.browser().see("/").status_code == 404
    assert there.browser().see("/sign-in").status_code == 404
    there.set(open=True)
    browser = there.browser()
    assert browser.see("/").text.startswith("this machine administer open")
    assert browser.sends("/act", csrf=browser.csrf(), what="x").text == "done: x"
    assert browser.sends("/act", csrf="", what="x").status_code == 403
    # A proxy on this machine asks for somebody who is not on it.
    assert "/sign-in" in there.browser().see("/", headers={"X-Forwarded-For": "192.0.2.7"}).url


def test_a_form_larger_than_any_is_not_read_to_its_end(three: Door) -> None:
    browser = three.browser()
    browser.signs_in("ada")
    many = {f"what{number}": "x" * 900_000 for number in range(9)}
    assert browser.sends("/act", csrf=browser.csrf(), **many).status_code == 413
    stranger = three.browser()
    stranger.see("/sign-in")
    assert stranger.sends("/sign-in", name="x" * 20_001).status_code == 413


HEADER = {
    "proxies": ["127.0.0.0/8"],
    "header": {"user": "X-Remote-User", "groups": "X-Groups", "roles": {"ops": "administer", "desk": "act"}},
}


def by_proxy(there: Door, name: str = "eva", groups: str = "desk, ops", **more: str) -> Browser:
    browser = there.browser()
    browser.headers.update({"X-Remote-User": name, "X-Groups": groups, **more})
    return browser


def test_whom_a_proxy_has_signed_in_has_the_highest_role_of_their_groups(opened: Open) -> None:
    browser = by_proxy(opened(**HEADER), **{"X-Forwarded-For": "203.0.113.9, 192.0.2.7, 127.0.0.2"})
    assert browser.see("/").text.startswith("eva administer proxy 192.0.2.7")
    assert browser.sends("/act", csrf=browser.csrf(), what="x").text == "done: x"
    assert browser.sends("/act", csrf="", what="x").status_code == 403


def test_a_header_that_no_proxy_of_ours_sent_says_nothing(opened: Open) -> None:
    there = opened(**(HEADER | {"proxies": ["192.0.2.1"]}))
    assert "/sign-in" in by_proxy(there).see("/").url
    # Nor does it say where somebody asks from.
    there.set(user={"amy": user()}, proxies=["192.0.2.1"])
    browser = there.browser()
    browser.headers["X-Forwarded-For"] = "203.0.113.9"
    assert browser.signs_in("amy").text.startswith("amy look password 127.0.0.1")


def test_whom_a_proxy_names_without_a_role_is_told_so(opened: Open) -> None:
    page = by_proxy(opened(**HEADER), groups="guests").see("/")
    assert "You are eva, but have no role here" in page.text
