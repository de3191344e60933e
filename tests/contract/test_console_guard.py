"""Every page of the running gateway's console says what it needs, and is kept to it."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
from starlette.routing import Mount, Route

from gateway.config.console import Role
from gateway.web.console.door import behind
from gateway.web.console.guard import Guard, Needs
from gateway.web.console.people import People
from tests.doors import Browser, Door, door, hidden, user, whoami
from tests.roads import Road
from tests.roads import road as running

MACHINES = {"/healthz", "/readyz", "/metrics", "/callbacks/{workspace}", "/callbacks/{workspace}/"}
ANYBODY = {"/sign-in", "/sign-in/openid", "/sign-in/back"}


@pytest.fixture(scope="module")
def road(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Road]:
    with running(
        tmp_path_factory.mktemp("road"), console={"user": {"lo": user(), "amy": user("administer")}}
    ) as started:
        yield started


def routes(road: Road) -> list[Route | Mount]:
    app = road.gateway._web.config.app
    return [one for one in app.routes if one.path not in MACHINES]


def test_no_page_is_without_guard_and_only_the_sign_in_is_for_anybody(road: Road) -> None:
    found = routes(road)
    assert len(found) > 10
    assert all(isinstance(one.app, Guard) for one in found)
    assert [one.path for one in found if isinstance(one, Mount)] == ["/look"]
    needs = {one.path: one.endpoint.needs for one in found if isinstance(one, Route)}  # type: ignore[attr-defined]
    assert all(isinstance(one, Needs) for one in needs.values())
    assert {path for path, one in needs.items() if one.role is None} == ANYBODY


# The same seen from outside, for each method of each of them.
def test_a_stranger_gets_no_page_but_the_sign_in(road: Road) -> None:
    base = f"http://{road.gateway.http}"
    for one in routes(road):
        if not isinstance(one, Route) or one.path in ANYBODY:
            continue
        path = one.path.replace("{name}", "x").replace("{place:int}", "1").replace("{number:int}", "1")
        for method in one.methods or ():
            answer = requests.request(method, f"{base}{path}", allow_redirects=False, timeout=20)
            assert answer.status_code in {303, 401}, (method, path)
            if answer.status_code == 303:
                assert answer.headers["Location"].startswith("/sign-in?next=")


# What changes something needs more than the role that looks.
def test_nothing_is_done_by_who_may_only_look(road: Road) -> None:
    doing = [one for one in routes(road) if isinstance(one, Route) and "POST" in (one.methods or ())]
    by_role = {one.path: one.endpoint.needs.role for one in doing}  # type: ignore[attr-defined]
    assert {path for path, role in by_role.items() if role in {None, Role.LOOK}} == {"/sign-in", "/sign-out"}


# Whoever has lost a telephone is out of it at once.
def test_who_administers_sees_who_is_signed_in_and_ends_a_session(road: Road) -> None:
    amy, lo = (Browser(f"http://{road.gateway.http}") for _ in range(2))
    for browser, name in ((amy, "amy"), (lo, "lo")):
        browser.signs_in(name, path="/sign-in?next=/mail")
    assert lo.see("/people").status_code == 403
    page = amy.see("/people")
    sessions = dict(re.findall(r'name="session" value="(\w+)".*?the session of (\w+)<', page.text))
    assert sorted(sessions.values()) == ["amy", "lo"]
    of_lo = next(digest for digest, name in sessions.items() if name == "lo")
    amy.sends("/people/end", csrf=hidden(page)["csrf"], session=of_lo)
    assert "/sign-in" in lo.see("/mail").url
    assert amy.see("/people").status_code == 200
    assert "end session" in amy.see("/acts").text


def test_programs_reach_health_metrics_and_callbacks_without_signing_in(road: Road) -> None:
    base = f"http://{road.gateway.http}"
    headers = {"Host": "gw.example.com"}
    for path in ("/healthz", "/readyz", "/metrics"):
        assert requests.get(f"{base}{path}", headers=headers, timeout=20).status_code == 200
    assert requests.post(f"{base}/callbacks/demo", headers=headers, timeout=20).status_code == 415


def test_a_page_that_does_not_say_what_it_needs_cannot_be_put_behind_the_door(running_door: Door) -> None:
    with pytest.raises(TypeError, match="/forgotten: does not say what it needs"):
        behind([Route("/forgotten", whoami)], People(lambda: running_door.settings, running_door.spool))


@pytest.fixture
def running_door(loop: object, tmp_path: Path) -> Iterator[Door]:
    with door(loop, tmp_path) as one:  # type: ignore[arg-type]
        yield one
