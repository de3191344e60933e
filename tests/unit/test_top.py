"""`top`: what a minute brings, and a picture that fits the window."""

import io
from dataclasses import replace

import pytest
from rich.console import Console

from gateway.cli.picture import Picture, handed_on, rate, taken
from gateway.status.standing import (
    GatewayStanding,
    LaneStanding,
    Level,
    Overview,
    Remark,
    SmarthostStanding,
    SourceStanding,
    SpoolStanding,
)

NOW = 1_800_000_000.0
SOURCE = SourceStanding(Level.OK, "smtp", "0.0.0.0:25", "working", "listens", last_success=NOW - 3, taken=100)
ROUTE = LaneStanding(Level.OK, "route", "support", "working", "good until 2027-01-18")
BEFORE = Overview(
    at=NOW,
    gateway=GatewayStanding(Level.OK, "ready", "127.0.0.1:8080", (("smtp", ""),)),
    spool=SpoolStanding(Level.OK, "well", "spool.db", waiting=3, oldest_waiting=NOW - 150, free=12_000_000_000),
    sources=(SOURCE,),
    routes=tuple(replace(ROUTE, name=f"route-{number}") for number in range(30)),
    workspaces=(),
    smarthosts=(SmarthostStanding(Level.OK, "relay:25", "ok", "works", mails=40),),
    remarks=(Remark(Level.WARNING, "smarthost relay:25", "failed 3 times in a row: " + "no answer " * 20),),
)
AFTER = replace(BEFORE, at=NOW + 2, sources=(replace(SOURCE, taken=104),))


def shown(found: Overview, before: Overview | None, width: int, height: int) -> list[str]:
    console = Console(file=io.StringIO(), width=width, height=height, record=True, force_terminal=True)
    console.print(Picture(found, before, 2.0), height=height)
    return [line.rstrip() for line in console.export_text().splitlines()]


def test_a_rate_is_what_came_between_two_looks_in_a_minute() -> None:
    assert (rate(BEFORE, AFTER, taken), rate(BEFORE, AFTER, handed_on)) == (120.0, 0.0)


# Its counts begin anew: less than before is not "minus a hundred mails".
def test_there_is_no_rate_at_first_nor_after_a_restart_nor_without_a_gateway() -> None:
    restarted = replace(AFTER, sources=(replace(SOURCE, taken=2),))
    gone = replace(AFTER, gateway=GatewayStanding(Level.WRONG, "does not run here", "127.0.0.1:8080"))
    for before, found in ((None, AFTER), (BEFORE, restarted), (BEFORE, gone)):
        assert rate(before, found, taken) is None


@pytest.mark.parametrize(("width", "height"), [(80, 24), (120, 40), (40, 10)])
def test_the_picture_fits_the_window_and_says_how_much_is_below(width: int, height: int) -> None:
    lines = shown(AFTER, BEFORE, width, height)
    assert len(lines) == height
    assert max(map(len, lines)) <= width
    assert "more lines" in lines[-1]


def test_all_of_it_is_shown_where_there_is_room() -> None:
    text = "\n".join(shown(AFTER, BEFORE, 120, 60))
    for word in ("in 120/min", "out 0/min", "q ends", "Nothing needs a person", "3 waiting", "route-29", "relay:25"):
        assert word in text
    assert "more lines" not in text
