"""A smarthost as people write it: one URL, and a password that is never shown."""

from collections.abc import Callable

import pytest

from gateway.outgoing.smarthost import parse_smarthost


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("smtp://relay.example", ("relay.example", 25, "plain", "")),
        ("smtp+starttls://relay.example", ("relay.example", 587, "starttls", "")),
        ("smtps://relay.example/", ("relay.example", 465, "tls", "")),
        ("smtp://[2001:db8::1]:2525", ("2001:db8::1", 2525, "plain", "")),
        ("smtps://me%40example.com:p%3Aw%2F@relay.example", ("relay.example", 465, "tls", "me@example.com")),
    ],
)
def test_a_url_names_a_smarthost(url: str, expected: tuple[str, int, str, str]) -> None:
    host = parse_smarthost(url)
    assert (host.host, host.port, host.security, host.user) == expected


def test_user_and_password_come_from_the_url_or_from_beside_it() -> None:
    host = parse_smarthost("smtp://me:p%3Aw%2F@relay.example")
    assert host.password is not None
    assert host.password() == "p:w/"
    beside = parse_smarthost("smtp://relay.example", "me", lambda: "secret")
    assert beside.password is not None
    assert (beside.user, beside.password()) == ("me", "secret")


def test_an_address_is_told_as_host_and_port() -> None:
    assert parse_smarthost("smtp://relay.example").address == "relay.example:25"
    assert parse_smarthost("smtp://[::1]").address == "[::1]:25"


@pytest.mark.parametrize(
    ("url", "user", "password"),
    [
        ("relay.example", "", None),
        ("http://relay.example", "", None),
        ("smtp://", "", None),
        ("smtp://:25", "", None),
        ("smtp://relay.example:0", "", None),
        ("smtp://relay.example:99999", "", None),
        ("smtp://relay.example:hunter2", "", None),
        ("smtp://[::1", "", None),
        ("smtp://relay.example/hunter2", "", None),
        ("smtp://relay.example?hunter2", "", None),
        ("smtp://me:hun/ter2@relay.example", "", None),
        ("smtp://me@relay.example", "", None),
        ("smtp://:hunter2@relay.example", "", None),
        ("smtp://relay.example", "me", None),
        ("smtp://me:hunter2@relay.example", "me", None),
        ("smtp://me:hunter2@relay.example", "", lambda: "hunter2"),
    ],
)
def test_a_wrong_url_is_told_without_its_password(url: str, user: str, password: Callable[[], str] | None) -> None:
    with pytest.raises(ValueError, match=r"^a smarthost's ") as told:
        parse_smarthost(url, user, password)
    assert "ter2" not in str(told.value)


def test_a_smarthost_never_prints_its_password() -> None:
    assert "hunter2" not in repr(parse_smarthost("smtp://me:hunter2@relay.example"))
