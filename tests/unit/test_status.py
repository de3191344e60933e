"""What `status` and the console say: levels, words and counts, from a spool's and a gateway's own word."""

import io
import json
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from gateway.cli.screen import ago, screen
from gateway.config.settings import Settings
from gateway.config.units import Listen
from gateway.plan import Plan, plan
from gateway.status.live import Live, ask, live_of
from gateway.status.overview import overview
from gateway.status.standing import Level, Overview
from gateway.status.stored import Stored
from tests.jwt import jwt
from tests.servers.program import free_port

NOW = 1_800_000_000.0
SMARTHOST = {"state": "ok", "since": NOW - 60, "last_success": NOW - 5, "failures": 0, "reason": "", "mails": 3}
BOX = {"name": "imap box INBOX", "kind": "imap", "state": "working", "since": NOW - 60, "last_success": NOW - 7}
DOCUMENT: dict[str, Any] = {
    "parts": {"spool": "ok", "smtp": "ok", "worker": "ok"},
    "notes": {},
    "tokens": {"route:support": {"source": "env:PATH", "claims": None}},
    "mailboxes": [BOX | {"error": "", "taken": 4, "copies": 1, "skipped": 0}],
    "arrivals": {"smtp": {"taken": 9, "seen_before": 2, "refused": 1}},
    "down": {},
    "smarthosts": {"127.0.0.1:25": SMARTHOST},
}
STORED = Stored(name="sqlite", free=10**12)


@pytest.fixture
def planned(tmp_path: Path) -> Plan:
    secret = f"file:{tmp_path / 'token'}"
    (tmp_path / "token").write_text(jwt(exp=NOW + 400 * 86400))
    table = {
        "gateway": {"spool": f"sqlite:///{tmp_path / 'spool.db'}"},
        "cention": {"demo": {"url": "http://127.0.0.1:1/s/demo", "attachment_token": secret}},
        "route": [
            {
                "name": "support",
                "recipients": ["support@example.com"],
                "workspace": "demo",
                "token": secret,
                "reply_from": "support@example.com",
            }
        ],
        "imap": [{"name": "box", "host": "imap.example.com", "user": "u", "password": secret, "route": "support"}],
        "outgoing": {"smarthosts": ["smtp://127.0.0.1:25"]},
    }
    return plan(Settings.model_validate(table), "test")


Told = Callable[..., Overview]


@pytest.fixture
def told(planned: Plan) -> Told:
    """What is said where a gateway says this document, with changes, and the spool has what is given."""

    def told(live: Live | None = None, stored: Stored = STORED, **changes: Any) -> Overview:
        return overview(planned, stored, live or live_of(DOCUMENT | changes), NOW)

    return told


def remarks(found: Overview) -> dict[str, tuple[str, str]]:
    return {one.what: (one.level.value, one.said) for one in found.remarks}


def test_where_nothing_is_wrong_nothing_is_remarked(told: Told) -> None:
    found = told()
    assert (found.level, found.remarks) == (Level.OK, ())
    smtp, box = found.sources
    assert (smtp.state, smtp.taken, smtp.seen_before, smtp.refused) == ("working", 9, 2, 1)
    assert (box.name, box.taken, box.seen_before, box.last_success) == ("box INBOX", 4, 1, NOW - 7)
    assert (found.smarthosts[0].state, found.smarthosts[0].mails) == ("ok", 3)


# A wrong password does not mend itself; a server that is away does.
@pytest.mark.parametrize(("state", "level"), [("refused", Level.WRONG), ("failing", Level.WARNING)])
def test_a_mailbox_that_fails_is_told_with_its_error(told: Told, state: str, level: Level) -> None:
    box = BOX | {"state": state, "error": "it said no"}
    found = told(mailboxes=[box], notes={"imap box INBOX": "the same in the notes"})
    assert found.level is level
    assert set(remarks(found)) == {"imap box INBOX"}
    assert "it said no" in found.remarks[0].said


def test_a_paused_lane_needs_a_person_and_says_since_when(told: Told) -> None:
    stored = replace(STORED, pauses={"route:support": (NOW - 90, "401")}, lanes={("route:support", "held"): 7})
    found = told(stored=stored)
    assert found.level is Level.WRONG
    assert (found.routes[0].paused_since, found.routes[0].held) == (NOW - 90, 7)
    assert "paused: 401" in remarks(found)["route support"][1]


