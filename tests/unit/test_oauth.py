"""What a mail server is sent with a token, and what settings for tokens have to say."""

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from gateway.config.load import load
from gateway.config.oauth import OAuth
from gateway.errors import SettingsError
from gateway.oauth.named import token_sources
from gateway.oauth.sasl import oauthbearer, xoauth2
from gateway.plan import load_plan

EXAMPLE = Path(__file__).parents[2] / "config.toml.example"


def test_xoauth2_is_as_microsoft_and_google_describe_it() -> None:
    assert xoauth2("a@example.com", "tok") == b"user=a@example.com\x01auth=Bearer tok\x01\x01"


# The example of RFC 7628 4.1.
def test_oauthbearer_is_as_the_rfc_has_it() -> None:
    sent = oauthbearer("user@example.com", "server.example.com", 143, "vF9dft4qmTc2Nvb3RlckBhbHRhdmlzdGEuY29tCg==")
    assert sent == (
        b"n,a=user@example.com,\x01host=server.example.com\x01port=143\x01"
        b"auth=Bearer vF9dft4qmTc2Nvb3RlckBhbHRhdmlzdGEuY29tCg==\x01\x01"
    )


def test_a_name_with_commas_and_equal_signs_is_escaped() -> None:
    assert oauthbearer("a,b=c", "h", 1, "t").startswith(b"n,a=a=2Cb=3Dc,\x01")


# It would end the name, and begin a token of somebody's choice.
@pytest.mark.parametrize("user", ["a\x01auth=Bearer x", "a\0"])
def test_a_name_with_control_characters_is_not_sent(user: str) -> None:
    with pytest.raises(ValueError, match="control character"):
        xoauth2(user, "t")
    with pytest.raises(ValueError, match="control character"):
        oauthbearer(user, "h", 1, "t")


# -- settings


def settings(**values: Any) -> OAuth:
    """Settings whose secrets are in PATH, which is always set."""
    secrets = {name: "env:PATH" for name in ("client_secret", "refresh_token") if values.pop(name, True)}
    return OAuth.model_validate({"grant": "refresh_token", "client_id": "c", **secrets, **values})


def test_a_preset_knows_microsoft_s_addresses_and_scopes() -> None:
    one = settings(preset="microsoft365", tenant="example.com", grant="client_credentials")
    assert one.token_address == "https://login.microsoftonline.com/example.com/oauth2/v2.0/token"
    assert one.device_address == "https://login.microsoftonline.com/example.com/oauth2/v2.0/devicecode"
    assert one.scopes == "https://outlook.office365.com/.default"
    scopes = settings(preset="microsoft365", tenant="example.com", grant="device").scopes.split()
    assert {"https://outlook.office.com/IMAP.AccessAsUser.All", "offline_access"} <= set(scopes)


def test_a_preset_knows_google_s_address_and_scope() -> None:
    one = settings(preset="google")
    assert (one.token_address, one.scopes) == ("https://oauth2.googleapis.com/token", "https://mail.google.com/")


def test_what_is_set_goes_before_a_preset() -> None:
    one = settings(preset="google", token_url="https://other.example/token", scope="mail")
    assert (one.token_address, one.scopes) == ("https://other.example/token", "mail")


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({}, "token_url: expected"),
        ({"preset": "microsoft365"}, "tenant: expected"),
        ({"preset": "google", "grant": "device"}, 'grant: Google gives mail by no other than "refresh_token"'),
        ({"token_url": "https://t.example", "grant": "device"}, "device_url: expected"),
        ({"token_url": "https://t.example", "refresh_token": False}, "refresh_token: expected"),
        (
            {"token_url": "https://t.example", "grant": "client_credentials", "client_secret": False},
            "client_secret: expected",
        ),
        ({"token_url": "http://t.example/"}, "token_url: expected https"),
        ({"token_url": "https://user:pw@t.example/"}, "token_url: expected https"),
        ({"token_url": "https:///token"}, "token_url: expected https"),
        ({"token_url": "https://t.example:x/"}, "token_url: expected https"),
        ({"token_url": "https://t.example/a\nb"}, "token_url: expected https"),
        ({"token_url": "https://t.example/", "device_url": "ftp://t.example/"}, "device_url: expected https"),
    ],
)
def test_what_is_missing_or_unsafe_is_named(values: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError, match=re.escape(said)):
        settings(**values)


