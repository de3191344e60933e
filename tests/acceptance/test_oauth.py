"""Mail fetched with access tokens: a real Dovecot asks a token server about each token that it is shown."""

import poplib
from base64 import b64encode
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from zlib import crc32

import pytest
from imapclient import IMAPClient
from imapclient.exceptions import LoginError

from gateway.config.imap import Imap
from gateway.config.pop3 import Pop3
from gateway.oauth.grant import Application
from gateway.oauth.sasl import oauthbearer, xoauth2
from gateway.oauth.source import TokenSource
from gateway.plan import load_plan
from gateway.pollers import pollers_of
from gateway.sources.imap import imap_pollers
from gateway.sources.poller import Poller, State
from gateway.sources.pop3 import Pop3Poller
from tests.fetching import ROUTES, Fetching, fetching, letter
from tests.servers.dovecot_oauth import OAuthDovecot
from tests.servers.gateway import toml
from tests.servers.tokens import TokenServer, refusal, token_server

MECHANISMS = ("xoauth2", "oauthbearer")


@pytest.fixture(scope="module")
def token_servers() -> Iterator[TokenServer]:
    with token_server() as server:
        yield server


@pytest.fixture(scope="module", params=MECHANISMS)
def dovecot(request: pytest.FixtureRequest, token_servers: TokenServer) -> Iterator[OAuthDovecot]:
    """A Dovecot that takes tokens in one way alone."""
    server = OAuthDovecot(token_servers.url, request.param)
    server.start()
    yield server
    server.stop()


@pytest.fixture
def tokens(token_servers: TokenServer, user: str) -> TokenServer:
    """The token server, whose tokens are the user's."""
    token_servers.user = user
    token_servers.scripted = []
    return token_servers


@pytest.fixture
def user(request: pytest.FixtureRequest) -> str:
    """A user of the test's own."""
    return f"user-{crc32(request.node.name.encode())}@example.net"


@pytest.fixture
def source(tokens: TokenServer, tmp_path: Path) -> TokenSource:
    return TokenSource(Application("box", tokens.settings(tmp_path)), tmp_path / "box.json")


@pytest.fixture
def house(tmp_path: Path) -> Iterator[Fetching]:
    with fetching(tmp_path) as running:
        yield running


MakePoller = Callable[[Fetching, OAuthDovecot, str, TokenSource], Poller]


def imap_table(server: OAuthDovecot, user: str) -> dict[str, Any]:
    table = {"name": "box", "host": "127.0.0.1", "port": server.imap_port, "security": "none", "user": user}
    return table | {"oauth": "box", "route": "support", "interval": "1 s", "timeout": "10 s"}


def by_imap(house: Fetching, server: OAuthDovecot, user: str, source: TokenSource) -> Poller:
    box = Imap.model_validate(imap_table(server, user))
    (poller,) = imap_pollers([box], house.places, ROUTES.get, lambda _name: source)
    return poller


def by_pop3(house: Fetching, server: OAuthDovecot, user: str, source: TokenSource) -> Poller:
    box = Pop3.model_validate(imap_table(server, user) | {"port": server.pop3_port})
    return Pop3Poller(box, house.places, ROUTES.get, source)


WAYS = pytest.mark.parametrize("make", [by_imap, by_pop3])


@WAYS
def test_mail_is_fetched_with_a_token_instead_of_a_password(
    house: Fetching, dovecot: OAuthDovecot, user: str, source: TokenSource, tokens: TokenServer, make: MakePoller
) -> None:
    dovecot.append(user, [letter(1), letter(2)])
    house.start([make(house, dovecot, user, source)])
    house.wait_for(2)
    house.stop()
    assert source.token() in tokens.introspected


