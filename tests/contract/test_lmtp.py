"""LMTP in, as a mail server meets it (RFC 2033): its words, a reply for each recipient, and its Unix socket."""

import grp
import os
import socket
import stat
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from gateway.config.listening import SmtpSection
from gateway.config.lmtp import LmtpSection
from gateway.errors import Full, SettingsError
from gateway.sources.openings import Openings
from gateway.sources.sockets import Passed
from gateway.spool import query
from gateway.spool.spool import Spool
from tests.conversation import HOSTNAME, LmtpTalk, Receiver, Talk, receiving

MAIL = b"Message-ID: <1@client.example>\r\nSubject: hello\r\n\r\nhello\r\n"
NO_SMTP = SmtpSection(listen=[], processes=2)


@pytest.fixture
def place(tmp_path: Path) -> Path:
    return tmp_path / "lmtp"


@pytest.fixture
def receiver(tmp_path: Path, place: Path) -> Iterator[Receiver]:
    with receiving(tmp_path, lmtp=["127.0.0.1:0", f"unix:{place}"], max_size=100_000) as running:
        yield running


@pytest.fixture
def talk(receiver: Receiver, place: Path) -> Iterator[LmtpTalk]:
    with LmtpTalk(place) as opened:
        yield opened.greets()


def jobs(spool: Spool) -> list[tuple[str, str]]:
    """Route and mail of each job."""
    found = spool.read(lambda connection: query.jobs(connection, [], "", 100))
    return sorted((row["route"], row["mail_id"]) for row in found)


def test_lhlo_offers_what_the_rfc_asks_for_and_what_smtp_offers(receiver: Receiver) -> None:
    with LmtpTalk(receiver.lmtp_ports[0], greeted=False) as talk:
        assert talk.hears("220 ") == f"220 {HOSTNAME} LMTP\r\n"
        offered = talk.says("LHLO me").hears("250-").split("\r\n")
    keywords = {line[4:] for line in offered[1:] if line}
    assert keywords == {"SIZE 100000", "8BITMIME", "SMTPUTF8", "PIPELINING", "ENHANCEDSTATUSCODES"}


# RFC 2033 4.1: neither server may take the other's greeting, so that a wrong transport shows at once.
def test_each_protocol_refuses_the_greeting_of_the_other(receiver: Receiver, place: Path) -> None:
    with LmtpTalk(place) as lmtp, Talk(receiver.port) as smtp:
        for word in ("EHLO", "HELO"):
            lmtp.says(f"{word} me").hears("500 5.5.1")
        lmtp.says("MAIL FROM:<a@b.example>").hears("503 5.5.1 Say LHLO first")
        smtp.says("LHLO me").hears("500 5.5.1")


# Two of them go to one route; still each has its own line, and the refused one has none (RFC 2033 4.2).
def test_after_the_data_each_recipient_that_was_taken_has_a_reply_in_order(receiver: Receiver, talk: LmtpTalk) -> None:
    talk.says("MAIL FROM:<asa@client.example>").hears("250 ")
    talk.says("RCPT TO:<support@example.com>").hears("250 ")
    talk.says("RCPT TO:<nobody@example.com>").hears("550 5.1.1")
    talk.says("RCPT TO:<sales@example.com>").hears("250 ")
    talk.says("RCPT TO:<any@sub.example.com>").hears("250 ")
    talk.says("DATA").hears("354 ")
    talk.says(MAIL + b".\r\n")
    (name,) = {talk.hears("250 2.0.0 OK: queued as ").split()[-1] for _ in range(3)}
    talk.says("NOOP").hears("250 2.0.0 OK\r\n")
    assert jobs(receiver.spool) == [("sales", name), ("support", name)]


def test_a_mail_that_is_refused_is_refused_for_each_recipient(receiver: Receiver, talk: LmtpTalk) -> None:
    talk.begins("support@example.com", "sales@example.com").says(MAIL + b"x" * 100_000 + b"\r\n.\r\n")
    for _ in range(2):
        talk.hears("552 5.3.4")
    talk.says("NOOP").hears("250 2.0.0 OK\r\n")
    assert jobs(receiver.spool) == []


class Unwilling:
    """A spool in which nothing can be stored."""

    def __init__(self, spool: Spool, error: Exception) -> None:
        self._spool, self._error = spool, error

    def body(self, most: int) -> Any:
        return self._spool.body(most)

    def check_room(self, size: int) -> None:
        """There seems to be some."""

    async def accept(self, *_given: object) -> None:
        raise self._error


