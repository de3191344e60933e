"""What the terminal shows of traces and jobs: sign, word and colour together, and nothing of a stranger's doing."""

import re
import time
from collections.abc import Iterator
from typing import Any

import pytest
from rich.cells import cell_len

from gateway.cli.listing import listing
from gateway.cli.telling import tell
from gateway.cli.terminal import print_table
from gateway.status.steps import ways

AT = 1_795_546_018.5  # 2026-11-24 18:46:58.5 UTC
LONG = "All recipients were refused: " + "no such user here, " * 7 + "no such user here"
MAIL = {"id": "01M87E3WRPD9NDYH1MPSFEC4GP", "sender": "a@a.example", "recipients": ["s@example.com"], "subject": "Hej"}
JOB = {"id": 7, "kind": "errand", "route": "support", "state": "parked", "error": LONG, "attempts": 2, "keep": False}
ROW: dict[str, Any] = JOB | {"mail_id": MAIL["id"], "subject": "Hej 日本", "created_at": AT}
EVENTS = [
    {"at": AT, "step": "accepted", "detail": {"source": "smtp", "helo": "\x1b[2Jevil\u202e"}},
    {"at": AT + 86400, "step": "parked", "detail": {"reason": LONG}},
]
TRACES: list[dict[str, Any]] = [{"mail": MAIL, "jobs": [JOB], "events": EVENTS}]
Shown = pytest.CaptureFixture[str]


@pytest.fixture(autouse=True)
def _zone(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A reader in Stockholm."""
    with monkeypatch.context() as patch:
        patch.setenv("TZ", "CET-1")
        time.tzset()
        yield
    time.tzset()


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """A terminal of 80 columns with colours."""
    for name, value in {"FORCE_COLOR": "1", "COLUMNS": "80", "TERM": "xterm"}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("NO_COLOR", raising=False)
    return monkeypatch


def plain(text: str) -> list[str]:
    return re.sub(r"\x1b\[[0-9;]*m", "", text).splitlines()


# So that grep finds a step, and a copy of it says when that was.
def test_in_a_pipe_each_step_is_one_line_with_its_whole_time(capsys: Shown) -> None:
    tell(ways(TRACES))
    lines = capsys.readouterr().out.splitlines()
    (accepted,) = [line for line in lines if "accepted" in line]
    (parked,) = [line for line in lines if "✗ parked  " in line]
    assert accepted.startswith("  2026-11-24 19:46:58.500+0100  ✓ accepted")
    assert parked.startswith("  2026-11-25 19:46:58.500+0100  ✗ parked")
    assert parked.endswith(LONG)


def test_a_parked_job_says_what_a_person_can_type(capsys: Shown) -> None:
    tell(ways(TRACES))
    assert "cention-gateway queue retry 7" in capsys.readouterr().out


@pytest.mark.usefixtures("terminal")
def test_on_a_terminal_no_line_is_too_long_and_each_day_is_named_once(capsys: Shown) -> None:
    tell(ways(TRACES))
    lines = plain(capsys.readouterr().out)
    assert max(map(cell_len, lines)) <= 80
    assert [line.strip() for line in lines if "CET" in line] == ["Tuesday 2026-11-24, CET", "Wednesday 2026-11-25, CET"]
    assert any(line.startswith("  19:46:58.500  ✗ parked") for line in lines)


def test_without_colours_signs_and_words_say_the_same(terminal: pytest.MonkeyPatch, capsys: Shown) -> None:
    tell(ways(TRACES))
    coloured = capsys.readouterr().out
    terminal.setenv("NO_COLOR", "1")
    tell(ways(TRACES))
    uncoloured = capsys.readouterr().out
    assert "\x1b[1;31m" in coloured
    assert not re.search(r"\x1b\[[0-9;]*3\dm", uncoloured)
    assert plain(uncoloured) == plain(coloured)


@pytest.mark.usefixtures("terminal")
def test_nothing_that_a_stranger_wrote_moves_the_terminal(capsys: Shown) -> None:
    tell(ways(TRACES))
    shown = capsys.readouterr().out
    assert "\x1b[2J" not in shown
    assert "\u202e" not in shown
    assert "�[2Jevil�" in "".join(plain(shown))


def table(capsys: Shown) -> list[str]:
    from rich.console import Console

    print_table(listing([ROW, ROW | {"id": 6, "state": "done", "result": "2257", "error": None}], Console()))
    return plain(capsys.readouterr().out)


def test_in_a_pipe_a_job_is_a_line_with_every_column(capsys: Shown) -> None:
    head, parked, done = table(capsys)
    assert head.split() == ["job", "state", "came", "route", "id", "kind", "tries", "subject", "what"]
    assert parked.split()[:3] == ["7", "✗", "parked"]
    assert (str(MAIL["id"]) in parked, parked.endswith(LONG), done.endswith("errand #2257")) == (True, True, True)


@pytest.mark.parametrize(
    ("columns", "left_out"), [(80, {"id", "kind", "tries"}), (120, {"id"}), (160, set())], ids=["80", "120", "160"]
)
def test_the_wider_the_terminal_the_more_columns(
    terminal: pytest.MonkeyPatch, capsys: Shown, columns: int, left_out: set[str]
) -> None:
    terminal.setenv("COLUMNS", str(columns))
    head, *rest = table(capsys)
    assert {"job", "state", "came", "route", "id", "kind", "tries", "subject", "what"} - set(head.split()) == left_out
    assert max(map(cell_len, [head, *rest])) <= columns
    # A reason is never cut short.
    assert "".join(rest).count("here") == LONG.count("here")
