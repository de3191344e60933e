"""The promises that `scripts/fuzz` tests, and that it tests them: a few of its runs, and readers that break them."""

import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from gateway.mail import parse
from gateway.mail.parse import Parsed
from gateway.model import Errand
from tests.corpora.test_mutated import MAILS
from tests.fuzz import __main__ as fuzz
from tests.fuzz import target

Run = Callable[[int], None]
needs_foreign_mails = pytest.mark.skipif(
    not MAILS, reason="the folder of foreign mails, ../shared/corpora, is not there"
)


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    def run(runs: int) -> None:
        monkeypatch.chdir(tmp_path)
        monkeypatch.setattr(sys, "argv", ["fuzz", str(runs), "--unguided"])
        fuzz.main()

    return run


@pytest.mark.corpora
@needs_foreign_mails
def test_runs_that_break_nothing_end_with_their_number(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    run(100)
    assert capsys.readouterr().out.startswith("Done 100 runs in ")


@pytest.mark.corpora
@needs_foreign_mails
def test_what_breaks_the_reader_is_kept(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(target, "LONGEST_SECONDS", -1.0)
    with pytest.raises(target.Broken, match=r"it took \d"):
        run(1)
    assert [path.name for path in (tmp_path / ".build" / "fuzz").glob("broke-*")] == ["broke-1-1"]


@pytest.mark.parametrize(
    "spoiled",
    [
        {"notes": ("reading it failed (ValueError)",)},
        {"subject": "two\nlines"},
        {"body": "a\0b"},
    ],
)
def test_a_reader_that_breaks_a_promise_is_found_out(spoiled: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    read = parse.read

    def spoiling(raw: bytes, fallback_id: str) -> Parsed:
        parsed = read(raw, fallback_id)
        return replace(parsed, mail=replace(parsed.mail, **spoiled))

    target.read(b"Subject: x\n\ny")
    monkeypatch.setattr(parse, "read", spoiling)
    monkeypatch.setattr(target, "new_errand", lambda _: b"")
    with pytest.raises(target.Broken):
        target.read(b"Subject: x\n\ny")


# A page need not find its way into a mail by chance.
def test_bytes_that_begin_like_a_page_are_read_as_one(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[Errand] = []
    monkeypatch.setattr(target, "new_errand", made.append)
    target.read(b"<p>x")
    assert made[0].html_body == "<p>x</p>"


# The road goes on behind the text: who wrote it, and what of it is a quotation.
def test_a_mail_is_judged_and_trimmed_as_well(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[Errand] = []
    monkeypatch.setattr(target, "new_errand", made.append)
    target.read(b"Auto-Submitted: auto-replied\n\nBlue.\n\n> which?\n")
    assert made[0].body == "Blue.\n"
