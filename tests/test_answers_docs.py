"""docs/answers.md: its settings are taken, its template can be used, and it names all that there is."""

import re
from pathlib import Path

import pytest

from gateway.config.answer import AnswerSection
from gateway.mail.stationery import NAMES, read_html
from gateway.plan import load_plan
from tests.answers import SIGN

PAGE = (Path(__file__).parents[1] / "docs" / "answers.md").read_text(encoding="utf-8")


def block(kind: str) -> str:
    found = re.search(rf"^```{kind}\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
    assert found is not None
    return found[1]


def test_the_settings_are_taken_as_they_stand(tmp_path: Path) -> None:
    (tmp_path / "logo.png").write_bytes(SIGN.content)
    (tmp_path / "token").write_text("x")
    said = block("toml").replace("/etc/cention-gateway/", f"{tmp_path}/")
    said = said.replace("/run/secrets/support.jwt", str(tmp_path / "token"))
    house = f"""
[gateway]
spool = "sqlite:///{tmp_path / "spool.db"}"
[outgoing]
smarthosts = ["smtp://127.0.0.1:25"]
[cention.demo]
url = "https://api.example.com/s/demo"
attachment_token = "env:PATH"
"""
    (tmp_path / "config.toml").write_text(house + said)
    stationery = load_plan(tmp_path / "config.toml").around.presentation_of("support").stationery
    assert stationery is not None
    assert stationery.logo is not None


def test_the_template_can_be_used() -> None:
    assert read_html(block("html")) is not None


@pytest.mark.parametrize("name", NAMES)
def test_each_name_of_a_template_is_told(name: str) -> None:
    assert f"`{name}`" in PAGE.partition("## Templates")[2].partition("```")[0]


@pytest.mark.parametrize("key", AnswerSection.model_fields)
def test_each_key_that_changes_an_answer_is_told(key: str) -> None:
    assert re.search(rf"`{key}\b", PAGE) or f"{key} = " in PAGE
