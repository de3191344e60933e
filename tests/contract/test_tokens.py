"""Tokens in the running gateway: what /readyz and /metrics say, the line in the log, and a refused one's name."""

import json
import time
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from tests.jwt import jwt
from tests.roads import Road, road, until

MAIL = "Message-ID: <1@client.example>\nFrom: asa@client.example\nSubject: Hej\n\nhej\n"


@pytest.fixture
def ends_soon(tmp_path: Path) -> str:
    """A token in its last days, which the road's routes have beside those of the simulator."""
    token = jwt(exp=int(time.time()) + 3 * 86400 + 60, create_errand=True)
    (tmp_path / "soon").write_text(token)
    return token


def with_token(running: Road, name: str) -> None:
    """Give the routes a token of the folder by that name, as a reload does."""
    (running.folder / "create").write_text((running.folder / name).read_text())


def test_readyz_and_metrics_tell_of_each_token(tmp_path: Path, ends_soon: str) -> None:
    with road(tmp_path) as running:
        with_token(running, "soon")
        status, page = running.post(b"", "/readyz", method="GET")
        said = json.loads(page)
        assert (status, said["ready"]) == (200, True)
        assert said["notes"]["token of route:support"] == "expires in 3.0 days"
        assert said["tokens"]["route:support"]["claims"] == {"create_errand": True}
        assert set(said["tokens"]) == {"route:support", "route:sales", "workspace:demo"}
        _, numbers = running.post(b"", "/metrics", method="GET")
        assert b'cention_gateway_token_days_left{owner="route:support"} 3.0' in numbers
        assert ends_soon.encode() not in page + numbers


def test_the_gateway_warns_of_a_token_near_its_end(tmp_path: Path) -> None:
    with capture_logs() as logged, road(tmp_path, workspace={"token_warning": "9000 d"}):
        until(lambda: [one for one in logged if one["event"] == "token expires soon"], "the warning")


def test_a_refused_token_holds_the_route_and_is_named_by_its_source(tmp_path: Path, ends_soon: str) -> None:
    with road(tmp_path) as running:
        with_token(running, "soon")
        name = running.sends(MAIL)
        running.reaches(name, "held")
        _, page = running.post(b"", "/readyz", method="GET")
        note = json.loads(page)["notes"]["route:support"]
        assert f"the token from file:{tmp_path / 'create'} was refused" in note
        assert ends_soon not in note
