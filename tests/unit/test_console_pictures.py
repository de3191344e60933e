"""Pictures of numbers: what is drawn, and what is said of it."""

import re

from gateway.web.console.pictures import HEIGHT, Line, picture, spread


def test_counts_are_laid_out_with_nothing_where_there_is_none() -> None:
    assert spread({120: 3, 240: 1, 999: 5}, 60, 60, 4) == [0, 3, 0, 1]


# Who cannot see the picture hears the same.
def test_a_picture_says_what_it_shows() -> None:
    drawn = picture("Last hour", [Line("mails accepted", "came", [0, 1500, 2]), Line("answers", "left", [0, 0, 1])])
    assert 'aria-label="Last hour: 1,502 mails accepted, 1 answers; at most 1,500"' in drawn.svg
    assert drawn.highest == 1500


def test_the_highest_number_reaches_the_top_and_nothing_leaves_the_picture() -> None:
    drawn = picture("x", [Line("a", "came", [0, 7, 3, 0])])
    heights = [float(one) for one in re.findall(r"V(-?[\d.]+)", str(drawn.svg))]
    assert min(heights) == 1
    assert max(heights) <= HEIGHT


def test_a_day_without_mail_is_a_flat_line() -> None:
    drawn = picture("x", [Line("a", "came", [0] * 1440)])
    assert 'd="M0 99H1440"' in drawn.svg
    assert len(drawn.svg) < 400


# A name is the settings' or ours, yet it is never markup.
def test_what_a_line_is_called_is_not_markup() -> None:
    drawn = picture("<b>", [Line("<script>", "came", [1])])
    assert "<script>" not in drawn.svg
    assert "<b>" not in drawn.svg