# As the program does it: from the settings file to the mailbox.
def test_a_settings_file_is_enough_for_mail_to_be_fetched(
    house: Fetching, dovecot: OAuthDovecot, user: str, tokens: TokenServer, tmp_path: Path
) -> None:
    dovecot.append(user, [letter(1)])
    route = {"name": "support", "recipients": ["a@example.com"], "workspace": "demo", "token": "env:PATH"}
    settings = {
        "gateway": {"spool": f"sqlite:///{tmp_path / 'other.db'}"},
        "cention.demo": {"url": "https://api.example.com/s/demo", "attachment_token": "env:PATH"},
        "route": [route | {"reply_from": "a@example.com"}],
        "oauth.box": tokens.table(tmp_path),
        "imap": [imap_table(dovecot, user)],
    }
    (tmp_path / "config.toml").write_text(toml(settings))
    house.start(pollers_of(load_plan(tmp_path / "config.toml"), house.places))
    house.wait_for(1)
    assert (tmp_path / "other.db.oauth" / "box.json").exists()


# No password is tried instead, and the mailbox is one whose credentials are refused: tried slowly, and shown as that.
@WAYS
def test_a_token_that_is_somebody_else_s_is_refused(
    house: Fetching, dovecot: OAuthDovecot, user: str, source: TokenSource, tokens: TokenServer, make: MakePoller
) -> None:
    tokens.user = "somebody@example.net"
    house.start([make(house, dovecot, user, source)])
    house.wait_until(lambda status: status.state is State.REFUSED, "the token is refused")


@WAYS
def test_a_token_server_that_refuses_is_shown_as_refused_credentials(
    house: Fetching, dovecot: OAuthDovecot, user: str, source: TokenSource, tokens: TokenServer, make: MakePoller
) -> None:
    tokens.scripted = [refusal("invalid_client", 401)]
    house.start([make(house, dovecot, user, source)])
    house.wait_until(lambda status: status.state is State.REFUSED, "the token is refused")
    assert "oauth.box: the token server answered 401: invalid_client" in house.status().error


# The strings of ours against a server of others; imapclient has its own for IMAP.
def sasl(server: OAuthDovecot, port: int, user: str, token: str) -> tuple[str, bytes]:
    if server.mechanisms == "xoauth2":
        return "XOAUTH2", xoauth2(user, token)
    return "OAUTHBEARER", oauthbearer(user, "127.0.0.1", port, token)


def test_imap_takes_what_we_send(dovecot: OAuthDovecot, user: str, source: TokenSource) -> None:
    with IMAPClient("127.0.0.1", port=dovecot.imap_port, ssl=False, timeout=10) as client:
        mechanism, message = sasl(dovecot, dovecot.imap_port, user, source.token())
        client.sasl_login(mechanism, lambda _challenge: message)
        assert client.select_folder("INBOX")


def test_pop3_takes_what_we_send(dovecot: OAuthDovecot, user: str, source: TokenSource) -> None:
    client = poplib.POP3("127.0.0.1", dovecot.pop3_port, timeout=10)
    mechanism, message = sasl(dovecot, dovecot.pop3_port, user, source.token())
    assert client._shortcmd(f"AUTH {mechanism} {b64encode(message).decode()}").startswith(b"+OK")  # type: ignore[attr-defined]
    assert client.stat()[0] == 0
    client.quit()


def test_a_revoked_token_is_refused_and_another_one_taken(
    dovecot: OAuthDovecot, user: str, tokens: TokenServer, tmp_path: Path
) -> None:
    now = [1_800_000_000.0]
    source = TokenSource(Application("box", tokens.settings(tmp_path)), tmp_path / "box.json", lambda: now[0])
    tokens.revoked.add(old := source.token())
    with IMAPClient("127.0.0.1", port=dovecot.imap_port, ssl=False, timeout=10) as client:
        mechanism, message = sasl(dovecot, dovecot.imap_port, user, old)
        with pytest.raises(LoginError):
            client.sasl_login(mechanism, lambda challenge: message if not challenge else b"\x01")
        now[0] += 61
        source.invalidate(old)
        mechanism, message = sasl(dovecot, dovecot.imap_port, user, source.token())
        client.sasl_login(mechanism, lambda _challenge: message)
        assert client.select_folder("INBOX")
