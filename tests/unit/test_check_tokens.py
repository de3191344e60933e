"""What `check` says of tokens; and where a token may be sent at all."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from gateway.check import check
from gateway.config.cention import Workspace
from gateway.config.settings import Settings
from gateway.config.units import Secret
from gateway.finding import Finding
from gateway.plan import plan
from tests.jwt import jwt

NEVER = 250_000_000_000
Findings = Callable[..., dict[str, Finding]]


@pytest.fixture
def checked(tmp_path: Path) -> Findings:
    """What was found with this token, and with what else is set for the workspace."""

    def found(token: str, **more: Any) -> dict[str, Finding]:
        (tmp_path / "token").write_text(token)
        secret = f"file:{tmp_path / 'token'}"
        demo = {"url": "http://127.0.0.1:1/s/demo", "attachment_token": secret, **more}
        support = {"name": "support", "recipients": ["a@example.com"], "workspace": "demo", "token": secret}
        settings = {"cention": {"demo": demo}, "route": [support | {"reply_from": "a@example.com"}]}
        settings["gateway"] = {"spool": f"sqlite:///{tmp_path / 'spool.db'}", "hostname": "localhost"}
        return {one.what: one for one in check(plan(Settings.model_validate(settings), "test"))}

    return found


def test_check_shows_what_a_token_claims_and_when_it_ends(checked: Findings, tmp_path: Path) -> None:
    token = jwt(create_errand=True, area={"name": "Support"}, exp=NEVER)
    one = checked(token)["token of route support"]
    assert one.state == "ok"
    for word in (f"from file:{tmp_path / 'token'}", '{"create_errand": true, "area": {"name": "Support"}}', "9892-"):
        assert word in one.said
    assert token not in one.said


def test_check_warns_as_long_before_a_token_s_end_as_the_settings_say(checked: Findings) -> None:
    token = jwt(exp=NEVER)
    assert checked(token, token_warning="5000000 d")["token of route support"].state == "warning"
    assert checked(jwt(exp=5))["attachment token of workspace demo"].state == "wrong"


def test_check_says_that_a_token_does_not_end_or_is_no_jwt(checked: Findings) -> None:
    assert "it does not expire" in checked(jwt(area=7))["token of route support"].said
    assert "it is no JWT" in checked("any string")["token of route support"].said


def workspace(url: str, **more: Any) -> Workspace:
    return Workspace(url=url, attachment_token=Secret("env:PATH"), **more)


# Whoever reads on the way has the token.
def test_plain_http_needs_a_loopback_host_or_a_word_in_the_settings() -> None:
    with pytest.raises(ValidationError, match="expected https"):
        workspace("http://apid.example.com/s/demo")
    workspace("http://apid.example.com/s/demo", allow_plain_http=True)
    for host in ("localhost", "127.0.0.1:8900", "[::1]:8900"):
        workspace(f"http://{host}/s/demo")


@pytest.mark.parametrize(("content", "reason"), [(None, "No such file"), ("text", "there is no certificate in it")])
def test_an_authority_that_cannot_be_read_is_a_mistake_in_the_settings(
    tmp_path: Path, content: str | None, reason: str
) -> None:
    file = tmp_path / "ca.pem"
    if content is not None:
        file.write_text(content)
    with pytest.raises(ValidationError, match=f"{file}: expected a PEM file with a certificate: {reason}"):
        workspace("https://a.example/s/demo", tls_ca=str(file))
