"""Times, spans and sizes on the console's pages."""

from datetime import UTC
from zoneinfo import ZoneInfo

import pytest
from starlette.requests import Request

from gateway.web.console import words
from gateway.web.console.words import Clock

AT = 1_795_000_000.25  # 2026-11-18 10:26:40.250 UTC


def test_a_moment_is_told_in_the_viewers_zone() -> None:
    tokyo = Clock(AT, ZoneInfo("Asia/Tokyo")).when(AT)
    assert (tokyo.brief, tokyo.full) == ("20:06", "18 Nov 20:06:40")
    assert tokyo.machine == "2026-11-18T20:06:40.250+09:00"


def test_another_day_is_named_and_another_year_too() -> None:
    clock = Clock(AT)
    assert clock.when(AT - 86400).brief == "17 Nov"
    assert clock.when(AT - 400 * 86400).brief == "14 Oct 2025"


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (0.004, "4 ms"),
        (1, "1 s"),
        (59, "59 s"),
        (61, "1 min 1 s"),
        (660, "11 min"),
        (3 * 3600 + 120, "3 h 2 min"),
        (90000, "1 d 1 h"),
    ],
)
def test_a_span_is_said_in_units_that_tell_something(seconds: float, said: str) -> None:
    assert words.duration(seconds) == said


@pytest.mark.parametrize(("count", "said"), [(0, "0 B"), (999, "999 B"), (1500, "1.5 kB"), (25_000_000, "25 MB")])
def test_a_size_is_said_in_units_that_tell_something(count: int, said: str) -> None:
    assert words.size(count) == said


def asked(cookie: str) -> Request:
    return Request({"type": "http", "headers": [(b"cookie", cookie.encode())]})


# The cookie is the browser's, so it may hold anything.
@pytest.mark.parametrize(
    "cookie", ["", "zone=", "zone=Nowhere/Else", "zone=../../etc/passwd", "zone=%00", f"zone={'A' * 900}"]
)
def test_a_zone_that_is_none_is_utc(cookie: str) -> None:
    assert words.zone_of(asked(cookie)) is UTC


def test_the_zone_that_a_browser_tells_counts() -> None:
    assert str(words.zone_of(asked("zone=Europe%2FStockholm"))) == "Europe/Stockholm"
