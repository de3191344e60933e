"""docs/reading.md: its settings are the defaults, and it names each key and each value that there is."""

import re
import tomllib
from pathlib import Path
from typing import get_args

import pytest

from gateway.config.mail import MailSection

PAGE = (Path(__file__).parents[1] / "docs" / "reading.md").read_text(encoding="utf-8")
BLOCK = PAGE.partition("```toml\n")[2].partition("```")[0]


def test_the_settings_are_taken_as_they_stand_and_are_the_defaults() -> None:
    given = tomllib.loads(BLOCK)["mail"]
    assert set(given) == set(MailSection.model_fields)
    assert MailSection.model_validate(given) == MailSection()


@pytest.mark.parametrize("key", [key for key in MailSection.model_fields if not key.startswith("max_")])
def test_each_value_of_a_choice_is_told(key: str) -> None:
    line = next(line for line in BLOCK.splitlines() if line.startswith(key))
    assert set(re.findall(r'"([a-z-]+)"', line)) == set(get_args(MailSection.model_fields[key].annotation))