@pytest.mark.parametrize("url", ["http://localhost:8/t", "http://127.0.0.1/t", "http://[::1]:8/t", "https://t.example"])
def test_https_is_wanted_of_other_machines_alone(url: str) -> None:
    assert settings(token_url=url).token_address == url


def whole(tmp_path: Path, more: str, spool: str = "") -> Path:
    """A settings file with a mailbox."""
    file = tmp_path / "config.toml"
    file.write_text(
        f"""
        gateway.spool = "{spool or f"sqlite:///{tmp_path / 'spool.db'}"}"
        gateway.hostname = "localhost"
        cention.demo = {{ url = "https://api.example.com/s/demo", attachment_token = "env:PATH" }}
        outgoing.smarthosts = ["smtp://127.0.0.1:25"]
        [[route]]
        name = "support"
        recipients = ["support@example.com"]
        workspace = "demo"
        token = "env:PATH"
        reply_from = "support@example.com"
        {more}
        """
    )
    return file


IMAP = '[[imap]]\nname = "m"\nhost = "imap.example.com"\nuser = "u"\nroute = "support"\noauth = "m365"\n'
TOKENS = '[oauth.m365]\ngrant = "client_credentials"\npreset = "microsoft365"\ntenant = "t"\nclient_id = "c"\n'
SECRET = 'client_secret = "env:PATH"\n'


def test_a_mailbox_has_the_tokens_that_it_names(tmp_path: Path) -> None:
    found = load_plan(whole(tmp_path, IMAP + TOKENS + SECRET))
    source = found.token_of("m365")
    assert source is found.token_of("m365")
    assert source.application.name == "m365"
    assert source.cache == tmp_path / "spool.db.oauth" / "m365.json"


def mistakes(file: Path) -> str:
    with pytest.raises(SettingsError) as caught:
        load_plan(file)
    return str(caught.value)


def test_a_mailbox_that_names_no_tokens_of_the_file_is_a_mistake(tmp_path: Path) -> None:
    said = mistakes(whole(tmp_path, IMAP + (TOKENS + SECRET).replace("oauth.m365", "oauth.other")))
    assert "imap[1].oauth: no [oauth.m365] in this file; there is: other" in said


def test_beside_a_database_server_the_tokens_want_a_file_of_their_own(tmp_path: Path) -> None:
    postgresql = "postgresql+psycopg://u@db.example.com/mail"
    assert "oauth.m365.cache: expected a file" in mistakes(whole(tmp_path, TOKENS + SECRET, postgresql))
    cache = f'cache = "{tmp_path / "tokens.json"}"\n'
    (source,) = token_sources(load(whole(tmp_path, TOKENS + SECRET + cache, postgresql))).values()
    assert source.cache == tmp_path / "tokens.json"


def test_two_do_not_keep_their_tokens_in_one_file(tmp_path: Path) -> None:
    one = TOKENS + SECRET + f'cache = "{tmp_path / "tokens.json"}"\n'
    assert "oauth.two.cache: " in mistakes(whole(tmp_path, one + one.replace("m365]", "two]")))


# The example's table is commented out as a whole: with its first "#" gone it is in force, with the second complete.
def test_the_example_s_table_has_every_key_and_the_defaults(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("M365_SECRET", "x")
    found = re.search(r"^# \[oauth\.m365\].*\n(?:#.*\n)*", EXAMPLE.read_text(), re.MULTILINE)
    assert found is not None
    block = re.sub(r"^# ?", "", found[0], flags=re.MULTILINE)
    (plain,) = tomllib.loads(block)["oauth"].values()
    (everything,) = tomllib.loads(re.sub(r"^# ", "", block, flags=re.MULTILINE))["oauth"].values()
    assert set(everything) == set(OAuth.model_fields)
    assert everything.pop("refresh_token").startswith("file:")
    assert OAuth.model_validate(everything) == OAuth.model_validate(plain)
