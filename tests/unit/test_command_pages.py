"""Help, manual and reference say the same of every command, and what they say is so."""

import os
import shlex
import subprocess
import sys
from itertools import takewhile
from typing import Any

import pytest
import typer.main

from gateway.cli import cli
from gateway.cli.described import Command, described
from gateway.cli.exits import MEANINGS, Exit
from tests.written import ROOT, WRITTEN

COMMANDS = described(cli)
# Slow to load; a command imports what it works with when it is called.
SLOW = {"asyncio", "rich", "sqlalchemy", "alembic", "starlette", "requests", "structlog", "pydantic_settings", "jinja2"}
# What lists nothing, or has a form of its own: a protocol, JSON or a mail.
WITHOUT_JSON = {
    *("run", "demo", "simulate", "ingest", "db upgrade", "spool backup", "spool copy", "oauth login"),
    *("user add", "user remove", "queue show", "preview answer"),
}


EXAMPLES = [(command.words, one.typed) for command in COMMANDS for one in command.examples]


def leaf(words: str) -> Any:
    """The command of that name as typer has built it."""
    found: Any = typer.main.get_command(cli)
    for word in words.split():
        found = found.commands[word]
    return found


@pytest.mark.parametrize("path", WRITTEN)
def test_a_page_that_is_printed_from_the_code_is_up_to_date(path: str) -> None:
    written = (ROOT / path).read_text(encoding="utf-8")
    assert written == WRITTEN[path](), f"{path} is old: scripts/docs --write"


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.words)
def test_help_says_what_a_command_does_what_it_takes_and_an_example(command: Command) -> None:
    assert command.examples
    assert all(command.about)
    assert all(one.said for one in command.options)
    shown = leaf(command.words).get_help(typer.Context(leaf(command.words), info_name=command.words))
    for one in command.examples:
        assert f"  cention-gateway {command.words} {one.typed}".rstrip() in shown.replace("  #", "\n#")


# What a shell would take, a redirection above all, is not for the command.
@pytest.mark.parametrize(("words", "typed"), EXAMPLES)
def test_each_example_is_one_that_the_command_takes(words: str, typed: str) -> None:
    given = list(takewhile(lambda word: word not in {"<", ">"}, shlex.split(typed)))
    assert leaf(words).make_context(words, given).params


def test_every_command_that_lists_something_has_json() -> None:
    without = {one.words for one in COMMANDS if all("--json" not in option.name for option in one.options)}
    assert without == WITHOUT_JSON


def test_every_exit_code_has_its_meaning() -> None:
    assert set(Exit) <= set(MEANINGS)
    assert all(f"| {code:d} | {said} |" in WRITTEN["docs/commands.md"]() for code, said in MEANINGS.items())


# A sign that roff reads for itself is spelled out, so that an example can be copied from the manual and typed.
def test_the_manual_shows_what_can_be_typed() -> None:
    page = WRITTEN["docs/man/cention-gateway.1"]()
    assert page.isascii()
    assert "\ncention\\-gateway trace \\(aq#511055\\(aq  # an errand, both ways\n" in page
    requests = {line.split()[0] for line in page.splitlines() if line.startswith(("'", "."))}
    assert requests == {".TH", ".SH", ".SS", ".TP", ".PP", ".RS", ".RE", ".B", ".BR", ".I", ".nf", ".fi", ".nh", ".ad"}


@pytest.mark.parametrize("words", [[], ["queue"], ["queue", "list"], ["trace"], ["ingest"], ["errand", "create"]])
def test_help_loads_nothing_that_is_slow(words: list[str]) -> None:
    script = (
        "import sys\nfrom gateway.cli import cli\n"
        f"try: cli({[*words, '--help']!r}, prog_name='x')\n"
        "except SystemExit: print('\\n' + ' '.join(sys.modules))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert SLOW & set(done.stdout.splitlines()[-1].split()) == set()
