"""The tokens of the settings: what is said of them on /readyz, in metrics, and once a day in the log."""

import asyncio
import json
from collections.abc import Callable, Iterator, MutableMapping
from pathlib import Path
from typing import Any

import pytest
from starlette.requests import Request
from starlette.responses import Response
from structlog.testing import capture_logs

from gateway import metrics
from gateway.config.settings import Settings
from gateway.flow.tokens import Standing, TokenWatch, count, notes, shown, standings
from gateway.web.health import readyz
from tests.jwt import jwt

DAY = 86400.0
NOW = 1_800_000_000.0
Tokens = Callable[..., Settings]
Logged = list[MutableMapping[str, Any]]


@pytest.fixture
def tokens(tmp_path: Path) -> Tokens:
    """Settings whose route and workspace have the tokens given, with what else is set for the workspace."""

    def settings(route: str, workspace: str = "no jwt", **more: Any) -> Settings:
        (tmp_path / "route").write_text(route)
        (tmp_path / "workspace").write_text(workspace)
        demo = {"url": "https://a.example/s/demo", "attachment_token": f"file:{tmp_path / 'workspace'}", **more}
        support = {"name": "support", "recipients": ["a@example.com"], "workspace": "demo"}
        support |= {"token": f"file:{tmp_path / 'route'}", "reply_from": "a@example.com"}
        return Settings.model_validate({"cention": {"demo": demo}, "route": [support]})

    return settings


def said(settings: Settings, now: float = NOW) -> dict[str, Standing]:
    return {one.owner: one for one in standings(settings, now)}


def test_each_token_is_told_of_with_its_source_claims_and_end(tokens: Tokens, tmp_path: Path) -> None:
    found = shown(standings(tokens(jwt(exp=NOW + 30 * DAY, create_errand=True)), NOW))
    assert found == {
        "route:support": {
            "source": f"file:{tmp_path / 'route'}",
            "claims": {"create_errand": True},
            "expires": "2027-02-14",
            "days_left": 30.0,
        },
        "workspace:demo": {"source": f"file:{tmp_path / 'workspace'}", "claims": None},
    }


def test_readyz_tells_what_each_token_says_and_stays_ready(tokens: Tokens) -> None:
    found = standings(tokens(jwt(exp=NOW - 1, area=7)), NOW)
    page = readyz(lambda: {"spool": ""}, lambda: notes(found), tokens=lambda: shown(found))

    async def ask() -> Response:
        return await page(Request({"type": "http"}))

    answer = asyncio.run(ask())
    said = json.loads(bytes(answer.body))
    assert (answer.status_code, said["ready"]) == (200, True)
    assert said["notes"] == {"token of route:support": "has expired"}
    assert said["tokens"]["route:support"]["claims"] == {"area": 7}


def test_a_token_without_an_end_says_none(tokens: Tokens) -> None:
    found = shown(standings(tokens(jwt(area=7)), NOW))["route:support"]
    assert (found["claims"], "expires" in found, "days_left" in found) == ({"area": 7}, False, False)


def test_a_token_near_its_end_is_a_note(tokens: Tokens) -> None:
    near = tokens(jwt(exp=NOW + 3 * DAY))
    assert notes(standings(near, NOW - 12 * DAY)) == {}
    assert notes(standings(near, NOW)) == {"token of route:support": "expires in 3.0 days"}
    assert notes(standings(near, NOW + 4 * DAY)) == {"token of route:support": "has expired"}


def test_how_long_before_is_a_setting(tokens: Tokens) -> None:
    settings = tokens(jwt(exp=NOW + 3 * DAY), token_warning="2 d")
    assert not said(settings)["route:support"].soon
    assert said(settings, NOW + 1.5 * DAY)["route:support"].soon


def test_a_token_that_is_gone_is_a_note_with_its_file(tokens: Tokens, tmp_path: Path) -> None:
    settings = tokens("x")
    (tmp_path / "route").unlink()
    assert str(tmp_path / "route") in notes(standings(settings, NOW))["token of route:support"]
    assert "trouble" in shown(standings(settings, NOW))["route:support"]


def test_a_token_that_changed_is_looked_at_anew(tokens: Tokens, tmp_path: Path) -> None:
    settings = tokens(jwt(exp=NOW + 3 * DAY))
    (tmp_path / "route").write_text(jwt(exp=NOW + 300 * DAY))
    assert said(settings)["route:support"].days == 300


def test_the_days_left_are_counted_for_tokens_that_end(tokens: Tokens) -> None:
    count(standings(tokens(jwt(exp=NOW + 3 * DAY), jwt(area=1)), NOW))
    samples = [sample for family in metrics.token_days_left.collect() for sample in family.samples]
    assert [(sample.labels, sample.value) for sample in samples] == [({"owner": "route:support"}, 3.0)]


@pytest.fixture
def logged() -> Iterator[Logged]:
    """What was logged."""
    with capture_logs() as entries:
        yield entries


def test_a_token_near_its_end_is_warned_of_once_a_day(tokens: Tokens, logged: Logged) -> None:
    settings, watch = tokens(jwt(exp=NOW + 20 * DAY)), TokenWatch()
    for hour in range(24 * 10):
        watch.warn(standings(settings, NOW + hour * 3600), hour * 3600.0)
    # The first one when it has less than 14 days.
    assert [entry["days_left"] for entry in logged] == [14.0, 13.0, 12.0, 11.0]


def test_the_warning_names_owner_source_and_end_but_not_the_token(
    tokens: Tokens, tmp_path: Path, logged: Logged
) -> None:
    token = jwt(exp=NOW + DAY)
    TokenWatch().warn(standings(tokens(token), NOW), 0.0)
    (fields,) = logged
    assert (fields["event"], fields["log_level"], fields["owner"]) == ("token expires soon", "warning", "route:support")
    assert (fields["source"], fields["last_day"], fields["days_left"]) == (
        f"file:{tmp_path / 'route'}",
        "2027-01-16",
        1.0,
    )
    assert token not in str(fields)


def test_a_new_token_that_ends_soon_as_well_is_warned_of_at_once(tokens: Tokens, logged: Logged) -> None:
    watch = TokenWatch()
    watch.warn(standings(tokens(jwt(exp=NOW + DAY)), NOW), 0.0)
    watch.warn(standings(tokens(jwt(exp=NOW + 2 * DAY)), NOW), 1.0)
    watch.warn(standings(tokens(jwt(exp=NOW - DAY)), NOW), 2.0)
    assert [one["event"] for one in logged] == ["token expires soon", "token expires soon", "token has expired"]


def test_the_watch_reads_the_settings_tokens_not_more_than_once_an_hour(
    tokens: Tokens, tmp_path: Path, logged: Logged
) -> None:
    settings, watch = tokens(jwt(exp=5)), TokenWatch()
    watch.look(settings)
    (tmp_path / "route").write_text(jwt(exp=6))
    watch.look(settings)
    assert len(logged) == 1
