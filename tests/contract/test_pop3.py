"""What POP3 servers do that Dovecot does not: no UIDL, the same one twice, refusals with and without a code."""

import math
from base64 import b64decode
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from gateway.config.pop3 import Pop3
from gateway.errors import Temporary
from gateway.sources.poller import Denied, State
from gateway.sources.pop3 import Pop3Poller
from gateway.sources.pop3_ledger import Ledger, Message, messages_of
from gateway.sources.pop3_login import Login, refusal_of, session
from tests.fetching import ROUTES, Fetching, fetching, letter
from tests.servers.pop3 import Pop3Server, box, serving
from tests.servers.program import wait_until

NAMELESS = b"From: form@example.com\r\nSubject: form\r\n\r\nthe same each time\r\n"


@pytest.fixture
def house(tmp_path: Path) -> Iterator[Fetching]:
    with fetching(tmp_path) as running:
        yield running


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """What failed is tried again without a wait."""
    monkeypatch.setattr("gateway.sources.pop3_ledger._FIRST_WAIT", 0.01)


def visits(house: Fetching, server: Pop3Server, folder: Path, times: int = 2, **settings: Any) -> None:
    """Run for so many visits, each of which ends well."""
    with serving(server):
        house.start([Pop3Poller(box(server, folder, **settings), house.places, ROUTES.get, settings.get("token"))])
        wait_until(lambda: server.count("QUIT") >= times, f"{times} visits")
        house.stop()


# -- names of messages


class Given:
    """Gives one token, and remembers which were refused."""

    def __init__(self, token: str = "token") -> None:
        self.refused: list[str] = []
        self._token = token

    def __call__(self) -> str:
        return self._token

    def invalidate(self, token: str = "") -> None:
        self.refused.append(token)


def known(number: int, size: int, key: str) -> Message:
    return Message(number, size, key, certain=True)


def test_a_uidl_and_a_size_name_a_message() -> None:
    assert messages_of(["1 120", "2 7"], ["1 a", "2 b"]) == [known(1, 120, "a 120"), known(2, 7, "b 7")]


@pytest.mark.parametrize("uidls", [[], ["1 a", "2 a"], ["1", "2 "], ["x a", "y b"]])
def test_what_does_not_tell_messages_apart_names_none(uidls: list[str]) -> None:
    assert not any(message.certain for message in messages_of(["1 120", "2 120"], uidls))


@pytest.mark.parametrize("uidl", ["a" * 5000, "a\0b", "\\xff" * 100])
def test_any_uidl_can_be_stored(uidl: str) -> None:
    (message,) = messages_of(["1 120"], [f"1 {uidl}"])
    assert len(message.key) < 255
    assert message.key.isprintable()


def test_lines_that_are_no_listing_are_passed_over() -> None:
    lines = ["", "hello", "1", "2 x", "3 9", f"{'9' * 5000} 1", f"4 {'9' * 1000}"]
    assert messages_of(lines, ["3 a", "4 b"]) == [known(3, 9, "a 9")]


# PostgreSQL stores no NUL.
def test_what_a_server_says_to_a_message_can_be_stored(house: Fetching) -> None:
    Ledger(house.places, "box").fail("a 1", "no\0such message")
    assert house.marks("pop3:box", "")["a 1"].error == "no such message"


# -- servers without UIDL


@pytest.mark.parametrize("mail", [letter(1), NAMELESS])
@pytest.mark.parametrize("size", [0, 400_000])
def test_without_uidl_content_decides_what_is_ours(house: Fetching, tmp_path: Path, mail: bytes, size: int) -> None:
    server = Pop3Server([mail + b"x" * size + b"\r\n"])
    visits(house, server, tmp_path, 3, leave="keep")
    assert (house.count(), house.copies(), len(server.messages)) == (1, 0, 1)
    assert server.count("RETR") >= 3


def test_without_uidl_messages_are_deleted_once_they_are_ours(house: Fetching, tmp_path: Path) -> None:
    server = Pop3Server([letter(1), letter(2), NAMELESS])
    visits(house, server, tmp_path)
    assert (house.count(), server.messages, house.marks("pop3:box", "")) == (3, [], {})


