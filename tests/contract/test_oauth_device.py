"""Signing in at a terminal (RFC 8628), and the commands for it."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from gateway.cli import oauth
from gateway.cli.exits import Exit, run_to_exit
from gateway.errors import GatewayError, Refused, SettingsError, Temporary
from gateway.oauth.device import SignIn, begin, wait
from gateway.oauth.grant import Application
from gateway.oauth.named import token_sources
from tests.servers.gateway import toml
from tests.servers.tokens import SECRET, USER_CODE, Answer, TokenServer, refusal, token_server

PENDING = refusal("authorization_pending")
CANARIES = ("canary", "access-1")


class Timer:
    """A clock that only waiting moves."""

    def __init__(self) -> None:
        self.time = 0.0
        self.waits: list[float] = []

    def sleep(self, seconds: float) -> None:
        self.time += seconds
        self.waits.append(seconds)

    def clock(self) -> float:
        return self.time


@pytest.fixture
def timer() -> Timer:
    return Timer()


@pytest.fixture
def tokens() -> Iterator[TokenServer]:
    with token_server() as server:
        server.rotates = True
        yield server


@pytest.fixture
def application(tokens: TokenServer, tmp_path: Path) -> Application:
    return Application("box", tokens.settings(tmp_path, grant="device"))


@pytest.fixture
def signing_in(application: Application, timer: Timer) -> Callable[..., str]:
    """Signs in against answers in their order; the access token."""

    def sign_in(interval: float = 5.0, lifetime: float = 600.0) -> str:
        begun = begin(application)
        begun = SignIn(begun.address, begun.code, lifetime, interval, begun.device_code)
        return wait(application, begun, timer.sleep, timer.clock).access_token

    return sign_in


def test_a_sign_in_tells_address_and_code(application: Application) -> None:
    begun = begin(application)
    assert (begun.address, begun.code, begun.lifetime, begun.interval) == (
        "https://example.com/device",
        USER_CODE,
        600,
        0,
    )
    assert "canary" not in repr(begun)


def test_it_is_asked_at_the_server_s_pace_until_somebody_has_signed_in(
    signing_in: Callable[..., str], tokens: TokenServer, timer: Timer
) -> None:
    tokens.scripted = [PENDING, PENDING, refusal("slow_down"), PENDING]
    assert signing_in() == "access-1"
    assert timer.waits == [5, 5, 5, 10, 10]


# RFC 8628 3.5: a server that is in trouble is asked more and more slowly, and asked all the same.
def test_trouble_of_the_server_does_not_end_a_sign_in(
    signing_in: Callable[..., str], tokens: TokenServer, timer: Timer
) -> None:
    tokens.scripted = [Answer(503), Answer(429, b"", {"Retry-After": "30"}), Answer(200, b"?"), PENDING]
    assert signing_in() == "access-1"
    assert timer.waits == [5, 10, 30, 60, 60]


@pytest.mark.parametrize(
    ("answers", "said"),
    [
        ([refusal("access_denied")], "denied"),
        ([PENDING, refusal("authorization_declined")], "denied"),
        ([refusal("expired_token")], "again: cention-gateway oauth login box"),
        ([PENDING] * 200, "again: cention-gateway oauth login box"),
        ([refusal("invalid_grant")], "invalid_grant"),
    ],
)
def test_a_sign_in_that_comes_to_nothing_says_why(
    signing_in: Callable[..., str], tokens: TokenServer, answers: list[Answer], said: str
) -> None:
    tokens.scripted = list(answers)
    with pytest.raises(Refused, match=said):
        signing_in()


def test_nobody_is_waited_for_after_the_code_s_time(
    signing_in: Callable[..., str], tokens: TokenServer, timer: Timer
) -> None:
    tokens.scripted = [PENDING] * 100
    with pytest.raises(Refused):
        signing_in(lifetime=12.0)
    assert timer.waits == [5, 5, 2]


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (Answer(content={"device_code": "d", "user_code": "u"}), Temporary),
        (Answer(content=[]), Temporary),
        (Answer(500), Temporary),
        (refusal("invalid_client", 401), Refused),
    ],
)
def test_a_sign_in_that_cannot_begin_is_told(
    tokens: TokenServer, tmp_path: Path, answer: Answer, error: type[GatewayError]
) -> None:
    tokens.scripted = [answer]
    with pytest.raises(error):
        begin(Application("box", tokens.settings(tmp_path, grant="device", device_url=f"{tokens.url}/token")))


# A terminal obeys what a server says, unless it is cleaned.
def test_what_is_shown_has_no_control_characters(tokens: TokenServer, tmp_path: Path) -> None:
    said = {"device_code": "d", "user_code": "A\x1b[2JB", "verification_url": "https://x.example/\r\n\x07"}
    tokens.scripted = [Answer(content=said)]
    begun = begin(Application("box", tokens.settings(tmp_path, grant="device", device_url=f"{tokens.url}/token")))
    assert (begun.address, begun.code) == ("https://x.example/", "A [2JB")


def test_without_an_address_to_sign_in_at_there_is_no_sign_in(tokens: TokenServer, tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="no device_url"):
        begin(Application("box", tokens.settings(tmp_path, grant="refresh_token", device_url="")))


# -- the commands


@pytest.fixture
def config(tokens: TokenServer, tmp_path: Path) -> Callable[..., Path]:
    """Writes settings with an [oauth.box] of these."""

    def write(**more: Any) -> Path:
        workspace = {"url": "https://api.example.com/s/demo", "attachment_token": "env:PATH"}
        route = {"name": "support", "recipients": ["a@example.com"], "workspace": "demo", "token": "env:PATH"}
        settings = {
            "gateway": {"spool": f"sqlite:///{tmp_path / 'spool.db'}"},
            "cention.demo": workspace,
            "route": [route | {"reply_from": "a@example.com"}],
            "oauth.box": tokens.table(tmp_path, **more),
        }
        (tmp_path / "config.toml").write_text(toml(settings))
        return tmp_path / "config.toml"

    return write


@pytest.fixture
def told(capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str]]:
    """Runs `oauth` with arguments; its exit code, and what it printed."""

    def run(*arguments: object) -> tuple[int, str]:
        code: Any = 0
        try:
            run_to_exit(lambda: oauth.app([str(one) for one in arguments], standalone_mode=True))
        except SystemExit as ended:
            code = ended.code
        return int(code or 0), "".join(capsys.readouterr())

    return run


Told = Callable[..., tuple[int, str]]


def test_login_shows_the_code_waits_and_keeps_what_the_gateway_then_uses(
    config: Callable[..., Path], told: Told, tokens: TokenServer
) -> None:
    file = config(grant="device", user="support@example.com")
    tokens.scripted = [PENDING]
    code, said = told("login", "box", "-c", file)
    assert code == 0
    for words in ("Sign in as support@example.com at https://example.com/device", USER_CODE, "token good until"):
        assert words in said
    assert [word for word in CANARIES if word in said] == []
    assert _source(file).token() == "access-1"
    assert len(tokens.given) == 1


def _source(file: Path) -> Any:
    from gateway.config.load import load

    return token_sources(load(file))["box"]


def test_login_without_anybody_s_sign_in_tries_the_settings(config: Callable[..., Path], told: Told) -> None:
    for more in ({}, {"grant": "refresh_token", "device_url": ""}):
        code, said = told("login", "box", "-c", config(**more))
        assert (code, "token good until" in said) == (0, True)


def test_show_tells_the_end_and_the_scope_and_no_token(config: Callable[..., Path], told: Told) -> None:
    file = config(grant="device")
    assert told("show", "box", "-c", file)[1].startswith("there is no token yet")
    told("login", "box", "-c", file)
    code, said = told("show", "box", "-c", file)
    assert code == 0
    assert "token good until" in said
    assert "scope mail" in said
    shown = told("show", "box", "-c", file, "--json")[1]
    assert json.loads(shown)["scope"] == "mail"
    assert json.loads(shown)["expires"] > "2026"
    assert [word for word in CANARIES if word in said + shown] == []


def test_a_name_that_is_not_there_is_told_with_those_that_are(config: Callable[..., Path], told: Told) -> None:
    code, said = told("show", "bix", "-c", config())
    assert code == Exit.SETTINGS
    assert "no [oauth.bix] in this file; there is: box" in said


def test_a_denied_sign_in_ends_with_77(config: Callable[..., Path], told: Told, tokens: TokenServer) -> None:
    tokens.scripted = [refusal("access_denied", description=SECRET)]
    code, said = told("login", "box", "-c", config(grant="device"))
    assert code == Exit.NOT_ALLOWED
    assert "denied" in said
