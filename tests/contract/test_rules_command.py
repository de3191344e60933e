"""`rules test`: what it says of mails, to people and to programs."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner

from gateway.cli.rules import app
from tests.rulings import WITH_FILES

CONFIG = """
[[rule]]
name = "urgent"
when = { subject = "/urgent/" }
set.subject = "!! {subject}"
[[rule]]
name = "spam"
when = { header = { X-Spam = "yes" } }
discard = "the border server says so"
[cention.demo]
url = "https://api.example.com/s/demo"
attachment_token = "env:RULES_TOKEN"
[outgoing]
smarthosts = ["smtp://127.0.0.1:25"]
"""
ROUTE = """
[[route]]
name = "{0}"
recipients = ["{0}@example.com"]
workspace = "demo"
token = "env:RULES_TOKEN"
reply_from = "{0}@example.com"
[[route.rule]]
name = "of {0}"
set.cuid = "{0}"
"""
URGENT = b"From: a@b.example\nTo: sales@example.com\nSubject: urgent: help\n\nhelp\n"


@pytest.fixture
def tried(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., str]:
    """Runs `rules test` on mails, with two rules for all and one for each of two routes; returns what it prints."""
    monkeypatch.setenv("RULES_TOKEN", "x")
    config = tmp_path / "config.toml"
    config.write_text(CONFIG + ROUTE.format("support") + ROUTE.format("sales"))

    def run(mails: list[bytes], *options: str) -> str:
        files = [tmp_path / f"{number}.eml" for number, _ in enumerate(mails, 1)]
        for file, mail in zip(files, mails, strict=True):
            file.write_bytes(mail)
        done = CliRunner().invoke(app, ["test", *map(str, files), "--config", str(config), *options])
        assert done.exit_code == 0, done.output
        return done.output.replace(f"{tmp_path}/", "")

    return run


def test_rules_test_shows_why_each_rule_matches_or_not_and_what_it_changes(tried: Callable[..., str]) -> None:
    lines = tried([URGENT]).splitlines()
    assert lines[:4] == [
        "1.eml: becomes an errand in sales",
        '  ✓ urgent: subject "urgent: help" fits /urgent/ -> set subject',
        '  ✗ spam: header.X-Spam is not there and does not fit "yes"',
        "  ✓ of sales: it has no conditions -> set cuid",
    ]
    assert '  -        "subject": "urgent: help",' in lines
    assert '  +        "subject": "!! urgent: help",' in lines
    assert '  +      "cuid": "sales"' in lines


# What is not changed does not hide what is.
def test_rules_test_shows_no_document_where_there_is_none(tried: Callable[..., str]) -> None:
    shown = tried([URGENT, b"X-Spam: yes\n" + URGENT]).split("2.eml: ")[1]
    assert shown.splitlines()[0] == 'discarded by "spam": the border server says so'
    assert len(shown.splitlines()) == 3


def test_rules_test_tells_programs_the_same(tried: Callable[..., str]) -> None:
    (found,) = map(json.loads, tried([URGENT], "--json").splitlines())
    assert [(one["rule"], one["matched"]) for one in found["rules"]] == [
        ("urgent", True),
        ("spam", False),
        ("of sales", True),
    ]
    assert found["before"]["data"]["attributes"]["msg"]["subject"] == "urgent: help"
    assert found["after"]["data"]["attributes"]["msg"]["subject"] == "!! urgent: help"
    assert (found["route"], found["disposition"]) == ("sales", "create")


@pytest.mark.parametrize(
    ("options", "route"),
    [
        ((), "sales"),
        (("--route", "support"), "support"),
        (("--recipient", "support@example.com"), "support"),
        (("-r", "nobody@example.com"), "sales"),
    ],
)
def test_rules_test_takes_a_mail_to_have_come_as_it_is_told(
    tried: Callable[..., str], options: tuple[str, ...], route: str
) -> None:
    assert json.loads(tried([URGENT], "--json", *options))["route"] == route


# Ten megabytes of base64 help nobody to see what a rule does.
def test_rules_test_shows_a_file_by_its_size(tried: Callable[..., str]) -> None:
    found = json.loads(tried([WITH_FILES], "--json"))
    files = found["after"]["data"]["attributes"]["msg"]["attachments"]
    assert [file["content"] for file in files] == ["(10 bytes)", "(4 bytes)"]
