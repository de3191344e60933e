"""The command line: what it prints, its exit codes, and that a mistake is a line and never a traceback."""

import asyncio
import io
import json
import os
import signal
import subprocess
import sys
import time
from email import message_from_bytes
from email.policy import default
from pathlib import Path

import pytest

from gateway.demo import run as run_demo

ROOT = Path(__file__).parent.parent.parent
SAMPLE = Path(__file__).parent / "cention_callback.json"
MAIL = b"Message-ID: <1@x>\nFrom: Anna <anna@x.example>\nSubject: Hej\n\nhello\n"

SETTINGS = """
[gateway]
hostname = "gw.example.com"
spool = "sqlite:///{folder}/spool.db"
[smtp]
listen = ["127.0.0.1:0"]
[http]
listen = "127.0.0.1:0"
[cention.demo]
url = "http://127.0.0.1:1/s/demo"
attachment_token = "env:TEST_TOKEN"
[[route]]
name = "support"
recipients = ["support@example.com"]
workspace = "demo"
token = "env:TEST_TOKEN"
reply_from = "Support <support@example.com>"
[outgoing]
smarthosts = ["smtp://127.0.0.1:1"]
"""


@pytest.fixture
def config(tmp_path: Path) -> Path:
    (tmp_path / "config.toml").write_text(SETTINGS.format(folder=tmp_path))
    return tmp_path / "config.toml"


def command(*words: str | Path, sent: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    environment = os.environ | {"TEST_TOKEN": "s3cret-token", "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-m", "gateway", *map(str, words)],
        input=sent,
        capture_output=True,
        env=environment,
        timeout=60,
        check=False,
    )
    assert b"Traceback" not in done.stderr, done.stderr.decode()
    assert b"s3cret-token" not in done.stdout + done.stderr
    return done


def test_a_mail_is_handed_in_looked_at_and_moved(config: Path) -> None:
    taken = command("ingest", "--config", config, "--recipient", "Support@Example.com", sent=MAIL)
    assert taken.returncode == 0
    name = taken.stdout.decode().split()[-1]
    again = command("ingest", "--config", config, "--recipient", "support@example.com", sent=MAIL)
    assert again.stdout.decode() == f"have it already, as {name}\n"
    (row,) = json.loads(command("queue", "list", "--config", config, "--json").stdout)
    assert (row["state"], row["mail_id"], row["route"]) == ("queued", name, "support")
    assert name in command("queue", "list", "--config", config).stdout.decode()
    assert command("queue", "park", str(row["id"]), "--config", config, "--reason", "wait").stdout == b"parked: 1\n"
    assert command("queue", "release", str(row["id"]), "--config", config).returncode == 1
    assert command("queue", "retry", "--all-parked", "--config", config).stdout == b"retried: 1\n"
    assert command("queue", "discard", name, "--config", config, "--reason", "spam").stdout == b"discarded: 1\n"
    told = command("trace", name, "--config", config).stdout.decode()
    for word in ("accepted", "copy", "parked", "retried", "discarded", "spam"):
        assert word in told
    assert command("trace", name, "--raw", "--config", config).stdout == MAIL
    (shown,) = json.loads(command("queue", "show", "1", "--config", config).stdout)
    assert shown["state"] == "discarded"


@pytest.mark.parametrize(
    ("words", "sent", "code", "said"),
    [
        (["ingest", "--recipient", "nobody@example.com"], MAIL, 67, "no such recipient here: nobody@example.com"),
        (["ingest", "--recipient", "support@example.com"], b"", 65, "standard input was empty"),
        (["queue", "list", "--state", "lost"], b"", 64, "state: is one of queued"),
        (["queue", "show", "99"], b"", 65, "no job 99"),
        (["queue", "retry"], b"", 64, "name jobs"),
        (["queue", "retry", "99"], b"", 1, "99: no such job"),
        (["trace", "nothing"], b"", 1, "nothing is known of nothing"),
        (["health"], b"", 1, "no answer from"),
    ],
)
def test_what_cannot_be_done_is_said_with_its_exit_code(
    config: Path, words: list[str], sent: bytes, code: int, said: str
) -> None:
    done = command(*words, "--config", config, sent=sent)
    assert (done.returncode, said in done.stderr.decode()) == (code, True), done.stderr.decode()


