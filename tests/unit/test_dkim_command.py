"""`dkim` and what `check` says of keys: what an operator types, and reads."""

import json
import re
from collections.abc import Callable
from pathlib import Path

import dns.resolver
import pytest
from typer.testing import CliRunner, Result

from gateway.check import check
from gateway.cli import cli
from gateway.config.settings import Settings
from gateway.outgoing.dkim_key import new_key, read_key
from gateway.plan import plan

SETTINGS = """
[gateway]
spool = "sqlite:///{folder}/spool.db"
hostname = "localhost"
[cention.demo]
url = "http://127.0.0.1:1/s/demo"
attachment_token = "file:{folder}/token"
[[route]]
name = "support"
recipients = ["support@example.com"]
workspace = "demo"
token = "file:{folder}/token"
reply_from = "support@example.com"
"""
Dkim = Callable[..., Result]


@pytest.fixture
def dkim() -> Dkim:
    return lambda *words: CliRunner().invoke(cli, ["dkim", *map(str, words)])


# What it prints is a zone's line and a settings' table: taken as they are, the key signs, and its record fits.
@pytest.mark.parametrize("kind", ["rsa", "ed25519"])
def test_a_new_key_is_written_and_its_table_can_be_put_into_the_settings(tmp_path: Path, dkim: Dkim, kind: str) -> None:
    made = dkim("new", "example.com", "--selector", "one", "--type", kind, "--folder", tmp_path)
    assert made.exit_code == 0
    key = read_key((tmp_path / "one.example.com.pem").read_text())
    assert key.kind == kind
    assert "".join(re.findall(r'"([^"]*)" ?(?=["\)])', made.output.partition("IN TXT")[2])) == key.record
    (tmp_path / "token").write_text("token")
    (tmp_path / "config.toml").write_text(
        SETTINGS.format(folder=tmp_path) + made.output[made.output.index("[[dkim]]") :]
    )
    shown = dkim("show", "--config", tmp_path / "config.toml", "--json")
    assert json.loads(shown.output) == [
        {"domain": "example.com", "selector": "one", "name": "one._domainkey.example.com", "record": key.record}
    ]
    assert "one._domainkey.example.com. IN TXT" in dkim("show", "--config", tmp_path / "config.toml").output
    assert "PRIVATE" not in made.output + shown.output


def test_a_key_is_never_written_over(tmp_path: Path, dkim: Dkim) -> None:
    first = dkim("new", "example.com", "--type", "ed25519", "--folder", tmp_path, "--json")
    path = Path(json.loads(first.output)["key"])
    before = path.read_bytes()
    again = dkim("new", "example.com", "--type", "ed25519", "--folder", tmp_path)
    assert (again.exit_code, path.read_bytes()) == (1, before)
    assert "is there already" in again.output


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["new", "exa mple"], 64, "domain: expected a domain"),
        (["new", "example.com", "--selector", "../x"], 64, "selector: "),
        (["new", "example.com", "--folder", "/nowhere/at/all"], 1, "cannot be written"),
        (["new", "example.com", "--type", "dsa"], 2, "dsa"),
    ],
)
def test_a_mistake_is_a_line_and_a_code(dkim: Dkim, words: list[str], code: int, said: str) -> None:
    done = dkim(*words)
    assert done.exit_code == code
    assert said in done.output
    assert "Traceback" not in done.output


def test_show_says_that_nothing_is_signed(tmp_path: Path, dkim: Dkim) -> None:
    (tmp_path / "token").write_text("token")
    (tmp_path / "config.toml").write_text(SETTINGS.format(folder=tmp_path))
    assert "answers are not signed" in dkim("show", "--config", tmp_path / "config.toml").output


# DNS that does not answer says nothing of the key; the table for DNS is in what `check` says where there is none.
def test_check_compares_keys_with_dns(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    nobody = dns.resolver.Resolver(configure=False)
    nobody.nameservers, nobody.port, nobody.lifetime = ["127.0.0.1"], 1, 0.2
    monkeypatch.setattr(dns.resolver, "default_resolver", nobody)
    for name, content in (("token", b"token"), ("key", new_key("ed25519").pem)):
        (tmp_path / name).write_bytes(content)
    secret = f"file:{tmp_path / 'token'}"
    route = {"name": "support", "recipients": ["a@example.com"], "workspace": "demo", "token": secret}
    settings = Settings.model_validate(
        {
            "gateway": {"spool": f"sqlite:///{tmp_path / 'spool.db'}", "hostname": "localhost"},
            "cention": {"demo": {"url": "http://127.0.0.1:1/s/demo", "attachment_token": secret}},
            "route": [route | {"reply_from": "a@example.com"}],
            "dkim": [{"domain": "example.com", "selector": "gw", "key": f"file:{tmp_path / 'key'}"}],
            "sent_folder": [{"name": "sent", "host": "127.0.0.1", "port": 1, "user": "a", "password": secret}],
        }
    )
    found = {one.what: one for one in check(plan(settings, "test"))}
    key, folder = found["DKIM key gw of example.com"], found["sent copies in sent"]
    assert (key.state, folder.state) == ("warning", "wrong")
    assert "DNS does not answer for gw._domainkey.example.com" in key.said
    assert "could not be talked to" in folder.said
