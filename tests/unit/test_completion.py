"""What a shell is offered: names, jobs and words of a search; and nothing at all where anything is wrong."""

from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner

from gateway.cli import cli
from gateway.cli.completion import SPOOL
from gateway.cli.examples import PROGRAM
from gateway.config.gateway import GatewaySection
from tests.unit.test_cli import MAIL, SETTINGS, command

Complete = Callable[..., list[str]]


@pytest.fixture
def config(tmp_path: Path) -> Path:
    more = '[oauth.office]\n[[imap]]\nname = "inbox"\n[[route]]\nname = "sales"\n'
    (tmp_path / "config.toml").write_text(SETTINGS.format(folder=tmp_path) + more)
    return tmp_path / "config.toml"


@pytest.fixture
def complete(config: Path) -> Complete:
    """Ask as bash does: it takes words apart at colons too, and wants what follows the last one."""

    def complete(*words: str) -> list[str]:
        asked = {"COMP_WORDS": " ".join(["cention-gateway", *words]), "COMP_CWORD": str(len(words))}
        asked |= {"_CENTION_GATEWAY_COMPLETE": "complete_bash", "CENTION_GATEWAY_CONFIG": str(config)}
        return [one for one in asks(asked).splitlines() if one]

    return complete


def asks(environment: dict[str, str]) -> str:
    done = CliRunner().invoke(cli, [], env=environment, prog_name=PROGRAM)
    assert done.stderr == ""
    return done.stdout


@pytest.mark.parametrize(
    ("words", "offered"),
    [
        (["sta"], ["status"]),
        (["queue", "list", "--route", "s"], ["support", "sales"]),
        (["queue", "list", "--state", "pa"], ["parked"]),
        (["oauth", "show", ""], ["office"]),
        (["queue", "list", "sub"], ["subject:"]),
        (["queue", "list", "state", ":", "pa"], ["parked"]),
        (["queue", "list", "route", ":"], ["support", "sales"]),
        (["queue", "list", "source", ":", "im"], ["imap"]),
    ],
)
def test_commands_names_and_words_of_a_search_are_offered(
    complete: Complete, words: list[str], offered: list[str]
) -> None:
    assert complete(*words) == offered


def test_jobs_that_are_not_at_their_end_are_offered_by_number_and_by_id(complete: Complete, tmp_path: Path) -> None:
    (tmp_path / "right.toml").write_text(SETTINGS.format(folder=tmp_path))
    taken = command("ingest", "--config", tmp_path / "right.toml", "-r", "support@example.com", sent=MAIL)
    name = taken.stdout.decode().split()[-1]
    assert complete("queue", "retry", "") == ["1"]
    assert complete("trace", name[:10].lower()) == [name]
    assert complete("trace", "9") == []


# A key press must not make a spool, nor wait for one.
def test_a_spool_or_settings_that_are_not_there_are_not_made_and_offer_nothing(
    complete: Complete, config: Path
) -> None:
    assert complete("queue", "retry", "") == []
    config.write_text("[[route]\n")
    assert complete("queue", "list", "--route", "") == []
    config.unlink()
    assert complete("queue", "retry", "") == []
    assert list(config.parent.iterdir()) == []


# The settings' class takes too long to load for a key press.
def test_where_the_settings_name_no_spool_it_is_the_usual_one() -> None:
    assert GatewaySection.model_fields["spool"].default == SPOOL


def test_zsh_and_fish_are_told_what_each_job_is(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text(SETTINGS.format(folder=tmp_path))
    command("ingest", "--config", tmp_path / "config.toml", "-r", "support@example.com", sent=MAIL)
    asked = {"_CENTION_GATEWAY_COMPLETE": "complete_zsh", "_TYPER_COMPLETE_ARGS": "cention-gateway queue show "}
    assert "queued errand support" in asks(asked | {"CENTION_GATEWAY_CONFIG": str(tmp_path / "config.toml")})