def test_parked_jobs_need_a_person_and_are_counted_by_their_route(told: Told) -> None:
    counts, lanes = {("errand", "parked"): 2, ("answer", "queued"): 3}, {("route:support", "parked"): 2}
    found = told(stored=replace(STORED, counts=counts, lanes=lanes))
    assert (found.spool.parked, found.spool.answers_waiting, found.routes[0].parked) == (2, 3, 2)
    assert list(remarks(found)) == ["spool"]
    assert found.level is Level.WRONG


def test_what_waits_for_over_an_hour_is_remarked(told: Told) -> None:
    assert told(stored=replace(STORED, oldest_waiting=NOW - 3500)).level is Level.OK
    assert told(stored=replace(STORED, oldest_waiting=NOW - 3700)).level is Level.WARNING


def test_a_disk_under_the_limit_needs_a_person(told: Told) -> None:
    assert "min_free" in remarks(told(stored=replace(STORED, free=1000)))["spool"][1]


def test_a_lane_whose_other_side_is_down_and_a_smarthost_that_fails_mend_themselves(told: Told) -> None:
    failing = SMARTHOST | {"state": "failing", "failures": 4, "reason": "connection refused"}
    found = told(down={"route:support": "down since 10:00 UTC"}, smarthosts={"127.0.0.1:25": failing})
    assert found.level is Level.WARNING
    assert set(remarks(found)) == {"route support", "smarthost 127.0.0.1:25"}


def test_a_token_s_end_is_told_in_the_gateway_s_own_words(told: Told) -> None:
    tokens = {"route:support": {"source": "env:PATH", "claims": {}, "expires": "2027-01-18", "days_left": 3.0}}
    found = told(tokens=tokens, notes={"token of route:support": "expires in 3.0 days"})
    assert (found.routes[0].token, found.level) == ("expires in 3.0 days", Level.WARNING)
    tokens["route:support"]["days_left"] = -1.0
    assert told(tokens=tokens, notes={"token of route:support": "has expired"}).level is Level.WRONG


def test_what_else_the_gateway_remarks_is_passed_on(told: Told) -> None:
    assert remarks(told(notes={"loop: a@b": "3 mails are held"}))["loop: a@b"] == ("warning", "3 mails are held")


# What the spool knows is shown all the same, and each source is told of once, not as so many troubles.
def test_without_a_gateway_the_spool_s_word_is_shown(told: Told) -> None:
    stored = replace(STORED, last_mail={"smtp": NOW - 30}, counts={("errand", "queued"): 5})
    found = told(Live(trouble="no answer"), stored)
    assert list(remarks(found)) == ["gateway"]
    assert (found.sources[0].state, found.sources[0].last_success, found.spool.waiting) == ("down", NOW - 30, 5)


def test_a_spool_that_cannot_be_read_is_said_to_be_so(told: Told) -> None:
    assert remarks(told(stored=Stored(trouble="locked")))["spool"] == ("wrong", "locked")


def test_the_worst_is_told_first(told: Told) -> None:
    box = BOX | {"state": "failing", "error": "away"}
    found = told(stored=replace(STORED, counts={("errand", "parked"): 1}), mailboxes=[box])
    assert [one.level for one in found.remarks] == [Level.WRONG, Level.WARNING]


def test_everything_can_be_written_as_json(told: Told) -> None:
    assert json.loads(json.dumps(asdict(told())))["routes"][0]["kind"] == "route"


def test_the_screen_shows_each_part_and_what_is_wrong(told: Told) -> None:
    found = told(mailboxes=[BOX | {"state": "refused", "error": "it said no to [oauth.own]"}])
    console = Console(width=250, record=True, quiet=False, file=io.StringIO())
    for table in screen(found):
        console.print(table)
    text = console.export_text()
    for word in (
        "needs a person",
        "it said no to [oauth.own]",
        "imap box INBOX",
        "route support",
        "workspace demo",
        "127.0.0.1:25",
    ):
        assert word in text


def test_times_are_told_in_one_unit() -> None:
    told = [ago(NOW - seconds, NOW) for seconds in (5, 150, 8000, 200_000)]
    assert [*told, ago(None, NOW)] == ["5 s ago", "2 min ago", "2 h ago", "2 d ago", "never"]


# What listens on all addresses is asked at this machine's own.
@pytest.mark.parametrize("host", ["0.0.0.0", "::", "localhost"])
def test_a_gateway_that_does_not_answer_is_told_with_its_address(host: str) -> None:
    port = free_port()
    assert f"no answer from {Listen(host, port)}" in ask(Listen(host, port)).trouble
