"""Copies of answers that were sent, in a real Dovecot and by mail; and what becomes of the answer where they fail."""

import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from gateway.config.sentcopy import SentFolder
from gateway.errors import Permanent, Temporary
from gateway.flow.sentcopy import keep_copy
from gateway.model import Job, JobKind
from gateway.sources.imap_keep import keep, place
from gateway.sources.imap_login import Login
from gateway.spool import query
from tests.roads import Road, road, until
from tests.servers.dovecot import PASSWORD, Dovecot

MAIL = "Message-ID: <1@client.example>\nFrom: asa@client.example\nSubject: hello\n\nhi\n"
KEPT = b"Message-ID: <kept@example.com>\r\nSubject: kept\r\n\r\nhello\r\n"
SEEN = b"\\Seen"


@pytest.fixture
def user(request: pytest.FixtureRequest) -> str:
    """A user of the test's own."""
    return re.sub(r"\W+", "-", request.node.name)[-50:].strip("-").lower() + "@example.net"


@pytest.fixture
def table(dovecot: Dovecot, user: str, tmp_path: Path) -> dict[str, Any]:
    """A [[sent_folder]] of the user's."""
    (tmp_path / "password").write_text(PASSWORD)
    entered = {"host": "127.0.0.1", "port": dovecot.imap_port, "security": "none", "user": user}
    return {"name": "sent", "password": f"file:{tmp_path / 'password'}", "timeout": "10 s"} | entered


@pytest.fixture
def login(table: dict[str, Any]) -> Login[SentFolder]:
    return Login(SentFolder.model_validate(table))


def answered(roads: Road) -> str:
    """Have a mail answered; return the callback's id once the answer is sent."""
    errand = roads.reaches(roads.sends(MAIL), "done")["result"]
    name = roads.answers(str(errand))
    roads.reaches(name, "done")
    return name


def copy_of(roads: Road, name: str) -> dict[str, Any]:
    """The job that keeps an answer's copy."""
    jobs: list[dict[str, Any]] = roads.gateway.spool.read(lambda connection: query.jobs_of(connection, name))
    [found] = [job for job in jobs if job["kind"] == "copy"]
    return found


def kept(dovecot: Dovecot, user: str, folder: str = "Sent") -> list[dict[bytes, Any]]:
    """The messages of a user's folder: content, flags, date."""
    with dovecot.client(user) as client:
        if not client.folder_exists(folder):
            return []
        client.select_folder(folder, readonly=True)
        found = client.fetch(client.search(), ["BODY.PEEK[]", "FLAGS", "INTERNALDATE"])
        return [found[uid] for uid in sorted(found)]


# The bytes that were sent, marked as read, and dated as they are, in a folder that was not there.
def test_an_answer_that_was_sent_is_in_the_folder(
    tmp_path: Path, dovecot: Dovecot, user: str, table: dict[str, Any]
) -> None:
    with road(tmp_path, sent_folder=[table]) as roads:
        name = answered(roads)
        until(lambda: copy_of(roads, name)["state"] == "done", "the copy")
        [copy] = kept(dovecot, user)
        mail = roads.smarthost.parsed()
        [(_, sent)] = roads.smarthost.mails
        assert copy[b"BODY[]"] == sent
        assert SEEN in copy[b"FLAGS"]
        assert copy[b"INTERNALDATE"].astimezone(UTC) == mail["Date"].datetime.astimezone(UTC)
        assert "copied" in roads.steps(name)


# A server that is away costs the copy time, and never a second answer.
def test_a_copy_that_fails_is_tried_again_and_the_answer_is_not(
    tmp_path: Path, dovecot: Dovecot, user: str, table: dict[str, Any]
) -> None:
    with road(tmp_path, sent_folder=[table | {"port": 1}]) as roads:
        name = answered(roads)
        until(lambda: copy_of(roads, name)["attempts"] >= 2, "tries of the copy")
        assert "the copy in sent: 127.0.0.1 could not be talked to" in copy_of(roads, name)["error"]
        roads.sections = {"sent_folder": [table]}
        roads.reload()
        until(lambda: copy_of(roads, name)["state"] == "done", "the copy")
        assert len(roads.smarthost.mails) == 1
        assert len(kept(dovecot, user)) == 1


