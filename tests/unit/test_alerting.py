"""Alerts as values: what is told of what is seen, when, once; what an alert says, and how it is sent."""

import email
import re
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from email.policy import default
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import orjson
import pytest
from pydantic import ValidationError
from typer.testing import CliRunner, Result

from gateway.alerting import outbox
from gateway.alerting.channels import Channel, _posted
from gateway.alerting.matter import Known, Matter, Notice, Patience, due, forgotten, taken_in, told
from gateway.alerting.words import document, headline, mail
from gateway.cli.alert import app
from gateway.config.alerts import AlertsSection
from gateway.errors import Temporary

NOW = 1_700_000_000.0
PATIENCE = Patience(calm=300)
WRONG = Notice("parked", wrong=True, said="2 jobs need a person", since=NOW, at=NOW)


class Watch:
    """What a watch does, look by look."""

    def __init__(self, patience: Patience = PATIENCE) -> None:
        self.known: dict[str, Known] = {}
        self.patience = patience

    def looks(self, at: float, *seen: Matter, sent: bool = True) -> list[tuple[str, bool]]:
        self.known = forgotten(taken_in(self.known, seen, NOW + at))
        notices = due(self.known, seen, self.patience, NOW + at)
        self.known = told(self.known, notices if sent else [], seen)
        return [(one.what, one.wrong) for one in notices]


def parked(number: int) -> Matter:
    return Matter("parked", f"{number} jobs need a person" if number else "", number)


@pytest.fixture
def watch() -> Watch:
    return Watch()


def test_what_is_wrong_is_told_once_and_its_recovery_once(watch: Watch) -> None:
    assert watch.looks(0, parked(1)) == [("parked", True)]
    assert watch.looks(30, parked(1)) == []
    assert watch.looks(60, parked(0)) == []
    assert watch.looks(360, parked(0)) == [("parked", False)]
    assert watch.looks(390, parked(0)) == []


# What comes and goes would fill a mailbox: it is told as right only once it has been so for a while.
def test_what_is_wrong_again_before_it_was_told_as_right_is_not_told_anew(watch: Watch) -> None:
    watch.looks(0, parked(1))
    for at in range(30, 600, 60):
        assert watch.looks(at, parked(0)) == []
        assert watch.looks(at + 30, parked(1)) == []


def test_what_nobody_could_be_told_is_told_until_somebody_is(watch: Watch) -> None:
    assert watch.looks(0, parked(1), sent=False) == [("parked", True)]
    assert watch.looks(30, parked(1)) == [("parked", True)]


# Nobody heard of it, so its end is no news either.
def test_what_became_right_before_anybody_was_told_is_forgotten(watch: Watch) -> None:
    watch.looks(0, parked(1), sent=False)
    watch.looks(30, parked(0))
    assert watch.looks(900, parked(0)) == []
    assert watch.known == {}


def test_a_recovery_that_nobody_was_told_is_told_again(watch: Watch) -> None:
    watch.looks(0, parked(1))
    watch.looks(30, parked(0))
    assert watch.looks(400, parked(0), sent=False) == [("parked", False)]
    assert watch.looks(430, parked(0)) == [("parked", False)]


# A mailbox that another node has taken over is not right because we see nothing of it.
def test_what_is_not_seen_stays_as_it_was(watch: Watch) -> None:
    watch.looks(0, Matter("mailbox imap a INBOX", "no success"))
    assert watch.looks(900) == []
    assert watch.looks(1800, Matter("mailbox imap a INBOX", "no success")) == []


# An accepting process that ends is started again: nobody need be woken for that.
def test_what_mends_itself_soon_is_told_only_where_it_does_not(watch: Watch) -> None:
    down = Matter("part smtp", "is being started again", settle=60)
    assert watch.looks(0, down) == []
    assert watch.looks(30, replace(down, said="")) == []
    assert watch.looks(60, down) == []
    assert watch.looks(119, down) == []
    assert watch.looks(120, down) == [("part smtp", True)]


