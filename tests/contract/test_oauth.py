"""Access tokens from a token server: had once, renewed in time, kept over a restart."""

import json
import multiprocessing
import os
import stat
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from gateway.errors import Temporary
from gateway.oauth.grant import Application
from gateway.oauth.source import TokenSource
from tests.oauth import Clock, MakeSource, failure, source_maker
from tests.servers.program import wait_until
from tests.servers.tokens import FIRST, TokenServer, token_server


@pytest.fixture
def tokens() -> Iterator[TokenServer]:
    with token_server() as server:
        yield server


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def source(tokens: TokenServer, clock: Clock, tmp_path: Path) -> MakeSource:
    return source_maker(tokens, clock, tmp_path)


# -- tokens in time


def test_a_token_is_asked_for_once_and_used_until_shortly_before_its_end(
    source: MakeSource, tokens: TokenServer, clock: Clock
) -> None:
    one = source()
    assert [one.token(), one()] == ["access-1"] * 2
    clock.time += 3600 - 301
    assert one.token() == "access-1"
    clock.time += 2
    assert one.token() == "access-2"
    assert tokens.asked[0]["grant_type"] == "client_credentials"
    assert tokens.asked[0]["scope"] == "mail"


# Five minutes would be all of it.
def test_a_short_lived_token_is_renewed_after_nine_tenths_of_its_life(
    source: MakeSource, tokens: TokenServer, clock: Clock
) -> None:
    tokens.lifetime = 100
    one = source()
    one.token()
    clock.time += 89
    assert one.token() == "access-1"
    clock.time += 2
    assert one.token() == "access-2"


# Some servers write the number as text, some leave it out.
@pytest.mark.parametrize(("said", "good"), [("7200", 6800), (None, 3200), (True, 3200), ("NaN", 3200), ("soon", 3200)])
def test_how_long_a_token_lives_is_read_as_servers_write_it(
    source: MakeSource, tokens: TokenServer, clock: Clock, said: Any, good: float
) -> None:
    tokens.lifetime = said
    one = source()
    one.token()
    clock.time += good
    assert one.token() == "access-1"
    clock.time += 600
    assert one.token() == "access-2"


def test_many_threads_have_the_server_asked_once(source: MakeSource, tokens: TokenServer) -> None:
    one = source()
    with ThreadPoolExecutor(16) as threads:
        assert set(threads.map(lambda _: one.token(), range(64))) == {"access-1"}
    assert len(tokens.asked) == 1


def test_a_restart_goes_on_with_the_token_that_was_kept(source: MakeSource, tokens: TokenServer) -> None:
    assert source().token() == source().token() == "access-1"
    assert len(tokens.asked) == 1


def test_what_is_kept_is_readable_by_its_owner_alone(source: MakeSource) -> None:
    before = os.umask(0)
    try:
        one = source()
        one.token()
    finally:
        os.umask(before)
    assert stat.S_IMODE(one.cache.stat().st_mode) == 0o600
    assert stat.S_IMODE(one.cache.parent.stat().st_mode) == 0o700
    assert {file.name for file in one.cache.parent.iterdir()} == {"box.json", "box.json.lock"}


# `oauth login` may be run by root, beside a gateway that is not.
@pytest.mark.skipif("os.geteuid() != 0")
def test_what_root_keeps_belongs_to_the_folder_s_owner(source: MakeSource, tmp_path: Path) -> None:
    os.chown(tmp_path, 1234, 1234)
    one = source()
    one.token()
    assert {(file.stat().st_uid, file.stat().st_gid) for file in (one.cache, one.cache.parent)} == {(1234, 1234)}


# Root would give the file away that it leads to.
def test_a_link_in_the_lock_s_place_is_not_followed(source: MakeSource, tmp_path: Path) -> None:
    one = source()
    one.cache.parent.mkdir()
    (tmp_path / "precious").write_text("x")
    one.cache.with_name("box.json.lock").symlink_to(tmp_path / "precious")
    assert "tokens cannot be kept there" in str(failure(one))


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"access_token": 5}', b"\xff"])
def test_a_kept_file_that_is_broken_is_as_none(source: MakeSource, content: bytes) -> None:
    one = source()
    one.token()
    one.cache.write_bytes(content)
    assert source().token() == "access-2"


# Another scope, another application: what was kept is not theirs.
def test_what_was_kept_for_other_settings_is_not_used(source: MakeSource) -> None:
    source().token()
    assert source(scope="other").token() == "access-2"


def ask_in_another_process(application: Application, cache: Path, said: Any) -> None:
    said.put("started")
    said.put(TokenSource(application, cache).token())