# Without the session's own hand on it, an error would come out as one line, and the next mail's replies one line late.
@pytest.mark.parametrize(("error", "heard"), [(Full("no room"), "452 4.3.1"), (RuntimeError("oh"), "451 4.3.0")])
def test_a_mail_that_cannot_be_stored_is_to_be_sent_again_for_each_recipient(
    tmp_path: Path, place: Path, error: Exception, heard: str
) -> None:
    spool = Spool(f"sqlite:///{tmp_path / 'other.db'}")
    receiver = receiving(tmp_path, store=Unwilling(spool, error), lmtp=[f"unix:{place}"])
    with closing(spool), receiver, LmtpTalk(place) as talk:
        talk.greets().begins("support@example.com", "sales@example.com").says(MAIL + b".\r\n")
        for _ in range(2):
            talk.hears(heard)
        talk.says("NOOP").hears("250 2.0.0 OK\r\n")


def test_data_without_a_recipient_is_refused_and_pipelined_commands_are_answered_in_order(talk: LmtpTalk) -> None:
    talk.says(b"MAIL FROM:<a@b.example>\r\nRCPT TO:<nobody@example.com>\r\nDATA\r\nRSET\r\n")
    for start in ("250 2.1.0", "550 5.1.1", "503 5.5.1", "250 2.0.0"):
        talk.hears(start)


def test_the_trace_says_that_it_came_by_lmtp(receiver: Receiver, talk: LmtpTalk) -> None:
    name = talk.begins().says(MAIL + b".\r\n").hears("250 ").split()[-1]
    traced = receiver.spool.read(lambda connection: query.trace(connection, name))
    assert traced is not None
    assert (traced["mail"]["source"], traced["mail"]["peer"]) == ("lmtp", "local")


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("127.0.0.1:25", "port 25"),
        ("unix:lmtp", "/path"),
        ("unix:/" + "x" * 107, "107 bytes"),
        ("/run/lmtp", "host:port"),
    ],
)
def test_a_place_that_cannot_be_is_refused_with_what_was_expected(said: str, expected: str) -> None:
    with pytest.raises(ValidationError, match=expected):
        LmtpSection.model_validate({"listen": [said]})


def opened(place: Path, passed: Passed | None = None, **settings: Any) -> Openings:
    """Open the socket as the program does."""
    section = LmtpSection.model_validate({"listen": [f"unix:{place}"], **settings})
    return Openings(NO_SMTP, section, passed or {})


def test_the_socket_has_the_mode_and_group_that_the_settings_say(place: Path) -> None:
    group = grp.getgrall()[-1] if os.geteuid() == 0 else grp.getgrgid(os.getegid())
    openings = opened(place, mode="0620", group=group.gr_name)
    found = place.stat()
    assert (stat.S_IMODE(found.st_mode), found.st_gid) == (0o620, group.gr_gid)
    openings.close()


def test_its_file_goes_at_the_end_unless_it_is_another_s_by_then(place: Path) -> None:
    openings = opened(place)
    openings.close()
    assert not place.exists()
    openings = opened(place)
    place.unlink()
    place.write_text("somebody else's")
    openings.close()
    assert place.read_text() == "somebody else's"


# What a kill leaves behind; nobody listens there.
def test_the_file_of_a_gateway_that_was_killed_is_taken_over(place: Path) -> None:
    with socket.socket(socket.AF_UNIX) as left:
        left.bind(str(place))
    openings = opened(place)
    assert [len(row.lmtp) for row in openings.rows] == [1, 1]
    openings.close()


def test_a_socket_that_somebody_listens_on_is_left_to_him(place: Path) -> None:
    with socket.socket(socket.AF_UNIX) as other:
        other.bind(str(place))
        other.listen()
        with pytest.raises(SettingsError, match=f"cannot listen on unix:{place}: another program listens there"):
            opened(place)
    assert place.is_socket()


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"owner": "nobody-of-that-name"}, "lmtp.owner: there is no user nobody-of-that-name"),
        ({"group": "no-such-group"}, "lmtp.group: there is no group no-such-group"),
    ],
)
def test_an_owner_who_is_not_there_is_named_and_leaves_no_socket(
    place: Path, settings: dict[str, Any], said: str
) -> None:
    with pytest.raises(SettingsError, match=said):
        opened(place, **settings)
    assert not place.exists()


def test_a_file_that_is_no_socket_and_a_folder_that_is_not_there_are_said(place: Path) -> None:
    place.write_text("precious")
    with pytest.raises(SettingsError, match="is no socket"):
        opened(place)
    assert place.read_text() == "precious"
    with pytest.raises(SettingsError, match="No such file or directory"):
        opened(place.parent / "nowhere" / "lmtp")


# systemd made it, so systemd removes it.
def test_a_socket_that_systemd_passes_is_used_and_its_file_stays(place: Path) -> None:
    with socket.socket(socket.AF_UNIX) as held:
        held.bind(str(place))
        held.listen()
        openings = opened(place, {str(place): held.dup()})
        assert openings.rows[0].lmtp[0].getsockname() == str(place)
        openings.close()
        assert place.is_socket()
