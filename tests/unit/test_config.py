"""Settings: what is right is read, what is wrong is one clear line each, and no secret is ever printed."""

from pathlib import Path

import pytest

from gateway.config.load import load
from gateway.config.units import Listen, Secret, duration_text, size_text
from gateway.errors import SettingsError

GOOD = """
[gateway]
hostname = "gw.example.com"
spool = "sqlite:////var/lib/spool.db"

[smtp]
listen = ["0.0.0.0:25", "[::1]:2525"]
max_size = "50 MB"
command_timeout = "5 min"

[cention.demo]
url = "https://apid.example.com/s/demo"
attachment_token = "env:TEST_TOKEN"
callback_secrets = ["env:TEST_TOKEN"]

[[route]]
name = "support"
recipients = ["support@example.com"]
workspace = "demo"
token = "env:TEST_TOKEN"
reply_from = "Support <support@example.com>"
"""


@pytest.fixture(autouse=True)
def token(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEST_TOKEN", "s3cret-token")


def lines(tmp_path: Path, text: str) -> list[str]:
    """The mistakes in a settings file, without its name."""
    file = tmp_path / "config.toml"
    file.write_text(text)
    with pytest.raises(SettingsError) as caught:
        load(file)
    assert all(line.startswith(f"{file}: ") for line in caught.value.lines)
    return [line.removeprefix(f"{file}: ") for line in caught.value.lines]


def test_what_people_write_is_read(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text(GOOD)
    settings = load(tmp_path / "config.toml")
    assert settings.smtp.listen == [Listen("0.0.0.0", 25), Listen("::1", 2525)]
    assert (settings.smtp.max_size, settings.smtp.command_timeout) == (50_000_000, 300.0)
    assert settings.route[0].token.value() == "s3cret-token"


def test_the_environment_goes_before_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CENTION_GATEWAY_SMTP__MAX_SIZE", "7 MB")
    (tmp_path / "config.toml").write_text(GOOD)
    settings = load(tmp_path / "config.toml")
    assert (settings.smtp.max_size, settings.smtp.command_timeout) == (7_000_000, 300.0)


def test_addresses_come_from_the_environment_as_in_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CENTION_GATEWAY_HTTP__LISTEN", "0.0.0.0:8080")
    monkeypatch.setenv("CENTION_GATEWAY_SMTP__LISTEN", '["0.0.0.0:2525"]')
    (tmp_path / "config.toml").write_text(GOOD)
    settings = load(tmp_path / "config.toml")
    assert (settings.http.listen, settings.smtp.listen) == (Listen("0.0.0.0", 8080), [Listen("0.0.0.0", 2525)])


def test_what_the_environment_says_wrongly_is_a_clear_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CENTION_GATEWAY_SMTP__LISTEN", "here")
    (tmp_path / "config.toml").write_text(GOOD)
    with pytest.raises(SettingsError, match=r"environment: .*a list is written as JSON"):
        load(tmp_path / "config.toml")


@pytest.mark.parametrize(
    ("right", "wrong", "line"),
    [
        ('hostname = "gw.example.com"', 'hostnam = "x"', 'gateway.hostnam: unknown key; did you mean "hostname"?'),
        ('max_size = "50 MB"', 'max_size = "50 XB"', 'smtp.max_size: expected a size such as "50 MB"'),
        (
            'command_timeout = "5 min"',
            'command_timeout = "soon"',
            'smtp.command_timeout: expected a time such as "30 s"',
        ),
        (
            'command_timeout = "5 min"',
            'command_timeout = "0 s"',
            "smtp.command_timeout: input should be greater than 0",
        ),
        ('"[::1]:2525"', '"here"', 'smtp.listen[2]: expected "host:port"'),
        (
            'workspace = "demo"',
            'workspace = "dmo"',
            "route[1].workspace: no [cention.dmo] in this file; there is: demo",
        ),
        ('token = "env:TEST_TOKEN"\nreply', "reply", "route[1].token: missing; expected: Token with the claim"),
        (
            'token = "env:TEST_TOKEN"\nreply',
            'token = "env:NOT_SET"\nreply',
            "route[1].token: environment variable NOT_SET is not set",
        ),
        (
            'token = "env:TEST_TOKEN"\nreply',
            'token = "file:/none"\nreply',
            "route[1].token: file /none cannot be read: No such file",
        ),
        (
            'token = "env:TEST_TOKEN"\nreply',
            'token = "eyJ.a.b"\nreply',
            'route[1].token: expected "env:NAME" or "file:PATH"',
        ),
        ("https://apid.example.com/s/demo", "http://apid.example.com/s/demo", "cention.demo: url: expected https"),
        ("https://apid.example.com/s/demo", "apid.example.com", 'cention.demo: url: expected "https://<api domain>'),
        ('recipients = ["support@example.com"]', "recipients = []", "route[1].recipients: "),
        ("sqlite:////var/lib/spool.db", "mysql://x", "gateway.spool: "),
    ],
)
def test_a_mistake_is_one_line_with_key_and_what_was_expected(
    tmp_path: Path, right: str, wrong: str, line: str
) -> None:
    assert right in GOOD
    (said,) = lines(tmp_path, GOOD.replace(right, wrong, 1))
    assert said.startswith(line)
    assert "eyJ" not in said


def test_all_mistakes_come_at_once(tmp_path: Path) -> None:
    text = GOOD.replace("50 MB", "50").replace("5 min", "x").replace('name = "support"', 'name = "a b"')
    assert [line.split(":")[0] for line in lines(tmp_path, text)] == [
        "smtp.max_size",
        "smtp.command_timeout",
        "route[1].name",
    ]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[gateway\n", "not TOML: "),
        (f"x = {'1' * 5000}\n", "not TOML: "),
        (f"x = {'[' * 5000}\n", "not TOML: "),
        ("[cention]\n", "cention: "),
    ],
)
def test_a_file_that_makes_no_sense_is_said_to(tmp_path: Path, text: str, said: str) -> None:
    assert lines(tmp_path, text)[0].startswith(said)


def test_a_file_that_is_not_there_is_said_to(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="cannot be read: No such file"):
        load(tmp_path / "none.toml")


def test_two_routes_of_one_name_are_a_mistake(tmp_path: Path) -> None:
    route = GOOD[GOOD.index("[[route]]") :]
    assert lines(tmp_path, GOOD + route) == ['route[2].name: "support" is the name of an earlier route']


def test_a_secret_prints_as_stars_and_a_changed_file_is_seen(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("one\n")
    secret = Secret(f"file:{tmp_path / 'token'}")
    assert f"{secret} {secret!r} {[secret]}" == "*** *** [***]"
    assert secret.value() == "one"
    (tmp_path / "token").write_text("two\n")
    assert secret.value() == "two"


def test_settings_never_show_a_secret(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text(GOOD)
    settings = load(tmp_path / "config.toml")
    assert "s3cret" not in f"{settings} {settings!r} {settings.model_dump(mode='json')} {settings.model_dump_json()}"


@pytest.mark.parametrize(
    ("size", "text"), [(50_000_000, "50 MB"), (500, "500 B"), (0, "0 B"), (1500, "1500 B"), (2000, "2 kB")]
)
def test_sizes_are_written_as_they_are_read(size: int, text: str) -> None:
    assert size_text(size) == text


@pytest.mark.parametrize(("seconds", "text"), [(86400.0, "1 d"), (90.0, "90 s"), (0.2, "200 ms"), (3600.0, "1 h")])
def test_times_are_written_as_they_are_read(seconds: float, text: str) -> None:
    assert duration_text(seconds) == text
