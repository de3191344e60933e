"""The terminal's commands on a spool with both roads: what a postmaster types, and what they see."""

import json
import os
import pty
import select
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from gateway.cli import cli
from gateway.cli.exits import Exit
from tests.contract.test_road_out import MAIL
from tests.roads import road
from tests.servers.gateway import toml
from tests.servers.program import free_port

GONE = "550 5.1.1 no such user"
WAIT = 30
ROOT = str(Path(__file__).parents[2])


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Settings of a house that is closed: an errand, an answer that arrived, one that was refused, three more mails."""
    folder = tmp_path_factory.mktemp("terminal")
    with road(folder) as roads:
        errand = str(roads.reaches(roads.sends(MAIL), "done")["result"])
        roads.reaches(roads.answers(errand), "done")
        roads.smarthost.replies["asa@client.example"] = GONE
        roads.reaches(roads.answers(errand), "parked")
        for number in range(3):
            mail = MAIL.replace("<1@", f"<more{number}@").replace("Subject: hello", f"Subject: late parcel {number}")
            roads.reaches(roads.sends(mail, "sales@example.com"), "done")
        url = roads.simulator.url
    route = {"workspace": "demo", "token": f"file:{folder / 'create'}"}
    sections: dict[str, Any] = {
        "gateway": {"spool": f"sqlite:///{folder / 'spool.db'}"},
        "smtp": {"listen": ["127.0.0.1:0"]},
        "http": {"listen": f"127.0.0.1:{free_port()}"},
        "cention.demo": {"url": url, "attachment_token": f"file:{folder / 'get'}"},
        "route": [
            route | {"name": name, "recipients": [f"{name}@example.com"], "reply_from": f"{name}@example.com"}
            for name in ("support", "sales")
        ],
        "outgoing": {"smarthosts": ["smtp://127.0.0.1:1"]},
    }
    (folder / "config.toml").write_text(toml(sections))
    return folder / "config.toml"


def said(config: Path, *words: str, code: int = 0) -> str:
    """What a command prints, and then what it complains of."""
    done = CliRunner().invoke(cli, [*words, "--config", str(config)])
    assert done.exit_code == code, (done.output, done.exception)
    return done.stdout + done.stderr


def rows(config: Path, *words: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(said(config, "queue", "list", "--json", *words).splitlines()[0])
    return found


def test_without_words_the_list_is_what_is_not_at_its_end(config: Path) -> None:
    assert [(row["kind"], row["state"]) for row in rows(config)] == [("answer", "parked")]


@pytest.mark.parametrize(
    ("words", "count"),
    [
        (["subject:late parcel"], 3),
        (["parcel", "-subject:parcel 1"], 2),
        (["from:client.example", "--route", "support"], 1),
        (["kind:answer"], 2),
        (["-s", "done", "-kind:answer", "after:1h"], 5),
        (["subject:nothing like it"], 0),
    ],
)
def test_a_search_finds_jobs_wherever_they_stand(config: Path, words: list[str], count: int) -> None:
    assert len(rows(config, *words)) == count


def test_page_by_page_each_job_is_listed_once(config: Path) -> None:
    everything = [row["id"] for row in rows(config, "state:done,parked,queued")]
    seen, below = [], "1000"
    while found := rows(config, "state:done,parked,queued", "--limit", "2", "--below", below):
        seen += [row["id"] for row in found]
        below = str(seen[-1])
    assert seen == everything
    assert f"--below {everything[1]}" in said(config, "queue", "list", "state:done,parked,queued", "--limit", "2")


def test_what_finds_nothing_says_how_it_was_understood(config: Path) -> None:
    assert 'with "xyz" in the subject; newest first: nothing' in said(config, "queue", "list", "subject:xyz")


def test_a_slip_in_a_word_lists_nothing(config: Path) -> None:
    shown = said(config, "queue", "list", "stat:parked", code=Exit.USAGE)
    assert shown == "stat:parked: there is no stat:; did you mean state:parked\n"


# From the mail, from the answer, or by the errand's number: it is the same story.
@pytest.mark.parametrize("name", ["1", "2", "<1@client.example>"])
def test_a_trace_tells_both_roads_with_what_went_wrong(config: Path, name: str) -> None:
    shown = said(config, "trace", name)
    heads = [line.split()[:2] for line in shown.splitlines() if line.startswith(("✓", "✗", "!"))]
    assert heads == [["✓", "mail"], ["✓", "answer"], ["✗", "answer"], ["✓", "mail"]]
    for words in ("✓ created", "✓ sent", "✗ parked", GONE, "needs a person"):
        assert words in shown


def test_one_picture_is_all_that_a_pipe_gets_of_top(config: Path) -> None:
    shown = said(config, "top", code=Exit.UNAVAILABLE)
    assert shown.count("Something needs a person") == 1
    assert "1 parked" in shown


def test_top_tells_programs_a_line_a_look(config: Path) -> None:
    lines = said(config, "top", "--json", "--count", "2", "--every", "0.2").splitlines()
    first, second = map(json.loads, lines)
    assert first["at"] < second["at"]
    assert (first["level"], first["spool"]["parked"]) == ("wrong", 1)


# Somebody writes the settings in an editor meanwhile: it is no reason to stop looking on.
def test_top_goes_on_while_the_settings_are_wrong(config: Path, tmp_path: Path) -> None:
    changing = tmp_path / "config.toml"
    changing.write_bytes(config.read_bytes())
    command = [sys.executable, "-m", "gateway", "top", "--json", "--every", "0.2", "--config", str(changing)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=os.environ | {"PYTHONPATH": ROOT}, text=True) as running:
        assert running.stdout is not None
        running.stdout.readline()
        changing.write_text("[gateway\n")
        told = next(line for line in running.stdout if "cannot look" in line)
        assert "not TOML" in json.loads(told)["remarks"][0]["said"]
        changing.write_bytes(config.read_bytes())
        assert any("cannot look" not in line for line in running.stdout)
        running.terminate()
        running.stdout.read()


# As a person has it: a screen of its own that is given back.
def test_on_a_terminal_top_stays_until_q(config: Path) -> None:
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "gateway", "top", "--every", "0.2", "--config", str(config)]
    with subprocess.Popen(
        command, stdin=theirs, stdout=theirs, env=os.environ | {"TERM": "xterm", "PYTHONPATH": ROOT}
    ) as running:
        os.close(theirs)
        seen = _until(ours, b"out 0/min", b"Something needs a person")
        os.write(ours, b"q")
        seen += _until(ours, b"\x1b[?1049l")
        assert running.wait(WAIT) == 0
    os.close(ours)
    assert b"\x1b[?1049h" in seen


def _until(terminal: int, *wanted: bytes) -> bytes:
    """Read until one of these is there, or the end."""
    seen, end = b"", time.monotonic() + WAIT
    while time.monotonic() < end and not any(one in seen for one in wanted):
        if select.select([terminal], [], [], 0.2)[0]:
            try:
                seen += os.read(terminal, 65536)
            except OSError:  # Linux's word for a terminal whose other side is closed
                break
    return seen
