"""What `check` says of everything that mail is fetched from: real servers, each mistake with what to do."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from gateway.config.settings import Settings
from gateway.finding import Finding
from gateway.plan import plan
from gateway.reach import reach
from tests.servers.dovecot import PASSWORD
from tests.servers.dovecot_pop3 import Pop3Dovecot
from tests.servers.program import free_port
from tests.servers.tokens import TokenServer, token_server

USER = "reach@example.net"


@pytest.fixture(scope="module")
def server() -> Iterator[Pop3Dovecot]:
    running = Pop3Dovecot()
    yield running.start()
    running.stop()


@pytest.fixture
def tokens() -> Iterator[TokenServer]:
    with token_server() as running:
        yield running


Reached = Callable[..., dict[str, Finding]]


@pytest.fixture
def reached(tmp_path: Path) -> Reached:
    """What is found with these tables."""
    route = {"name": "support", "recipients": ["a@example.com"], "workspace": "demo", "token": "env:PATH"}
    house = {
        "gateway": {"spool": f"sqlite:///{tmp_path / 'spool.db'}"},
        "cention": {"demo": {"url": "http://127.0.0.1:1/s/demo", "attachment_token": "env:PATH"}},
        "route": [route | {"reply_from": "a@example.com"}],
    }

    def reached(**tables: Any) -> dict[str, Finding]:
        return {one.what: one for one in reach(plan(Settings.model_validate(house | tables), "test"))}

    return reached


@pytest.fixture
def box(tmp_path: Path, server: Pop3Dovecot) -> Callable[..., list[dict[str, Any]]]:
    """A table of a mailbox with changes."""

    def box(**changes: Any) -> list[dict[str, Any]]:
        (tmp_path / "password").write_text(changes.pop("secret", PASSWORD))
        table = {"name": "box", "host": "127.0.0.1", "port": server.imap_port, "security": "none", "user": USER}
        if "oauth" not in changes:
            table["password"] = f"file:{tmp_path / 'password'}"
        return [table | {"route": "support", "timeout": "5 s"} | changes]

    return box


Box = Callable[..., list[dict[str, Any]]]


def test_a_mailbox_that_lets_us_in_is_looked_at_folder_by_folder(
    reached: Reached, server: Pop3Dovecot, box: Box
) -> None:
    server.append(USER, [b"Subject: a\r\n\r\nb\r\n"])
    found = reached(imap=box(folders=["INBOX", "Nowhere"], after="move:Processed"))
    assert [one.state for one in found.values()] == ["ok", "ok", "wrong", "ok"]
    assert found["imap box folder INBOX"].said == "1 messages"
    assert "imap.folders" in found["imap box folder Nowhere"].said
    assert "will be made" in found["imap box folder Processed"].said
    assert set(server.flags(USER).values()) == {()}


def test_what_a_server_cannot_do_is_said_with_what_is_done_instead(
    reached: Reached, server: Pop3Dovecot, box: Box
) -> None:
    server.configure("imap_capability = IMAP4rev1\n")
    server.reload()
    try:
        said = reached(imap=box(after="move:Processed"))["imap box"].said
    finally:
        server.configure()
        server.reload()
    for word in ("no IDLE: looked at every 2 min", "no MOVE", "no UIDPLUS"):
        assert word in said


def test_a_pop3_mailbox_is_logged_in_to(reached: Reached, server: Pop3Dovecot, box: Box) -> None:
    assert reached(pop3=box(port=server.pop3_port))["pop3 box"].state == "ok"
    refused = reached(pop3=box(port=server.pop3_port, secret="wrong"))["pop3 box"]
    assert (refused.state, "see to user and password" in refused.said) == ("wrong", True)


def test_a_wrong_password_names_the_keys_to_see_to(reached: Reached, box: Box) -> None:
    refused = reached(imap=box(secret="wrong"))["imap box"]
    assert (refused.state, f"refuses the login of {USER}" in refused.said) == ("wrong", True)


def test_a_server_that_is_not_there_is_told_with_its_address(reached: Reached, box: Box) -> None:
    port = free_port()
    assert f"127.0.0.1:{port} cannot be used" in reached(imap=box(port=port))["imap box"].said


def test_tokens_are_got_and_their_end_is_told_and_never_themselves(
    reached: Reached, tokens: TokenServer, box: Box, tmp_path: Path
) -> None:
    found = reached(oauth={"own": tokens.table(tmp_path)}, imap=box(oauth="own"))
    assert found["tokens of oauth.own"].state == "ok"
    assert "token good until" in found["tokens of oauth.own"].said
    assert not [given for given in tokens.given if any(given in one.said for one in found.values())]


def test_a_refused_application_is_told_with_the_command_to_try_it_by(
    reached: Reached, tokens: TokenServer, tmp_path: Path
) -> None:
    found = reached(oauth={"own": tokens.table(tmp_path) | {"client_id": "another"}})["tokens of oauth.own"]
    assert (found.state, "cention-gateway oauth login own" in found.said) == ("wrong", True)


def test_directories_have_to_be_there_and_are_written_to(reached: Reached, tmp_path: Path) -> None:
    (tmp_path / "drop").mkdir()
    maildir = [{"name": "form", "path": str(tmp_path / "form"), "route": "support"}]
    pickup = [{"name": "drop", "path": str(tmp_path / "drop"), "route": "support"}]
    found = reached(maildir=maildir, pickup=pickup)
    assert (found["maildir form"].state, found["pickup drop"].state) == ("wrong", "ok")
    assert f"{tmp_path / 'form' / 'new'}: no such directory" in found["maildir form"].said
    (tmp_path / "form" / "new").mkdir(parents=True)
    assert reached(maildir=maildir)["maildir form"].state == "ok"


# A file that lies where the socket shall be may be anything: it is not removed.
def test_a_unix_socket_needs_a_directory_and_a_free_name(reached: Reached, tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("something")
    places = [f"unix:{tmp_path / name}" for name in ("lmtp", "taken", "nowhere/lmtp")]
    found = reached(lmtp={"listen": places})
    assert [found[f"lmtp {place}"].state for place in places] == ["ok", "wrong", "wrong"]