# A broken server may name all its messages alike; each is another one all the same.
def test_messages_with_one_uidl_are_all_taken(house: Fetching, tmp_path: Path) -> None:
    server = Pop3Server([letter(1), letter(2), letter(3)], ["same", "same", "other"])
    visits(house, server, tmp_path, leave="keep")
    assert (house.count(), house.copies()) == (3, 0)


# RFC 1939 7 lets a server do so once the other is gone; we may have missed that.
def test_a_uidl_that_another_message_had_does_not_hide_a_new_one(house: Fetching, tmp_path: Path) -> None:
    server = Pop3Server([letter(1)], ["again"])
    visits(house, server, tmp_path, 1, leave="keep")
    server.messages, server.heard = [letter(2, 2000)], []
    visits(house, server, tmp_path, 1, leave="keep")
    assert house.count() == 2


# What was deleted is forgotten with the session, so that even a message of the same size is another one.
def test_a_uidl_that_is_used_again_at_once_does_not_hide_a_new_message(house: Fetching, tmp_path: Path) -> None:
    server = Pop3Server([letter(1)], ["again"])
    visits(house, server, tmp_path, 1)
    server.messages, server.uidls, server.heard = [letter(2)], ["again"], []
    visits(house, server, tmp_path, 1)
    assert house.count() == 2


# Without Message-ID and Date nothing in a mail says which it is; its place on the server does.
def test_a_nameless_message_that_is_fetched_again_is_one(house: Fetching, tmp_path: Path) -> None:
    server = Pop3Server([NAMELESS], ["a"])
    visits(house, server, tmp_path, 1, leave="keep")
    house.places.unmark("pop3:box", "", list(house.marks("pop3:box", "")))
    server.heard = []
    visits(house, server, tmp_path, 1, leave="keep")
    assert (house.count(), house.copies()) == (1, 1)


# -- refusals


@pytest.mark.parametrize(
    ("text", "tells", "expected"),
    [
        ("[AUTH] no", True, Denied),
        ("[AUTH] no", False, Denied),
        ("[auth] no", True, Denied),
        ("invalid password", False, Denied),
        ("try again", True, Temporary),
        ("[SYS/TEMP] later", False, Temporary),
        ("[SYS/PERM] broken", False, Temporary),
        ("[IN-USE] locked", False, Temporary),
        ("[LOGIN-DELAY] too soon", False, Temporary),
    ],
)
def test_who_is_to_blame_for_a_refused_login(text: str, tells: bool, expected: type[Exception]) -> None:  # noqa: FBT001
    assert type(refusal_of(text, tells=tells)) is expected


def test_a_refused_message_waits_and_the_next_ones_come(house: Fetching, tmp_path: Path) -> None:
    server = Pop3Server([letter(1), letter(2), letter(3)], ["a", "b", "c"], {"RETR 2": "-ERR cannot be read"})
    visits(house, server, tmp_path, 5, leave="keep")
    assert house.count() == 2
    assert house.status().skipped == 1
    assert [mark.error for mark in house.marks("pop3:box", "").values() if mark.error] == ["cannot be read"]


