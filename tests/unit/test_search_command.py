"""A search as words of a command line: what the shell took off is put back, and a slip never finds everything."""

from datetime import datetime
from typing import Annotated

import pytest
import typer

from gateway.cli.exits import Exit
from gateway.cli.search import Searching, searched
from gateway.spool.wanted import Term


@pytest.mark.parametrize(
    ("words", "term"),
    [
        (["subject:late parcel"], Term("subject", "late parcel")),
        (["-from:Ann Lee"], Term("from", "Ann Lee", negated=True)),
        (["late parcel"], Term("", "late parcel")),
        (['subject:"late', 'parcel"'], Term("subject", "late parcel")),
    ],
)
def test_words_that_the_shell_has_unquoted_are_one_again(words: list[str], term: Term) -> None:
    assert searched(words).terms == (term,)


def test_options_are_short_for_words_of_the_search() -> None:
    terms = searched(["parcel"], ["parked", "held"], "my sales").terms
    assert terms == (Term("", "parcel"), Term("state", "parked,held"), Term("route", "my sales"))


# "after:2026-11-20" is the beginning of that day where the reader is.
def test_days_are_those_of_this_machine_s_zone() -> None:
    (term,) = searched(["after:2026-11-20"]).terms
    assert term.value == datetime(2026, 11, 20).astimezone().timestamp()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["stat:parked"], "stat:parked: there is no stat:; did you mean state:parked"),
        (["state:lost"], "state: is one of queued"),
        (["ann", "before:yesterday"], "before: is a day"),
    ],
)
def test_what_is_not_understood_is_said_and_ends_the_command(
    words: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(typer.Exit) as ended:
        searched(words)
    assert ended.value.exit_code == Exit.USAGE
    assert said in capsys.readouterr().err


State = Annotated[list[str] | None, typer.Option("--state", "-s")]


# -s is an option, -state:done is none; what follows "--" is taken as it is.
@pytest.mark.parametrize(
    ("typed", "words"),
    [
        (["-state:done", "--limit", "5", "ann"], ["ann", "-state:done"]),
        (["ann", "-from:x", "-to:y"], ["ann", "-from:x", "-to:y"]),
        (["--", "-state:done", "--limit"], ["-state:done", "--limit"]),
        (["-s", "parked", "ann"], ["ann"]),
    ],
)
def test_a_word_that_is_not_wanted_is_no_option(typed: list[str], words: list[str]) -> None:
    found: list[list[str]] = []
    app = typer.Typer()

    @app.command(cls=Searching)
    def take(given: list[str], limit: int = 1, state: State = None) -> None:
        found.append(given)

    app(typed, standalone_mode=False)
    assert found == [words]