# Fifty parked on Wednesday are news, though one was told on Monday; each single one of them is not.
def test_what_has_grown_is_told_again_once_an_hour(watch: Watch) -> None:
    assert watch.looks(0, parked(1)) == [("parked", True)]
    assert watch.looks(60, parked(5)) == []
    assert watch.looks(3700, parked(50)) == [("parked", True)]
    assert watch.looks(7400, parked(50)) == []


def test_of_what_is_still_wrong_people_are_reminded_when_they_want_it() -> None:
    watch = Watch(Patience(calm=300, remind=86_400))
    watch.looks(0, parked(1))
    assert watch.looks(86_000, parked(1)) == []
    assert watch.looks(86_500, parked(1)) == [("parked", True)]


# -- what is said


def test_the_headline_names_what_is_wrong_first() -> None:
    right = replace(WRONG, what="disk", wrong=False)
    assert headline([right, WRONG]) == "parked: 2 jobs need a person, and 1 more"
    assert headline([right]) == "disk: right again"


# RFC 3834: what a program writes says so, and nobody answers it.
def test_the_mail_says_that_a_program_wrote_it() -> None:
    written = email.message_from_bytes(mail([WRONG], "ops@a.example", "gw.example"), policy=default)
    assert written["Auto-Submitted"] == "auto-generated"
    assert (written["To"], written["X-Cention-Gateway-Alert"]) == ("ops@a.example", "wrong")
    assert written["Subject"] == "[gw.example] parked: 2 jobs need a person"
    assert "WRONG  parked" in written.get_content()


# A loop is named by its writer, which is a stranger's word.
def test_a_stranger_s_word_makes_no_second_header() -> None:
    evil = replace(WRONG, what="loop of a@b.example\r\nBcc: all@b.example")
    written = email.message_from_bytes(mail([evil], "ops@a.example", "gw.example"), policy=default)
    assert written["Bcc"] is None


def test_a_webhook_gets_the_facts_and_a_text() -> None:
    said = document([WRONG], "gw.example")
    assert said["alerts"] == [{"what": "parked", "state": "wrong", "said": WRONG.said, "since": NOW, "at": NOW}]
    assert "gw.example" in said["text"]
    assert "2 jobs need a person" in said["text"]


# -- how it goes


@pytest.fixture
def hook() -> Iterator[Callable[..., tuple[str, list[dict[str, Any]]]]]:
    """Starts a webhook that answers with a status and headers; its URL, and what came."""
    servers = []

    def start(status: int = 200, **headers: str) -> tuple[str, list[dict[str, Any]]]:
        came: list[dict[str, Any]] = []

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                came.append(orjson.loads(self.rfile.read(int(self.headers["content-length"]))))
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.end_headers()

            do_GET = do_POST  # noqa: N815 - the name is http.server's

            def log_message(self, *_: object) -> None:
                pass

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}).start()
        servers.append(server)
        return f"http://127.0.0.1:{server.server_port}/hook/s3cret", came

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


def test_a_webhook_is_posted_to(hook: Callable[..., tuple[str, list[dict[str, Any]]]]) -> None:
    url, came = hook(204)
    _posted({"text": "å"}, AlertsSection(webhook=url))
    assert came == [{"text": "å"}]


# Its address may be a secret, which whoever reads the log must not learn.
@pytest.mark.parametrize(("status", "said"), [(500, "500"), (404, "404"), (302, "302")])
def test_a_webhook_that_refuses_is_told_of_without_its_address(
    hook: Callable[..., tuple[str, list[dict[str, Any]]]], status: int, said: str
) -> None:
    url, came = hook(status, location="http://127.0.0.1:1/elsewhere")
    with pytest.raises(Temporary, match=f"^the webhook answered {said}$"):
        _posted({}, AlertsSection(webhook=url))
    assert len(came) == 1


def test_a_webhook_that_is_not_there_is_told_of_without_its_address() -> None:
    with pytest.raises(Temporary) as caught:
        _posted({}, AlertsSection(webhook="http://127.0.0.1:1/s3cret"))
    assert "s3cret" not in str(caught.value)


