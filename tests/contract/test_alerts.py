"""Alerts of its own on the running gateway: what an operator without any monitoring hears, and when."""

import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest

from gateway import operate
from gateway.spool import query
from tests.jwt import jwt
from tests.roads import Road, until

MAIL = "Message-ID: <1@client.example>\nFrom: Asa <asa@client.example>\nSubject: hej\n\nhello\n"
QUICK = {"mail": "ops@example.com", "every": "100 ms", "calm": "100 ms", "mailbox": "200 ms", "free": "0 B"}
Starts = Callable[..., Road]


@pytest.fixture
def starts(tmp_path: Path) -> Iterator[Starts]:
    """Starts a gateway on the same spool, again and again; the one before is stopped first."""
    running: list[Road] = []

    def start(**sections: Any) -> Road:
        stop()
        running.append(Road(tmp_path, **{"alerts": QUICK} | sections))
        return running[-1]

    def stop() -> None:
        while running:
            running.pop().__exit__()

    yield start
    stop()


def subjects(running: Road) -> list[str]:
    """The subjects of the alerts that the operator has got."""
    sent = [running.smarthost.parsed(number) for number, _ in enumerate(running.smarthost.mails)]
    return [one["Subject"].removeprefix("[gw.example.com] ") for one in sent if one["To"] == "ops@example.com"]


def parks(running: Road) -> str:
    """Have a mail parked, and return its id."""
    running.faults({"target": "create", "status": 400})
    name = running.sends(MAIL)
    running.reaches(name, "parked")
    return name


def told(running: Road, words: str) -> list[str]:
    found: list[str] = until(
        lambda: [one for one in subjects(running) if words in one],
        f"an alert of {words}",
        15,
        lambda: subjects(running),
    )
    return found


def test_a_parked_mail_is_told_once_and_so_is_that_none_is_parked_any_more(starts: Starts) -> None:
    running = starts()
    name = parks(running)
    told(running, "parked: 1 jobs need a person")
    running.faults()
    operate.retry(running.gateway.spool, [name])
    told(running, "parked: right again")
    assert [one for one in subjects(running) if "parked" in one] == [
        "parked: 1 jobs need a person: cention-gateway queue list --state parked",
        "parked: right again",
    ]
    assert running.smarthost.senders[0] == "<>"


# The program is restarted at night; nobody is woken a second time, and the recovery is told by the new one.
def test_a_restart_tells_nothing_twice_and_forgets_no_recovery(starts: Starts) -> None:
    first = starts()
    name = parks(first)
    told(first, "parked: 1 jobs")
    second = starts()
    second.gateway._alerts.look(time.time())
    assert subjects(second) == []
    operate.retry(second.gateway.spool, [name])
    told(second, "parked: right again")


def test_a_mailbox_without_success_is_told_with_its_reason(starts: Starts) -> None:
    with socket.create_server(("127.0.0.1", 0)) as nobody:
        port = nobody.getsockname()[1]
    box = {"name": "old", "host": "127.0.0.1", "port": port, "user": "u", "password": "env:PATH", "route": "support"}
    running = starts(imap=[box | {"security": "none", "allow_plain": True}])
    (subject,) = told(running, "mailbox imap old INBOX")
    assert "no success yet" in subject


def test_a_refused_token_is_told_with_what_waits_for_it(starts: Starts) -> None:
    running = starts()
    running.faults({"target": "create", "status": 401})
    running.sends(MAIL)
    assert "paused since" in told(running, "lane route:support")[0]


def test_a_token_near_its_end_is_told(starts: Starts, tmp_path: Path) -> None:
    running = starts()
    # Replaced in one step: half a token would be another matter, which is told in its place.
    (tmp_path / "new").write_text(jwt(exp=int(time.time()) + 3 * 86_400))
    (tmp_path / "new").rename(tmp_path / "create")
    told(running, "token of route:support: expires in 3.0 days")


def test_a_disk_that_fills_is_told_before_no_mail_is_taken(starts: Starts) -> None:
    running = starts(alerts=QUICK | {"free": "900000 GB"})
    assert "should be (alerts.free)" in told(running, "disk: ")[0]
    running.sends(MAIL)


# Whoever is told last is told all the same; work goes on meanwhile.
def test_a_channel_that_fails_holds_up_neither_work_nor_the_other_channel(
    starts: Starts, receiver: str, received: list[tuple[dict[str, str], bytes]]
) -> None:
    running = starts(alerts=QUICK | {"webhook": receiver})
    running.smarthost.replies["ops@example.com"] = "451 4.7.1 not now"
    name = parks(running)
    until(lambda: received, "the webhook to be posted to")
    assert orjson.loads(received[0][1])["alerts"][0]["what"] == "parked"
    assert running.job(name)["state"] == "parked"
    assert subjects(running) == []


def test_nobody_is_told_of_anything_where_nobody_is_named(starts: Starts) -> None:
    running = starts(alerts={"every": "100 ms"})
    parks(running)
    assert running.gateway.spool.read(query.counts) == [("errand", "parked", 1)]
    assert subjects(running) == []
