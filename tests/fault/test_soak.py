"""The soak's short form: that it counts, loses nothing, and prints its tables. Slopes need more time than CI has."""

import re
from collections import Counter

import pytest

from tests.fault import soak
from tests.fault.census import Census
from tests.fault.table import Table
from tests.fault.traffic import Books
from tests.fault.trend import MEASURES, Sample, trend


def test_a_short_soak_loses_nothing_and_prints_its_tables(capsys: pytest.CaptureFixture[str]) -> None:
    status = soak.main(["--minutes", "0.3"])
    said = capsys.readouterr().out
    print(said)
    assert status == 0
    mails, answers = (re.split(r" *\| *", line)[2:7] for line in said.splitlines() if line.startswith("| soak"))
    accepted, errands, repeats, left, lost = map(int, mails)
    assert accepted > 50
    assert errands - repeats >= accepted
    assert left == lost == 0
    assert int(answers[0]) > 0
    assert int(answers[1]) - int(answers[2]) >= int(answers[0])
    for measure in MEASURES:
        assert re.search(
            rf"^\| {measure.name} +(\| +\d+\.\d ){{4}}\| +[+-]\d+\.\d \| (yes|no ) *\|$", said, re.MULTILINE
        )


# What the counting is for: a mail with a 250 and no errand, an answer that did not arrive, an errand made twice.
def test_what_is_missing_is_counted_as_lost_and_what_is_there_twice_as_a_repeat() -> None:
    books, table = Books({"<1>", "<2>"}, Counter({"<2>": 3, "<3>": 1}), {"a", "b"}, Counter({"b": 1})), Table()
    soak.counted(books, table)
    mails, answers = (" ".join(line.split()) for line in table.markdown().splitlines()[2:])
    assert mails == "| soak: mails | 2 | 4 | 2 | 0 | 1 |"
    assert answers == "| soak: answers, arrived | 2 | 1 | 0 | - | 1 |"
    assert not books.sound
    assert Books({"<1>"}, Counter({"<1>": 1})).sound


def samples(*sizes: int) -> list[Sample]:
    """A sample a minute, of processes of so many megabytes."""
    return [Sample(60.0 * n, Census(rss=1_000_000 * size), 0, 0, 0) for n, size in enumerate(sizes)]


def test_a_line_that_rises_is_not_flat_and_its_slope_is_by_the_hour() -> None:
    rising = trend(MEASURES[0], samples(100, 101, 102, 103, 120, 121))
    assert not rising.flat
    assert rising.slope == pytest.approx(279.4, abs=0.1)
    assert (rising.first, rising.least, rising.most, rising.last) == (100, 100, 121, 121)


def test_what_goes_up_and_down_or_falls_is_flat() -> None:
    assert trend(MEASURES[0], samples(100, 140, 100, 140, 100)).flat
    assert trend(MEASURES[0], samples(200, 150, 100)).flat