class Recipient:
    """A channel's other side."""

    def __init__(self) -> None:
        self.came: list[tuple[str, ...]] = []
        self.trouble = ""

    def channel(self) -> Channel:
        return Channel("test", self.take)

    def take(self, notices: Sequence[Notice]) -> None:
        self.came.append(tuple(one.what for one in notices))
        if self.trouble:
            raise Temporary(self.trouble)


def test_what_a_channel_could_not_send_it_sends_later_together() -> None:
    recipient, box = Recipient(), outbox.Outbox()
    known = {"parked", "disk"}
    recipient.trouble = "away"
    box.take([WRONG], known)
    assert box.send(recipient.channel(), 0) == frozenset()
    recipient.trouble = ""
    box.take([replace(WRONG, what="disk")], known)
    assert box.send(recipient.channel(), 10) == frozenset()
    assert {one.what for one in box.send(recipient.channel(), 31)} == known
    assert recipient.came == [("parked",), ("parked", "disk")]


def test_a_channel_that_fails_on_is_tried_less_and_less_often() -> None:
    recipient, box = Recipient(), outbox.Outbox()
    recipient.trouble = "away"
    box.take([WRONG], {"parked"})
    for second in range(7200):
        box.send(recipient.channel(), second)
    assert 8 <= len(recipient.came) <= 14


def test_what_was_forgotten_meanwhile_is_not_sent_any_more() -> None:
    recipient, box = Recipient(), outbox.Outbox()
    recipient.trouble = "away"
    box.take([WRONG], {"parked"})
    box.send(recipient.channel(), 0)
    recipient.trouble = ""
    box.take([], set())
    assert box.send(recipient.channel(), 100) == frozenset()
    assert len(recipient.came) == 1


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"mail": "nobody"}, "expected an address"),
        ({"webhook": "ftp://a.example"}, 'expected a URL, "https://..."'),
        ({"webhook": "env:NOT_THERE_AT_ALL"}, "environment variable NOT_THERE_AT_ALL is not set"),
    ],
)
def test_what_nobody_could_be_told_by_is_refused_at_the_start(values: dict[str, str], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        AlertsSection.model_validate(values)


# -- whether it would go


def command(folder: Path, alerts: str) -> Result:
    """Run `alert test` on settings with these lines under [alerts]."""
    (folder / "token").write_text("token")
    settings = f"""
        [gateway]
        hostname = "gw.example"
        [cention.demo]
        url = "http://127.0.0.1:1/s/demo"
        attachment_token = "file:{folder / "token"}"
        [[route]]
        name = "support"
        recipients = ["support@example.com"]
        workspace = "demo"
        token = "file:{folder / "token"}"
        reply_from = "support@example.com"
        [outgoing]
        smarthosts = ["smtp://127.0.0.1:1"]
        [alerts]
        {alerts}
    """
    (folder / "config.toml").write_text(settings)
    return CliRunner().invoke(app, ["test", "--config", str(folder / "config.toml")])


def test_the_command_sends_a_test_by_each_way_and_says_which_does_not_take_it(
    hook: Callable[..., tuple[str, list[dict[str, Any]]]], tmp_path: Path
) -> None:
    url, came = hook()
    ran = command(tmp_path, f'webhook = "{url}"')
    assert (ran.exit_code, ran.stdout) == (0, "✓ webhook: sent\n")
    assert "only a test" in came[0]["text"]
    ran = command(tmp_path, f'webhook = "{url}"\nmail = "ops@a.example"')
    assert ran.exit_code == 1
    assert re.search("✗ mail: No smarthost took the mail: .*\n✓ webhook: sent", ran.stdout)


def test_the_command_says_where_nobody_would_be_told(tmp_path: Path) -> None:
    ran = command(tmp_path, "")
    assert (ran.exit_code, "expected mail or webhook" in ran.stderr) == (78, True)
