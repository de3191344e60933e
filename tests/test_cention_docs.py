"""docs/cention.md: every attribute that we can write has its row, and every test that a row names is there."""

import re
from functools import cache
from pathlib import Path

import pytest

from gateway.cention import contract
from gateway.cention.table import Table
from gateway.cli.errand import CREATE, END

ROOT = Path(__file__).parents[1]
PAGES = sorted(ROOT.glob("docs/cention*.md"))
CREATE_TABLES = (
    contract.MESSAGE,
    contract.ANSWER,
    contract.TEMPLATE,
    contract.CALL,
    contract.CALL_EXTRA,
    contract.CUID,
)


def page() -> str:
    return (ROOT / "docs" / "cention.md").read_text(encoding="utf-8")


@cache
def written_tests() -> frozenset[str]:
    texts = [file.read_text(encoding="utf-8") for file in ROOT.glob("tests/**/*.py")]
    return frozenset(re.findall(r"^def (test_\w+)", "\n".join(texts), re.MULTILINE))


def names(table: Table) -> set[str]:
    """The names that lead to each attribute of a table."""
    members = [*(field.name for field in table.fields), *table.parts]
    return {f"{table.place}.{name}" if table.place else name for name in members}


def rows(text: str) -> set[str]:
    return set(re.findall(r"^\| `([^`]+)` \|", text, re.MULTILINE))


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_every_test_that_the_pages_name_is_there(path: Path) -> None:
    named = re.findall(r"`(test_\w+)`", path.read_text(encoding="utf-8"))
    assert named
    assert [name for name in named if name not in written_tests()] == []


def test_every_row_says_where_it_is_from_and_what_shows_it() -> None:
    for line in page().splitlines():
        if line.startswith("| ") and not line.startswith(("| attribute", "| what")):
            cells = [cell.strip() for cell in line.strip("|").split(" | ")]
            assert len(cells) == 4, line
            assert re.search(r"documented|\[sdk\]|inferred", cells[1]), line
            assert "`test_" in cells[3], line


def test_every_attribute_that_can_be_written_has_its_row() -> None:
    creating, _, closing = page().partition("## Close")
    wanted = {"answer", "watemplate", "extradata", "integrationData"} | names(
        contract.ATTACHMENT.at("msg.attachments[]")
    )
    wanted |= {name for table in CREATE_TABLES for name in names(table)} - {"integrationData.extraData"}
    assert wanted - rows(creating) == set()
    assert names(contract.CALL_END) - rows(closing) == set()


def test_every_option_of_the_commands_is_in_a_row() -> None:
    for option in (*CREATE, *END):
        assert f"`{option.flag}" in page(), option.flag
