"""`cention-gateway user`: who is added, changed, removed and listed, and what is refused."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from gateway.cli import user
from gateway.config.role import Role
from gateway.web.console import usersfile
from gateway.web.console.password import is_right
from tests.doors import HASH, PASSWORD

Run = Callable[..., Result]


@pytest.fixture
def users(tmp_path: Path) -> Path:
    return tmp_path / "users"


@pytest.fixture
def run(tmp_path: Path, users: Path) -> Run:
    """Runs the command with a password on standard input; `console` is what [console] says."""
    (tmp_path / "token").write_text("token")

    def call(*arguments: str, password: str = PASSWORD, console: str = f'users_file = "{users}"') -> Result:
        (tmp_path / "config.toml").write_text(
            f'[cention.demo]\nurl = "https://api.example.com/s/demo"\n'
            f'attachment_token = "file:{tmp_path / "token"}"\n[[route]]\nname = "support"\n'
            f'recipients = ["support@example.com"]\nworkspace = "demo"\ntoken = "file:{tmp_path / "token"}"\n'
            f'reply_from = "support@example.com"\n[console]\n{console}\n'
        )
        config = ["--config", str(tmp_path / "config.toml")]
        return CliRunner().invoke(user.app, [*arguments, *config], input=f"{password}\n")

    return call


def test_somebody_is_added_changed_listed_and_removed(run: Run, users: Path) -> None:
    assert "asa is added" in run("add", "asa", "--role", "act").stdout
    assert "bo is added" in run("add", "bo").stdout
    assert "asa is changed" in run("add", "asa", "--role", "administer", password="another password").stdout
    found = usersfile.read(users)
    assert {name: one.role for name, one in found.items()} == {"asa": Role.ADMINISTER, "bo": Role.LOOK}
    assert is_right({"asa": found["asa"].password}, "asa", "another password")
    listed = json.loads(run("list", "--json").stdout)
    assert listed == [
        {"name": "asa", "role": "administer", "kept": str(users)},
        {"name": "bo", "role": "look", "kept": str(users)},
    ]
    assert "administer" in run("list").stdout
    assert run("remove", "bo").exit_code == 0
    assert list(usersfile.read(users)) == ["asa"]


def test_without_a_file_the_lines_for_the_settings_are_printed_and_they_work(run: Run) -> None:
    lines = run("add", "asa@example.com", "--role", "act", console="").stdout
    listed = json.loads(run("list", "--json", console=lines).stdout)
    assert [(one["name"], one["role"]) for one in listed] == [("asa@example.com", "act")]


@pytest.mark.parametrize(
    ("arguments", "password", "code", "said"),
    [
        (("add", "a:b"), PASSWORD, 64, "expected up to 64 letters"),
        (("add", "asa"), "short", 65, "expected 10 to 200 characters, found 5"),
        (("add", "asa"), "", 65, "expected 10 to 200 characters, found 0"),
        (("remove", "nobody"), "", 1, "there is no such user"),
        (("add", "asa", "--role", "root"), PASSWORD, 2, "'root' is not one of"),
    ],
)
def test_what_cannot_be_done_is_said_with_its_code(
    run: Run, users: Path, arguments: tuple[str, ...], password: str, code: int, said: str
) -> None:
    result = run(*arguments, password=password)
    assert result.exit_code == code
    assert said in result.stderr
    assert not users.exists()


def test_somebody_of_the_settings_is_not_removed_from_a_file(run: Run) -> None:
    result = run("remove", "asa", console=f'[console.user.asa]\npassword = "{HASH}"')
    assert result.exit_code == 1
    assert "take [console.user.asa] out there" in result.stderr