@pytest.mark.parametrize("words", [["run"], ["check"], ["queue", "list"], ["db", "upgrade"]])
def test_wrong_settings_are_lines_and_exit_78(tmp_path: Path, words: list[str]) -> None:
    (tmp_path / "config.toml").write_text(
        SETTINGS.format(folder=tmp_path).replace("hostname", "hostnam").replace("Support <", "<")
    )
    done = command(*words, "--config", tmp_path / "config.toml")
    assert done.returncode == 78
    assert 'gateway.hostnam: unknown key; did you mean "hostname"?' in done.stderr.decode()


@pytest.mark.parametrize(
    ("right", "wrong", "line"),
    [
        (
            '"smtp://127.0.0.1:1"',
            '"relay.example.com"',
            "outgoing.smarthosts[1]: a smarthost's URL begins with smtp://",
        ),
        ('"support@example.com"', '"support"', "route[1].recipients[1]: "),
    ],
)
def test_settings_are_checked_as_a_whole_before_anything_runs(
    tmp_path: Path, right: str, wrong: str, line: str
) -> None:
    (tmp_path / "config.toml").write_text(SETTINGS.format(folder=tmp_path).replace(right, wrong))
    done = command("run", "--config", tmp_path / "config.toml")
    assert (done.returncode, line in done.stderr.decode()) == (78, True), done.stderr.decode()


def test_check_looks_at_every_part_and_says_what_is_wrong(config: Path) -> None:
    done = command("check", "--config", config, "--json")
    assert done.returncode == 1
    found = {one["what"]: one["state"] for one in json.loads(done.stdout)}
    assert found["spool"] == "ok"
    assert found["token of route support"] == "warning"
    assert found["Cention http://127.0.0.1:1/s/demo"] == "wrong"
    assert found["smarthost 127.0.0.1:1"] == "wrong"
    assert found["callback of workspace demo"] == "warning"


def test_preview_mail_prints_a_line_of_json_a_file(tmp_path: Path) -> None:
    files = [tmp_path / "one.eml", tmp_path / "two.eml"]
    files[0].write_bytes(MAIL)
    files[1].write_bytes(b"no mail at all")
    lines = command("preview", "mail", "--json", *files).stdout.decode().splitlines()
    said = [json.loads(line) for line in lines]
    assert [one["file"] for one in said] == [str(file) for file in files]
    assert said[0]["document"]["data"]["attributes"]["msg"]["subject"] == "Hej"
    assert "Hej" in command("preview", "mail", files[0]).stdout.decode()
    assert command("preview", "mail", tmp_path / "none.eml").returncode == 66


def test_preview_answer_prints_the_mail(tmp_path: Path) -> None:
    mail = message_from_bytes(
        command("preview", "answer", SAMPLE, "--reply-from", "Us <us@example.com>").stdout, policy=default
    )
    assert (mail["From"], mail["To"]) == ("Us <us@example.com>", "David Liew <david.liew@test.se>")
    assert [part.get_content_type() for part in mail.walk()].count("image/png") == 4
    (tmp_path / "broken.json").write_text("{")
    assert command("preview", "answer", tmp_path / "broken.json").returncode == 65


def test_simulate_prints_what_one_has_to_know_and_ends_on_sigterm() -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "gateway", "simulate", "--listen", "127.0.0.1:0", "--create-token", "t0ken"],
        stdout=subprocess.PIPE,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
    ) as running:
        assert isinstance(running.stdout, io.BufferedReader)
        first = running.stdout.readline().decode()
        assert "/s/demo/capi/json/" in first
        assert b"t0ken" in running.stdout.readline()
        running.send_signal(signal.SIGTERM)
        assert running.wait(timeout=20) == 0
    assert command("simulate", "--links", "odd").returncode == 64


def test_the_demo_keeps_its_promises_and_ends_with_them() -> None:
    said: list[str] = []
    began = time.monotonic()
    assert asyncio.run(run_demo(said.append, once=True))
    assert said[-1].split()[0] == said[-1].split()[2]
    assert int(said[-1].split()[0]) >= 15
    assert time.monotonic() - began < 60
