"""`cention-gateway import` as it is typed: what it says, its exit codes, and that any end of it costs nothing."""

import json
import os
import pty
import re
import signal
import sqlite3
import subprocess
import sys
from collections import Counter
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from tests.roads import until
from tests.unit.test_cli import ROOT, SETTINGS

LINE = b"From asa@client.example Mon Jan  1 10:00:00 2024\n"
HEAD = b"Message-ID: <%d@client.example>\nFrom: Asa <asa@client.example>\nTo: support@example.com\nDate: %b\n\n"
DATE = b"Mon, 1 Jan 2024 10:00:00 +0000"
KILLS = 5
# Bytes that a command may grow by when it has ten times as much to do: what allocators keep, not what mails take.
GROWTH = 12_000_000


@pytest.fixture
def config(tmp_path: Path) -> Path:
    (tmp_path / "config.toml").write_text(SETTINGS.format(folder=tmp_path))
    return tmp_path / "config.toml"


def box(path: Path, count: int, size: int = 100) -> Path:
    with path.open("wb") as file:
        for number in range(count):
            file.write(LINE + HEAD % (number, DATE) + b"%d\n" % number + b"x" * size + b"\n\n")
    return path


def began(config: Path, *words: str | Path, **more: Any) -> subprocess.Popen[bytes]:
    argv = [sys.executable, "-m", "gateway", "import", "--config", str(config), *map(str, words)]
    environment = os.environ | {"TEST_TOKEN": "t0ken", "PYTHONPATH": str(ROOT)}
    pipes: dict[str, Any] = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE} | more
    running: subprocess.Popen[bytes] = subprocess.Popen(argv, env=environment, **pipes)
    return running


def imported(config: Path, *words: str | Path) -> tuple[int, str, str]:
    """Its exit code, and what it said."""
    with began(config, *words) as running:
        said, complained = (text.decode() for text in running.communicate(timeout=60))
    assert "Traceback" not in complained, complained
    return running.returncode, said, complained


def stored(config: Path) -> int:
    """How many mails are committed."""
    file = config.with_name("spool.db")
    if not file.exists():
        return 0
    with sqlite3.connect(f"file:{file}?mode=ro", uri=True, timeout=10) as database:
        try:
            (count,) = database.execute("select count(*) from mail").fetchone()
        except sqlite3.OperationalError:  # it has no tables yet
            return 0
    database.close()
    return int(count)


def has_stored(config: Path, count: int) -> bool:
    return stored(config) >= count


def test_it_says_what_it_took_and_a_second_run_has_nothing_to_do(config: Path) -> None:
    path = box(config.with_name("box"), 3)
    code, said, complained = imported(config, path, "--route", "support")
    assert (code, said.splitlines()[0], complained) == (0, "3 taken, 0 seen before, 0 refused", "")
    code, said, _ = imported(config, path, "--route", "support")
    assert (code, said.splitlines()[0]) == (0, "0 taken, 0 seen before, 0 refused")
    assert "were done in an earlier run" in said


def test_what_is_refused_is_told_with_its_place_and_exit_1(config: Path) -> None:
    junk = config.with_name("x.eml")
    junk.write_bytes(bytes(range(256)))
    code, said, complained = imported(config, box(config.with_name("box"), 1), junk, "--route", "support")
    assert code == 1
    assert said.splitlines()[:2] == [
        "1 taken, 0 seen before, 1 refused",
        "  1 refused: it is no mail: it begins with no header that mails have",
    ]
    assert complained == f"{junk}: it is no mail: it begins with no header that mails have\n"


@pytest.mark.parametrize(
    ("words", "code", "line"),
    [
        (["nothing-here", "--route", "support"], 66, "there is no such file or folder: nothing-here"),
        (["."], 64, "say whose mail it is: --route NAME (of support), --route-by HEADER, or both"),
        ([".", "--route", "sales"], 64, "--route: no such route: sales; there are: support"),
        ([".", "--route", "support", "--rate", "fast"], 2, 'expected mails a time, such as "50/s"'),
        ([".", "--route", "support", "--rate", "0/s"], 2, 'expected mails a time, such as "50/s"'),
        ([".", "--route", "support", "--mbox", "mbx"], 2, "expected one of auto, mboxo, mboxrd, mboxcl, mboxcl2"),
        ([".", "--route", "support", "--since", "2024"], 2, "2024"),
    ],
)
def test_what_cannot_be_asked_for_is_a_line_with_its_exit_code(
    config: Path, words: Sequence[str], code: int, line: str
) -> None:
    ended, _, complained = imported(config, *words)
    assert (ended, line in " ".join(complained.replace("│", " ").split())) == (code, True), complained


