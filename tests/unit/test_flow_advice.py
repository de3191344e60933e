"""What to do for each reason that something waits for a person for."""

import ast
from pathlib import Path

from gateway.errors import Permanent, Reason, TooLarge
from gateway.flow.advice import advice, page

ROOT = Path(__file__).parents[2]


def test_every_reason_has_its_section_and_every_section_a_reason() -> None:
    assert set(advice()) == set(Reason)
    assert all(one.title and one.happened and one.steps for one in advice().values())


def test_the_page_of_the_documentation_is_the_programs_own() -> None:
    assert (ROOT / "docs/parked.md").read_text(encoding="utf-8") == page()


# A word that nobody gives any more would be a section that nobody needs.
def test_every_reason_is_given_somewhere() -> None:
    named = {
        node.attr
        for file in (ROOT / "gateway").rglob("*.py")
        if file.name != "errors.py"
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "Reason"
    }
    assert named >= set(Reason.__members__) - {"TOO_LARGE"}
    assert TooLarge("").reason is Reason.TOO_LARGE


def test_a_permanent_error_keeps_its_words_and_its_reason() -> None:
    plain, named = Permanent("said"), Permanent("said", reason=Reason.NO_RECIPIENT)
    assert (str(plain), plain.reason) == ("said", Reason.OTHER)
    assert (str(named), named.reason) == ("said", Reason.NO_RECIPIENT)