def test_a_refused_login_parks_neither_the_answer_nor_its_copy(tmp_path: Path, table: dict[str, Any]) -> None:
    (tmp_path / "wrong").write_text("wrong")
    with road(tmp_path, sent_folder=[table | {"password": f"file:{tmp_path / 'wrong'}"}]) as roads:
        name = answered(roads)
        until(lambda: copy_of(roads, name)["attempts"] >= 1, "a try of the copy")
        assert copy_of(roads, name)["state"] in {"queued", "working"}
        assert "does not let us in" in copy_of(roads, name)["error"]


def test_a_copy_whose_table_is_gone_says_so_and_is_for_a_person(tmp_path: Path) -> None:
    with road(tmp_path) as roads:
        name = answered(roads)
        job = Job(1, JobKind.COPY, name, "support", "copy:gone", 1, 0, 0, 0.0, {})
        with pytest.raises(Permanent, match="the copy in gone: there is no"):
            keep_copy(job, roads.gateway.spool, roads.gateway.plan.around)


def test_the_answers_of_other_routes_are_not_copied(tmp_path: Path, table: dict[str, Any]) -> None:
    with road(tmp_path, sent_folder=[table | {"routes": ["sales"]}]) as roads:
        name = answered(roads)
        kinds = [job["kind"] for job in roads.gateway.spool.read(lambda connection: query.jobs_of(connection, name))]
        assert kinds == ["answer"]


# A mail of its own, with the same content: its recipients see nothing of it, and what becomes of it is its own matter.
def test_a_bcc_gets_the_same_mail_by_itself(tmp_path: Path) -> None:
    with road(tmp_path, sent_bcc=[{"name": "archive", "address": "archive@example.org"}]) as roads:
        roads.smarthost.replies = {"archive@example.org": "451 4.7.1 not now"}
        name = answered(roads)
        until(lambda: copy_of(roads, name)["attempts"] >= 1, "a try of the copy")
        roads.smarthost.replies.clear()
        until(lambda: copy_of(roads, name)["state"] == "done", "the copy")
        (to, sent), (bcc, copy) = roads.smarthost.mails
        assert (to, bcc) == (["asa@client.example"], ["archive@example.org"])
        assert sent == copy
        assert b"archive@" not in copy


# An earlier try may have come through without our hearing of it.
def test_a_message_that_is_there_is_not_kept_twice(dovecot: Dovecot, user: str, login: Login[SentFolder]) -> None:
    for look, new in ((False, True), (True, False)):
        assert keep(login, "Sent", KEPT, "<kept@example.com>", 1_700_000_000.9, look=look) == ("Sent", new)
    [copy] = kept(dovecot, user)
    assert copy[b"INTERNALDATE"].astimezone(UTC) == datetime(2023, 11, 14, 22, 13, 20, tzinfo=UTC)
    assert keep(login, "Sent", KEPT, "<another@example.com>", 0, look=True) == ("Sent", True)


def test_a_folder_in_a_folder_is_named_as_the_server_does(
    dovecot: Dovecot, user: str, login: Login[SentFolder]
) -> None:
    assert place(login, "Utgående/År 2026") == ("Utgående.År 2026", False)
    keep(login, "Utgående/År 2026", KEPT, "<kept@example.com>", 0, look=False)
    assert len(kept(dovecot, user, "Utgående.År 2026")) == 1
    assert place(login, "Utgående/År 2026") == ("Utgående.År 2026", True)


def test_a_server_that_is_not_there_is_tried_again(table: dict[str, Any]) -> None:
    with pytest.raises(Temporary, match="could not be talked to"):
        place(Login(SentFolder.model_validate(table | {"port": 1})), "Sent")