def test_a_spool_that_is_away_is_exit_75(config: Path) -> None:
    settings = config.read_text()
    config.write_text(settings.replace("sqlite:///", "postgresql+psycopg://nobody@127.0.0.1:1/"))
    code, _, complained = imported(config, box(config.with_name("box"), 3), "--route", "support")
    assert (code, "cannot be reached" in complained) == (75, True), complained


def test_programs_get_a_line_of_json_for_each_thing(config: Path) -> None:
    path = box(config.with_name("box"), 2000)
    (config.with_name("x.eml")).write_bytes(b"")
    code, said, complained = imported(config, path, config.with_name("x.eml"), "--route", "support", "--json")
    lines = [json.loads(line) for line in said.splitlines()]
    assert (code, complained) == (1, "")
    assert Counter(line["event"] for line in lines) == {"progress": 2, "refused": 1, "summary": 1}
    summary = lines[-1]
    assert (summary["taken"], summary["refused"], summary["bytes_left"], summary["stopped"]) == (2000, 1, 0, "")
    assert list(summary["reasons"].values()) == [1]
    assert all(line["mails_per_second"] > 0 for line in lines if line["event"] != "refused")


def test_a_rehearsal_says_that_it_is_one(config: Path) -> None:
    code, said, _ = imported(config, box(config.with_name("box"), 3), "--route", "support", "--dry-run")
    assert (code, said.splitlines()[0]) == (0, "3 would be taken, 0 seen before, 0 refused")
    assert stored(config) == 0


def test_a_rate_is_not_passed(config: Path) -> None:
    _, said, _ = imported(config, box(config.with_name("box"), 11), "--route", "support", "--rate", "20/s", "--json")
    assert json.loads(said.splitlines()[-1])["seconds"] >= 10 / 20


def test_people_see_a_bar_with_the_rate_on_a_terminal(config: Path) -> None:
    ours, theirs = pty.openpty()
    with began(config, box(config.with_name("box"), 500), "--route=support", "--rate=500/s", stderr=theirs) as running:
        os.close(theirs)
        seen = b""
        while not re.search(rb"[1-9]\d* mails[^/].* mails/s", seen, re.DOTALL):
            seen += os.read(ours, 10_000)
        # What it still draws must not fill the terminal.
        running.send_signal(signal.SIGINT)
        said, _ = running.communicate(timeout=60)
    os.close(ours)
    assert b"seen before" in said


def test_an_interrupt_ends_it_in_order_and_the_same_command_goes_on(config: Path) -> None:
    path = box(config.with_name("box"), 2000)
    with began(config, path, "--route", "support", "--rate", "500/s") as running:
        until(partial(has_stored, config, 20), "some mails", 30, lambda: stored(config))
        running.send_signal(signal.SIGINT)
        said = running.communicate(timeout=60)[0].decode()
    there = stored(config)
    assert running.returncode == 75
    assert said.startswith(f"{there} taken, ")
    assert "it was asked to stop" in said
    assert "the same command goes on there" in said
    assert imported(config, path, "--route", "support")[1].startswith(f"{2000 - there} taken, 0 seen before")


def test_kills_cost_no_mail_and_make_no_copy(config: Path) -> None:
    count = 3000
    path = box(config.with_name("box"), count)
    with path.open("ab") as file:  # some that say nothing of who they are
        file.write(b"".join(LINE + b"Subject: form\n\nhello\n\n" for _ in range(50)))
    for kill in range(1, KILLS + 1):
        wanted = kill * count // (KILLS + 1)
        with began(config, path, "--route", "support") as running:
            until(partial(has_stored, config, wanted), f"{wanted} mails", 60, lambda: stored(config))
            running.kill()
            running.communicate()
        assert running.returncode == -signal.SIGKILL
    code, said, _ = imported(config, path, "--route", "support")
    assert code == 0, said
    with sqlite3.connect(config.with_name("spool.db")) as database:
        hashes = [row[0] for row in database.execute("select content_hash from mail")]
        jobs = database.execute("select count(*) from job").fetchone()[0]
    database.close()
    assert (len(hashes), len(set(hashes)), jobs) == (count + 50, count + 50, count + 50)


def peak(config: Path, count: int) -> int:
    """The memory of an import of mails of 20 KB at its peak, in bytes (getrusage(2), ru_maxrss)."""
    path = box(config.with_name(f"box-{count}"), count, 20_000)
    running = began(config, path, "--route", "support", stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(running.pid, 0)
    running.returncode = os.waitstatus_to_exitcode(status)
    assert running.returncode == 0
    return usage.ru_maxrss * 1024


# What is under way is bounded, whatever there is to do: 2,000 mails of 20 KB are 40 MB.
def test_memory_does_not_grow_with_what_there_is_to_do(config: Path) -> None:
    few = peak(config, 200)
    assert peak(config, 2000) < few + GROWTH
