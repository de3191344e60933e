"""docs/sources.md, docs/mailservers.md: each settings block is one that the gateway takes; OAuth is as they say."""

import re
import textwrap
from pathlib import Path

import pytest
import typer.main

from gateway.cli import oauth
from gateway.config.oauth import OAuth
from gateway.plan import load_plan

PAGE = "\n".join(
    (Path(__file__).parents[1] / "docs" / name).read_text(encoding="utf-8") for name in ("sources.md", "mailservers.md")
)
BLOCKS = [textwrap.dedent(block) for block in re.findall(r"^ *```toml\n(.*?)^ *```", PAGE, re.MULTILINE | re.DOTALL)]

# What a block on the page stands beside, unless it has a table of that name itself.
HOUSE = {
    "outgoing": 'smarthosts = ["smtp://127.0.0.1:25"]',
    "cention.demo": 'url = "https://api.example.com/s/demo"\nattachment_token = "env:PATH"',
    "[route]": 'name = "support"\nrecipients = ["support@example.com"]\nworkspace = "demo"\ntoken = "env:PATH"\n'
    'reply_from = "support@example.com"',
}


def whole(block: str, folder: Path) -> str:
    """A settings file with a block of the page; the files that it names are in a folder, with anything in them."""
    for path in re.findall(r'"file:([^"]+)"', block):
        (folder / Path(path).name).write_text("x")
    here = re.sub(r'"file:[^"]*/([^"/]+)"', rf'"file:{folder}/\1"', block)
    missing = [f"[{name}]\n{keys}\n" for name, keys in HOUSE.items() if f"[{name}]" not in block]
    spool = f'[gateway]\nhostname = "localhost"\nspool = "sqlite:///{folder / "spool.db"}"\n'
    return "".join([*missing, "" if "[gateway]" in block else spool, here])


@pytest.mark.parametrize("block", BLOCKS, ids=lambda block: ", ".join(re.findall(r"^\[.*", block, re.MULTILINE)))
def test_each_block_is_taken_as_it_stands(block: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in re.findall(r'"env:(\w+)"', block):
        monkeypatch.setenv(name, "x")
    (tmp_path / "config.toml").write_text(whole(block, tmp_path))
    plan = load_plan(tmp_path / "config.toml")
    assert set(plan.tokens) == set(re.findall(r"^\[oauth\.(\w+)\]", block, re.MULTILINE))


def test_both_presets_are_shown_for_imap_and_pop3() -> None:
    for preset in ("microsoft365", "google"):
        for table in ("[[imap]]", "[[pop3]]"):
            assert [block for block in BLOCKS if f'preset = "{preset}"' in block and table in block], (preset, table)


def test_every_grant_has_its_row() -> None:
    section = PAGE.partition("## Access tokens\n")[2].partition("\n## ")[0]
    rows = set(re.findall(r"^\| `(\w+)` \|", section, re.MULTILINE))
    annotation = OAuth.model_fields["grant"].annotation
    assert rows == set(getattr(annotation, "__args__", ()))


def test_the_commands_that_the_page_names_are_there() -> None:
    named = set(re.findall(r"cention-gateway oauth (\w+)", PAGE))
    assert named == set(getattr(typer.main.get_command(oauth.app), "commands", {}))


def test_the_page_asks_for_the_scopes_that_the_presets_do() -> None:
    table = {"client_id": "c", "refresh_token": "env:PATH", "tenant": "t"}
    google = OAuth.model_validate(table | {"preset": "google", "grant": "refresh_token"})
    microsoft = OAuth.model_validate(table | {"preset": "microsoft365", "grant": "device"})
    assert google.scopes in PAGE
    for scope in microsoft.scopes.split():
        assert f"`{scope.rpartition('/')[2]}`" in PAGE