# Two gateways, or a gateway and a command, would spend the same refresh token.
def test_several_processes_have_the_server_asked_once(tokens: TokenServer, tmp_path: Path) -> None:
    tokens.rotates = True
    tokens.gate.clear()
    application = Application("box", tokens.settings(tmp_path, grant="refresh_token"))
    context = multiprocessing.get_context("spawn")
    said = context.Queue()
    arguments = (application, tmp_path / "box.json", said)
    processes = [context.Process(target=ask_in_another_process, args=arguments) for _ in range(3)]
    for process in processes:
        process.start()
    assert {said.get(timeout=60) for _ in processes} == {"started"}
    wait_until(lambda: tokens.asked, "the first one asks")
    tokens.gate.set()
    assert {said.get(timeout=60) for _ in processes} == {"access-1"}
    for process in processes:
        process.join(30)
    assert len(tokens.asked) == 1


# -- refresh tokens


def test_a_refresh_token_of_the_settings_is_used_again_where_the_server_gives_no_other(
    source: MakeSource, tokens: TokenServer, clock: Clock
) -> None:
    one = source(grant="refresh_token")
    one.token()
    clock.time += 3600
    assert one.token() == "access-2"
    assert [asked["refresh_token"] for asked in tokens.asked] == [FIRST] * 2


# The server takes the old one no more: were the new one lost, a person would have to sign in.
def test_a_rotated_refresh_token_is_on_the_disk_before_its_access_token_is_used(
    source: MakeSource, tokens: TokenServer, clock: Clock
) -> None:
    tokens.rotates = True
    one = source(grant="refresh_token")
    for number in range(1, 4):
        assert one.token() == f"access-{number}"
        assert json.loads(one.cache.read_bytes())["refresh_token"] == tokens.refresh_token
        clock.time += 3600
    assert source(grant="refresh_token").token() == "access-4"


# A new token that somebody put into the settings goes before what is kept.
def test_another_refresh_token_in_the_settings_replaces_what_was_kept(
    source: MakeSource, tokens: TokenServer, tmp_path: Path, clock: Clock
) -> None:
    tokens.rotates = True
    one = source(grant="refresh_token")
    one.token()
    tokens.refresh_token = "canary-refresh-by-hand"
    (tmp_path / "refresh_token").write_text("canary-refresh-by-hand")
    clock.time += 3600
    assert one.token() == "access-2"


def test_a_refresh_token_that_cannot_be_kept_is_not_spent(
    source: MakeSource, tokens: TokenServer, tmp_path: Path
) -> None:
    one = source(grant="refresh_token", cache="")
    one.cache = tmp_path / "link" / "box.json"
    (tmp_path / "link").symlink_to(tmp_path / "nowhere")
    error = failure(one)
    assert isinstance(error, Temporary)
    assert "tokens cannot be kept there" in str(error)
    assert tokens.asked == []


# The disk fails between the question and the answer: the token works, the next refresh waits for the disk.
def test_a_disk_that_fails_costs_no_token_and_no_refresh_token(
    source: MakeSource, tokens: TokenServer, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    tokens.rotates = True
    one = source(grant="refresh_token")
    with monkeypatch.context() as broken:
        broken.setattr("gateway.oauth.source.write", _no_disk)
        assert one.token() == "access-1"
        clock.time += 3600
        assert "cannot be kept" in str(failure(one))
        assert len(tokens.asked) == 1
    assert one.token() == "access-2"
    assert source(grant="refresh_token").token() == "access-2"


def _no_disk(*_arguments: object) -> None:
    raise OSError(28, "No space left on device")


# -- what a mail server refused


def test_a_token_that_a_mail_server_refused_is_replaced(source: MakeSource, clock: Clock) -> None:
    one = source()
    token = one.token()
    clock.time += 61
    one.invalidate(token)
    assert one.token() == "access-2"
    one.invalidate(token)  # by another mailbox, which had the old one
    assert one.token() == "access-2"


# It is not the token then: a mailbox that it is not for would have a new one each minute, from each of its folders.
def test_a_token_that_was_made_just_now_is_not_replaced(source: MakeSource, tokens: TokenServer) -> None:
    one = source()
    one.token()
    one.invalidate()
    assert one.token() == "access-1"
    assert len(tokens.asked) == 1


def test_a_source_says_how_long_its_token_is_good(source: MakeSource, clock: Clock) -> None:
    one = source()
    assert one.describe() == "there is no token yet"
    one.token()
    assert one.describe() == "token good until 2027-01-15 09:00 UTC, 60 minutes; it is renewed by itself; scope mail"
    clock.time += 4000
    assert source().describe().startswith("token expired on 2027-01-15")
