"""Words that must not get out: secrets of the settings and what people wrote, planted, and looked for in all we say.

Looked at are the log with all its facts, pages, metrics, errors, and what commands print. What one mail says is shown
on that mail's own page, and there alone.
"""

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import pytest
import requests

from tests.acceptance.conftest import SUPPORT, Build, House
from tests.servers.gateway import Gateway
from tests.servers.program import free_port, wait_until
from tests.servers.simulator import ATTACHMENT_TOKEN, CREATE_TOKEN, SECRET

SECRETS = {name: f"canary-{name}-9f3a" for name in ("imap", "smarthost", "webhook", "wrong-secret")}
WORDS = {f"canary-{name}-71c2" for name in ("body", "html", "file", "answer", "answer-html")}
COMMANDS = ("status", "queue list", "queue show 1", "trace 1", "trace 2 --json", "alert test", "check")
MAIL = f"""\
From: Asa <asa@client.example>
To: {SUPPORT}
Subject: hej
Message-ID: <canary@client.example>
MIME-Version: 1.0
Content-Type: multipart/mixed; boundary=b

--b
Content-Type: multipart/alternative; boundary=c

--c
Content-Type: text/plain

canary-body-71c2
--c
Content-Type: text/html

<p>canary-html-71c2</p>
--c--
--b
Content-Type: text/plain; name=notes.txt
Content-Disposition: attachment; filename=notes.txt

canary-file-71c2
--b--
"""


@pytest.fixture
def house(build: Build, tmp_path: Path) -> Iterator[House]:
    """A house that has a secret in every place where one can be, and whose smarthost, mailbox and webhook are away."""
    for name, value in SECRETS.items():
        (tmp_path / name).write_text(value)
    (tmp_path / "hook").write_text(f"http://127.0.0.1:{free_port()}/{SECRETS['webhook']}")
    away = {"port": free_port(), "security": "none", "allow_plain": True, "timeout": "1 s"}
    box = {
        "name": "old",
        "host": "127.0.0.1",
        "user": "old",
        "password": f"file:{tmp_path / 'imap'}",
        "route": "support",
    }
    smarthost = {
        "url": f"smtp+starttls://127.0.0.1:{free_port()}",
        "user": "gateway",
        "password": f"file:{tmp_path / 'smarthost'}",
    }
    with ExitStack() as stack:
        found = build(
            {
                "gateway": {"log_level": "debug"},
                "log": {"to": f"file:{tmp_path / 'facts.log'}", "levels": {"flow": "debug"}},
                "imap": [box | away],
                "outgoing": {"smarthosts": [smarthost], "timeout": "1 s"},
                "alerts": {"webhook": f"file:{tmp_path / 'hook'}", "every": "200 ms", "mailbox": "100 ms"},
                "console": {"open": True},
            }
        )
        stack.callback(found.gateway.stop)
        yield found


def happens(house: House) -> str:
    """Have everything happen that a secret or a word could get out by; return the mail's id."""
    # A server that says in its error what it was sent.
    echo = {"errors": [{"status": "400", "title": "no", "detail": f"token {CREATE_TOKEN} may not"}]}
    house.simulator.faults({"target": "create", "calls": 1, "status": 400, "body": json.dumps(echo)})
    with house.gateway.smtp() as client:
        client.sendmail("asa@client.example", [SUPPORT], MAIL)
        wait_until(lambda: house.gateway.jobs()["parked"], "the mail to be parked")
        client.sendmail("asa@client.example", [SUPPORT], MAIL.replace("<canary@", "<second@"))
    errand = str(house.simulator.wait_for_errands()[0]["id"])
    house.simulator.answer(errand, "canary-answer-71c2", "<p>canary-answer-html-71c2</p>")
    wrong = {"meta": {"api_secret": SECRETS["wrong-secret"]}, "data": {"body": "canary-body-71c2"}}
    refused = requests.post(f"{house.gateway.url}/callbacks/demo", json=wrong, timeout=10)
    assert refused.status_code in {400, 401, 415}
    log = house.gateway.settings_file.parent / "facts.log"
    for fact in ("alert not sent", "poller failing", "again later", "parked", "callback refused"):
        wait_until(lambda fact=fact: fact in log.read_text(), f"the log to say: {fact}")  # type: ignore[misc]
    return refused.text


def said(house: House) -> Iterator[tuple[str, str]]:
    """All that the gateway says to anybody but for a mail's own page, each with where."""
    gateway = house.gateway
    yield "standard error", gateway.log()
    yield "the log", (gateway.settings_file.parent / "facts.log").read_text()
    for path in ("/readyz", "/metrics", "/", "/mail", "/parked", "/acts", "/ways", "/reasons", "/nowhere"):
        yield path, requests.get(f"{gateway.url}{path}", timeout=10).text
    with ThreadPoolExecutor() as together:
        yield from together.map(lambda words: (words, _ran(gateway, words)), COMMANDS)
    gateway.settings_file.write_text(gateway.settings_file.read_text() + "\n[wrong]\nkey = 1\n")
    ran = gateway.command("run")
    assert ran.returncode == 78
    yield "wrong settings", (ran.stdout + ran.stderr).decode()


def _ran(gateway: Gateway, words: str) -> str:
    ran = gateway.command(*words.split())
    return (ran.stdout + ran.stderr).decode()


def test_no_secret_and_nothing_that_people_wrote_gets_out(house: House) -> None:
    pieces = [("a refused callback", happens(house)), *said(house)]
    planted = {*SECRETS.values(), *WORDS, CREATE_TOKEN, ATTACHMENT_TOKEN, SECRET}
    assert [(where, word) for where, text in pieces for word in planted if word in text] == []
    # What is looked for is looked for where something is said.
    assert all(text for where, text in pieces if where != "standard error")
