"""docs/lessons.md: every row names tests, and every test that it names is there."""

import re
from pathlib import Path

from tests.test_cention_docs import written_tests

PAGE = (Path(__file__).parents[1] / "docs" / "lessons.md").read_text(encoding="utf-8")
ROWS = [line for line in PAGE.splitlines() if line.startswith("| ") and not line.startswith("| failure")]


def test_every_failure_says_what_happens_here_and_names_a_test() -> None:
    assert ROWS
    for row in ROWS:
        assert len(row.strip("|").split(" | ")) == 3, row
        assert re.search(r"`test_\w+`", row.rpartition(" | ")[2]), row


def test_every_test_that_a_row_names_is_there() -> None:
    assert [name for name in re.findall(r"`(test_\w+)`", PAGE) if name not in written_tests()] == []
