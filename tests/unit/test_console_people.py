"""Passwords and their file, how often one may try, and what a proxy says."""

from pathlib import Path

import pytest
from starlette.requests import Request

from gateway.config.console import ConsoleSection, Role
from gateway.errors import SettingsError
from gateway.web.console import proxyuser, usersfile
from gateway.web.console.password import hashed, is_right, weakness
from gateway.web.console.tries import Tries
from gateway.web.console.usersfile import User
from tests.doors import HASH, PASSWORD


def test_a_password_is_kept_by_argon2id_with_a_salt_of_its_own() -> None:
    first, second = hashed(PASSWORD), hashed(PASSWORD)
    assert first.startswith("$argon2id$v=19$m=65536,t=3,p=4$")
    assert first != second
    assert is_right({"asa": second}, "asa", PASSWORD)


# A keyboard may send é as one letter or as two.
def test_a_password_is_the_same_however_its_letters_are_composed() -> None:
    assert is_right({"asa": hashed("caf\u00e9 caf\u00e9 caf\u00e9")}, "asa", "cafe\u0301 cafe\u0301 cafe\u0301")


@pytest.mark.parametrize(("name", "password"), [("asa", "wrong"), ("bo", PASSWORD), ("", PASSWORD), ("asa", "")])
def test_only_the_right_password_of_somebody_known_is_right(name: str, password: str) -> None:
    assert not is_right({"asa": HASH}, name, password)
    assert not is_right({}, name, password)


# What takes time is done for a name that nobody has as well.
def test_a_strangers_password_is_compared_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    compared: list[str] = []

    def verify(_hasher: object, kept: str, _password: str) -> bool:
        compared.append(kept)
        return True

    monkeypatch.setattr("argon2.PasswordHasher.verify", verify)
    assert not is_right({"asa": HASH}, "stranger", PASSWORD)
    assert compared == [HASH]


@pytest.mark.parametrize(
    ("password", "weak"), [("short", True), ("aaaaaaaaaaaa", True), ("x" * 201, True), (PASSWORD, False)]
)
def test_a_weak_password_is_told_of(password: str, *, weak: bool) -> None:
    assert bool(weakness(password)) is weak


def test_what_is_written_to_the_users_file_is_read_again_and_nobody_else_reads_it(tmp_path: Path) -> None:
    path = tmp_path / "users"
    users = {"bo": User(Role.LOOK, HASH), "asa@example.com": User(Role.ADMINISTER, HASH)}
    usersfile.write(path, users)
    assert usersfile.read(path) == users
    assert path.stat().st_mode & 0o777 == 0o600
    assert [file.name for file in tmp_path.iterdir()] == ["users"]
    assert usersfile.read(tmp_path / "none") == {}


def test_each_mistake_in_the_users_file_is_a_line(tmp_path: Path) -> None:
    path = tmp_path / "users"
    path.write_text(f"# remark\n\nasa:look:{HASH}\nbo:root:{HASH}\nno line\neva:act:secret\n")
    path.chmod(0o600)
    with pytest.raises(SettingsError) as error:
        usersfile.read(path)
    assert [line.split(": ")[1] for line in error.value.lines] == ["line 4", "line 5", "line 6"]
    assert "secret" not in str(error.value)


def test_a_users_file_that_others_can_read_is_not_used(tmp_path: Path) -> None:
    path = tmp_path / "users"
    path.write_text("")
    path.chmod(0o644)
    with pytest.raises(SettingsError, match="expected mode 600"):
        usersfile.read(path)


def test_a_users_file_that_cannot_be_written_is_an_error_with_its_name(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="cannot be written: No such file"):
        usersfile.write(tmp_path / "no" / "users", {})
    assert not list(tmp_path.iterdir())


def test_wrong_tries_are_counted_by_address_and_by_name_and_forgotten_in_time() -> None:
    now = [0.0]
    tries = Tries(lambda: now[0])
    for number in range(10):
        assert tries.wait("192.0.2.1", f"name{number}") == 0
        tries.wrong("192.0.2.1", f"name{number}")
    assert tries.wait("192.0.2.1", "amy") == 900
    assert tries.wait("192.0.2.2", "amy") == 0
    for number in range(20):
        tries.wrong(f"198.51.100.{number}", "amy")
    assert tries.wait("192.0.2.2", "amy") == 900
    now[0] = 901
    assert tries.wait("192.0.2.1", "amy") == 0


def test_of_ipv6_a_whole_network_is_one_address() -> None:
    tries = Tries()
    for number in range(10):
        tries.wrong(f"2001:db8:1:1::{number}", f"name{number}")
    assert tries.wait("2001:db8:1:1:ffff::1", "amy") > 0
    assert tries.wait("2001:db8:1:2::1", "amy") == 0


# Whoever has an account of their own could else begin anew with guessing another's.
def test_a_right_try_takes_back_itself_alone() -> None:
    tries = Tries()
    for _ in range(10):
        tries.wrong("192.0.2.1", "amy")
    tries.right("192.0.2.1", "amy")
    assert tries.wait("192.0.2.1", "amy") == 0
    tries.wrong("192.0.2.1", "amy")
    assert tries.wait("192.0.2.1", "amy") > 0


def test_however_many_try_no_more_is_kept_than_is_bounded() -> None:
    tries = Tries()
    for number in range(6000):
        tries.wrong(f"10.0.{number // 256}.{number % 256}", f"name{number}")
    assert len(tries._wrong) == 10_000


def request(peer: str, *headers: tuple[str, str]) -> Request:
    scope = {"type": "http", "method": "GET", "path": "/", "query_string": b"", "client": (peer, 1)}
    return Request(scope | {"headers": [(name.lower().encode(), value.encode()) for name, value in headers]})


@pytest.mark.parametrize(
    ("peer", "forwarded", "found"),
    [
        ("192.0.2.1", ["203.0.113.5"], "203.0.113.5"),
        ("192.0.2.1", ["1.1.1.1, 203.0.113.5, 192.0.2.2"], "203.0.113.5"),
        ("192.0.2.1", ["1.1.1.1", "203.0.113.5"], "203.0.113.5"),
        ("::ffff:192.0.2.1", ["203.0.113.5"], "203.0.113.5"),
        ("192.0.2.1", [], "192.0.2.1"),
        ("192.0.2.1", ["192.0.2.2"], "192.0.2.1"),
        ("198.51.100.1", ["203.0.113.5"], "198.51.100.1"),
        ("", ["203.0.113.5"], ""),
    ],
)
def test_an_address_is_what_the_nearest_proxy_of_ours_says(peer: str, forwarded: list[str], found: str) -> None:
    settings = ConsoleSection.model_validate({"proxies": ["192.0.2.0/24"]})
    asked = request(peer, *(("X-Forwarded-For", line) for line in forwarded))
    assert proxyuser.address(asked, settings) == found


# Two of them, and nobody knows which one the proxy wrote.
@pytest.mark.parametrize("names", [[], [""], ["asa", "root"], ["a\u0085b"], ["a" * 201]])
def test_a_header_that_names_nobody_or_two_names_nobody(names: list[str]) -> None:
    settings = ConsoleSection.model_validate(
        {"proxies": ["192.0.2.1"], "header": {"user": "X-Remote-User", "role": "look"}}
    )
    assert proxyuser.named(request("192.0.2.1", *(("X-Remote-User", name) for name in names)), settings) is None
