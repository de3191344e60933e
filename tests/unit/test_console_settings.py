"""`[console]`: what its keys may be, and which of them go together."""

from typing import Any

import pytest
from pydantic import ValidationError

from gateway.config.console import ConsoleOidc, ConsoleSection, Role
from tests.doors import HASH

USER = {"user": {"asa": {"password": HASH, "role": "act"}}}
OIDC = {"issuer": "https://id.example.com", "client_id": "console"}


@pytest.mark.parametrize(
    ("console", "enabled"),
    [
        ({}, False),
        ({"address": "https://gw.example.com", "idle": "10 min"}, False),
        (USER, True),
        ({"users_file": "/etc/cention-gateway/users"}, True),
        ({"proxies": ["192.0.2.1"], "header": {"user": "X-Remote-User"}}, True),
        ({"address": "https://gw.example.com", "oidc": OIDC}, True),
        ({"open": True}, True),
    ],
)
def test_the_console_is_off_until_somebody_may_sign_in(console: dict[str, Any], *, enabled: bool) -> None:
    assert ConsoleSection.model_validate(console).enabled is enabled


@pytest.mark.parametrize(
    ("console", "said"),
    [
        (USER | {"open": True}, "open: is for this machine alone"),
        ({"open": True, "address": "https://gw.example.com"}, "open: is for this machine alone"),
        ({"open": True, "proxies": ["127.0.0.1"]}, "open: is for this machine alone"),
        ({"address": "gw.example.com"}, 'expected "https://name" without a path'),
        ({"address": "https://gw.example.com/console"}, 'expected "https://name" without a path'),
        ({"address": "https://[gw"}, 'expected "https://name" without a path'),
        ({"header": {"user": "X-Remote-User"}}, "expected the addresses of the proxies"),
        ({"oidc": OIDC}, "expected our own address"),
        ({"idle": "2 h", "longest": "1 h"}, "idle: is longer than console.longest"),
        ({"proxies": ["proxy.example.com"]}, "expected an address or a network"),
        ({"user": {"asa": {"password": "secret"}}}, "String should match pattern"),
        ({"user": {"asa": {"password": HASH, "role": "root"}}}, "'look', 'act' or 'administer'"),
        ({"user": {"a:b": {"password": HASH}}}, "String should match pattern"),
    ],
)
def test_what_does_not_go_together_is_said(console: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError, match="1 validation error") as error:
        ConsoleSection.model_validate(console)
    assert said in str(error.value)


@pytest.mark.parametrize(
    "oidc",
    [{"issuer": "http://id.example.com"}, {"issuer": "https://id.example.com?x=1"}, {"scope": "profile email"}],
)
def test_a_provider_is_asked_by_tls_and_for_who_somebody_is(oidc: dict[str, str]) -> None:
    with pytest.raises(ValidationError):
        ConsoleOidc.model_validate(OIDC | oidc)


def test_a_provider_on_this_machine_may_do_without_tls() -> None:
    issuer = "http://127.0.0.1:9000/realm"
    assert ConsoleOidc.model_validate(OIDC | {"issuer": issuer}).issuer == issuer


def test_roles_are_in_order() -> None:
    assert [[one.covers(needed) for needed in Role] for one in Role] == [
        [True, False, False],
        [True, True, False],
        [True, True, True],
    ]