# A message at which the server ends must not be the end of fetching.
def test_a_message_that_breaks_the_line_waits_and_the_next_ones_come(
    house: Fetching, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gateway.sources.pop3_ledger._FIRST_WAIT", 60.0)
    server = Pop3Server([letter(1), letter(2), letter(3)], ["a", "b", "c"], {"RETR 1": "<cut>"})
    visits(house, server, tmp_path, 1)
    assert house.count() == 2


def test_a_server_that_does_not_delete_is_told_of(house: Fetching, tmp_path: Path) -> None:
    server = Pop3Server([letter(1), letter(2)], ["a", "b"], {"DELE 1": "-ERR read only"})
    with serving(server):
        house.start([Pop3Poller(box(server, tmp_path), house.places, ROUTES.get)])
        house.wait_until(lambda status: "read only" in status.error, "told of")
        wait_until(lambda: server.count("QUIT") >= 2, "another visit")
        house.stop()
    assert (house.count(), house.copies()) == (2, 0)


# What a server lists is a promise that it may break: then the line is given up, and memory is not.
def test_a_message_without_end_is_given_up(house: Fetching, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gateway.sources.pop3_visit._SLACK", 10_000)
    server = Pop3Server([letter(1)], ["a"], {"RETR": "+OK\r\n" + "x" * 100_000, "LIST": "+OK\r\n1 300\r\n."})
    with serving(server):
        house.start([Pop3Poller(box(server, tmp_path), house.places, ROUTES.get)])
        house.wait_until(lambda status: "more than" in status.error, "told of")
        house.stop()
    assert house.count() == 0


def test_a_server_that_speaks_something_else_is_told_of(house: Fetching, tmp_path: Path) -> None:
    with serving(Pop3Server([], says={"CAPA": "* OK IMAP4rev1"})) as server:
        house.start([Pop3Poller(box(server, tmp_path), house.places, ROUTES.get)])
        house.wait_until(lambda status: "does not speak POP3" in status.error, "told of")
        house.stop()


# -- logins


def test_no_password_is_sent_where_there_is_no_tls(house: Fetching, tmp_path: Path) -> None:
    with serving(Pop3Server([letter(1)])) as server:
        house.start([Pop3Poller(box(server, tmp_path, security="starttls"), house.places, ROUTES.get)])
        house.wait_until(lambda status: status.error == "the server refuses STLS: what?", "told of")
        house.stop()
    assert set(server.heard) == {"STLS"}


def test_a_server_that_knows_no_capabilities_gets_user_and_pass(house: Fetching, tmp_path: Path) -> None:
    server = Pop3Server([letter(1)], capabilities=None)
    visits(house, server, tmp_path, 1)
    assert server.heard[1:3] == ["USER support", "PASS correct-horse"]
    assert house.count() == 1


# A password with a line break would be commands of its own.
def test_a_password_that_would_be_a_command_is_not_sent(house: Fetching, tmp_path: Path) -> None:
    server = Pop3Server([letter(1)])
    with serving(server):
        settings = box(server, tmp_path)
        (tmp_path / "password").write_text("horse\r\nDELE 1")
        house.start([Pop3Poller(settings, house.places, ROUTES.get)])
        house.wait_until(lambda status: status.state is State.REFUSED, "refused")
        house.stop()
    assert server.count("PASS") == server.count("DELE") == 0


@pytest.mark.parametrize(("mechanism", "begin"), [("XOAUTH2", "user=support"), ("OAUTHBEARER", "n,a=support,")])
def test_a_token_is_sent_on_a_line_of_its_own(house: Fetching, tmp_path: Path, mechanism: str, begin: str) -> None:
    server = Pop3Server([letter(1)], ["a"], capabilities=[f"SASL PLAIN {mechanism}", "UIDL"])
    token = "t" * 3000
    with serving(server):
        settings = box(server, tmp_path, password=None, oauth="demo")
        house.start([Pop3Poller(settings, house.places, ROUTES.get, Given(token))])
        house.wait_for(1)
        house.stop()
    sent = next(second for first, second in pairwise(server.heard) if first == f"AUTH {mechanism}")
    assert b64decode(sent).decode().startswith(begin)
    assert token in b64decode(sent).decode()


# Microsoft and Google say what is wrong with a token as one more challenge (RFC 7628 3.2.2).
def test_a_refused_token_is_told_as_such(house: Fetching, tmp_path: Path) -> None:
    server = Pop3Server([], capabilities=["SASL XOAUTH2", "AUTH-RESP-CODE"])
    with serving(server):
        settings = box(server, tmp_path, password=None, oauth="demo")
        sent = "dXNlcj1zdXBwb3J0AWF1dGg9QmVhcmVyIHRva2VuAQE="
        server.says |= {sent: "+ eyJzdGF0dXMiOiI0MDAifQ==", "": "-ERR [AUTH] expired"}
        source = Given()
        house.start([Pop3Poller(settings, house.places, ROUTES.get, source)])
        house.wait_until(lambda status: status.error == "[AUTH] expired", "refused")
        assert house.status().state is State.REFUSED
        house.stop()
    assert set(source.refused) == {"token"}


# The token is not to blame, and stays.
def test_a_token_is_kept_where_the_mailbox_is_only_locked(house: Fetching, tmp_path: Path) -> None:
    server = Pop3Server([], says={"AUTH": "-ERR [IN-USE] locked"}, capabilities=["SASL XOAUTH2", "AUTH-RESP-CODE"])
    with serving(server):
        source = Given()
        settings = box(server, tmp_path, password=None, oauth="demo")
        house.start([Pop3Poller(settings, house.places, ROUTES.get, source)])
        house.wait_until(lambda status: "[IN-USE]" in status.error, "turned away")
        house.stop()
    assert source.refused == []


def test_logins_are_as_far_apart_as_the_server_wants(house: Fetching, tmp_path: Path) -> None:
    slow, quick = Pop3Server([], capabilities=["LOGIN-DELAY 600 USER"]), Pop3Server([])
    with serving(slow), serving(quick):
        boxes = [box(server, tmp_path, name=name) for name, server in (("slow", slow), ("quick", quick))]
        house.start([Pop3Poller(one, house.places, ROUTES.get) for one in boxes])
        wait_until(lambda: slow.sessions and quick.sessions >= 10, "visits")
        house.stop()
    assert slow.sessions == 1


# What a server asks for is no reason never to come again.
@pytest.mark.parametrize("asked", ["9" * 12, "9" * 400])
def test_no_server_keeps_us_away_for_more_than_a_day(tmp_path: Path, asked: str) -> None:
    server = Pop3Server([], capabilities=[f"LOGIN-DELAY {asked}"])
    with serving(server), session(Login(box(server, tmp_path))) as dialog:
        assert dialog.login_delay == 86400


# -- many, and for long


def test_a_hundred_thousand_messages_are_known_again(house: Fetching, tmp_path: Path) -> None:
    many = 100_000
    server = Pop3Server([b"x"] * many, [f"uidl-{number}" for number in range(many)])
    Ledger(house.places, "box").take(f"uidl-{number} 1" for number in range(many))
    server.messages[77], server.uidls[77] = letter(1), "new"  # type: ignore[index]
    visits(house, server, tmp_path, leave="keep")
    assert house.count() == 1
    assert server.count("RETR") == 1
    assert len(house.marks("pop3:box", "")) == many


# A mailbox is locked while we are in: others have to get their turn.
def test_a_long_session_is_ended_and_gone_on_with(
    house: Fetching, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gateway.sources.pop3_visit._VISIT_SECONDS", 0.0)
    monkeypatch.setattr("gateway.sources.intake._BATCH", 2)
    server = Pop3Server([letter(number) for number in range(9)], [str(number) for number in range(9)])
    visits(house, server, tmp_path, 5, interval="1 h")
    assert house.count() == 9
    assert server.messages == []


# -- settings


VALUES = {"name": "a", "host": "h", "user": "u", "oauth": "o", "route": "r"}


@pytest.mark.parametrize(("text", "seconds"), [("delete", 0.0), ("14 d", 14 * 86400.0), ("keep", math.inf)])
def test_leave_is_a_word_or_a_time(text: str, seconds: float) -> None:
    section = Pop3.model_validate(VALUES | {"leave": text})
    assert section.leave == seconds
    assert section.model_dump()["leave"] == text


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({"leave": "some days"}, 'expected "delete", "keep" or a time such as "14 d"'),
        ({"oauth": ""}, "expected either password or oauth"),
        ({"security": "none"}, "the password travels"),
        ({"pin": "abc"}, "expected a SHA-256 in hex"),
    ],
)
def test_a_wrong_setting_says_what_was_expected(values: dict[str, str], expected: str) -> None:
    with pytest.raises(ValidationError, match=expected):
        Pop3.model_validate(VALUES | values)
