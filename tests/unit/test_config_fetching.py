"""The example shows every key of the tables that mail is fetched by; they are commented out, table by table."""

import re
import tomllib
from pathlib import Path

import pytest

from gateway.config.maildir import Maildir, Pickup
from gateway.config.pop3 import Pop3
from gateway.config.section import Section

ROOT = Path(__file__).parents[2]


def block(kind: str) -> str:
    """A table of the example, without the marks of its comments."""
    text = (ROOT / "config.toml.example").read_text(encoding="utf-8")
    found = re.search(rf"^# \[\[{kind}\]\].*\n(?:#.*\n)*", text, re.MULTILINE)
    assert found is not None
    return re.sub(r"^# ?", "", found[0], flags=re.MULTILINE)


@pytest.mark.parametrize(("kind", "section"), [("pop3", Pop3), ("maildir", Maildir), ("pickup", Pickup)])
def test_a_table_that_is_put_in_force_has_every_key_and_the_defaults(
    kind: str, section: type[Section], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("POP3_PASSWORD", "x")
    (plain,) = tomllib.loads(block(kind))[kind]
    (everything,) = tomllib.loads(re.sub(r"^# ", "", block(kind), flags=re.MULTILINE))[kind]
    assert set(everything) == set(section.model_fields)
    assert section.model_validate(everything) == section.model_validate(plain)
