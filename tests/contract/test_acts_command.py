"""Acting at a terminal: the console's words, exit codes, JSON; nothing is done to many without being asked."""

import asyncio
import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from gateway import operate
from gateway.cli import cli
from gateway.errors import GatewayError, Permanent
from gateway.spool.spool import Spool
from tests.spool.conftest import accepted
from tests.unit.test_cli import SETTINGS

Run = Callable[..., Any]
OLD = '[[maildir]]\nname = "old"\npath = "{folder}/old"\nroute = "support"\n'


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TEST_TOKEN", "x")
    text = (
        SETTINGS
        + OLD
        + SETTINGS[SETTINGS.index("[[route]]") : SETTINGS.index("[outgoing]")].replace("support", "sales")
    )
    (tmp_path / "config.toml").write_text(text.format(folder=tmp_path))
    return tmp_path / "config.toml"


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file of a spool with three mails that wait."""
    file = tmp_path_factory.mktemp("filled") / "spool.db"
    opened = Spool(f"sqlite:///{file}")
    for number in range(3):
        asyncio.run(accepted(opened, b"Message-ID: <%d@x>\r\n\r\nhello\r\n" % number))
    opened.close()
    return file


@pytest.fixture
def spool(filled: Path, tmp_path: Path) -> Iterator[Spool]:
    """That spool, with no gateway."""
    shutil.copy(filled, tmp_path / "spool.db")
    opened = Spool(f"sqlite:///{tmp_path / 'spool.db'}")
    yield opened
    opened.close()


@pytest.fixture
def run(config: Path, spool: Spool) -> Run:
    """Run a command to its exit code; what it says is in `output`, errors of the family as `exception`."""
    return lambda *words, **more: CliRunner().invoke(cli, [*words, "--config", str(config)], **more)


def states(spool: Spool) -> list[str]:
    return [row["state"] for row in operate.listing(spool, [], "", 10)][::-1]


def printed(result: Any) -> Any:
    return json.loads(result.stdout)


def test_jobs_are_held_released_and_an_act_is_undone(run: Run, spool: Spool) -> None:
    held = run("queue", "hold", "1", "2", "--reason", "legal")
    assert (held.exit_code, held.stdout) == (0, "held: 1, 2\n")
    assert "cention-gateway undo 1" in held.stderr
    assert printed(run("queue", "release", "1", "--json")) == {"act": 2, "did": "released", "jobs": [1], "left": []}
    assert states(spool) == ["queued", "held", "queued"]
    assert run("undo").stdout == "act 2 undone: 1\n"
    assert printed(run("undo", "1", "--json"))["jobs"] == [1, 2]
    assert states(spool) == ["queued"] * 3
    assert isinstance(run("undo", "1").exception, Permanent)
    assert run("undo").exit_code == 1


def test_all_that_a_search_finds_is_moved_once_that_is_meant(run: Run, spool: Spool) -> None:
    asked = run("queue", "discard", "--reason", "spam", "--search", "state:queued from:asa")
    assert asked.exit_code == 64
    assert "3 jobs" in asked.stderr
    assert states(spool) == ["queued"] * 3
    done = run("queue", "discard", "--reason", "spam", "--search", "state:queued from:asa", "--yes", "--json")
    assert printed(done)["jobs"] == [1, 2, 3]
    assert printed(run("acts", "--json"))[0]["target"] == "state:queued from:asa"


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("queue", "retry"), 64, "name jobs, or say --search"),
        (("queue", "hold", "1", "--search", "route:x"), 64, "name jobs, or say --search"),
        (("queue", "hold", "--search", "stat:queued"), 64, "there is no stat:"),
        (("queue", "hold", "--search", "route:nowhere"), 1, "nothing of it can be held"),
        (("queue", "release", "1"), 1, "only a job that is held can be released"),
        (("queue", "retry", "1", "--route", "nowhere"), 64, "there is no route nowhere"),
        (("queue", "edit", "1"), 64, "say what to change"),
        (("queue", "edit", "1", "--body", "not-there"), 66, "cannot be read"),
        (("queue", "edit", "1", "--subject", "x"), 1, "parked or held can be edited"),
        (("resume", "sales"), 1, "nothing is paused"),
    ],
)
def test_a_slip_is_a_line_and_does_nothing(
    words: tuple[str, ...], code: int, said: str, run: Run, spool: Spool
) -> None:
    result = run(*words)
    assert result.exit_code == code
    assert said in result.stderr
    assert states(spool) == ["queued"] * 3


def test_a_parked_mail_is_edited_and_sent_elsewhere(run: Run, spool: Spool, tmp_path: Path) -> None:
    (tmp_path / "body").write_text("what they meant")
    run("queue", "park", "1")
    edited = run("queue", "edit", "1", "--subject", "right", "--body", str(tmp_path / "body"))
    assert edited.stdout == "edited: 1\n"
    (row,) = operate.show(spool, "1")
    assert row["detail"]["edited"] == {"subject": "right", "body": "what they meant"}
    run("queue", "retry", "1", "--route", "sales")
    assert operate.show(spool, "1")[0]["route"] == "sales"
    assert isinstance(run("queue", "edit", "2", "--from", "nobody").exception, Permanent)


# A name is enough where it means one thing; the settings say what there is.
@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("sales", "route:sales"),
        ("demo", "workspace:demo"),
        ("127.0.0.1:1", "smarthost:127.0.0.1:1"),
        ("old", "source:old"),
    ],
)
def test_anything_can_be_paused_and_resumed(said: str, meant: str, run: Run) -> None:
    assert run("pause").stdout == "nothing is paused\n"
    assert run("pause", said, "--reason", "moving").stdout == f"paused: {meant}\n"
    assert run("pause", said).stdout == f"{meant} was paused already\n"
    assert "moving" in run("pause").stdout
    assert [one["name"] for one in printed(run("pause", "--json"))] == [meant]
    assert run("resume", said).stdout == f"resumed: {meant}\n"
    assert [row["act"] for row in printed(run("acts", "--json"))] == ["resume", "pause"]
    assert meant in run("acts").stdout


def test_a_route_is_tried(run: Run, spool: Spool) -> None:
    mail = printed(run("test", "route", "sales", "--json"))["mail"]
    (job,) = operate.show(spool, mail)
    assert (job["route"], job["sender"]) == ("sales", "gateway-test@gw.example.com")
    assert isinstance(run("test", "route", "nowhere").exception, Permanent)


def test_a_smarthost_that_is_not_there_is_told(run: Run) -> None:
    result = run("test", "smarthost", "127.0.0.1:1", "--to", "me@client.example")
    assert result.exit_code == 1
    assert result.stdout.startswith("not taken: No smarthost took the mail")
    assert printed(run("acts", "--json"))[0]["detail"]["taken"] == "no"
    assert isinstance(run("test", "smarthost", "other", "--to", "me@client.example").exception, GatewayError)
