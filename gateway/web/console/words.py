"""Times, ages, sizes and numbers as people say them, times in the viewer's own zone."""

from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from urllib.parse import unquote
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from starlette.requests import Request

_ZONE_COOKIE = "zone"
_LONGEST_ZONE = 60
_FEW = 10
_SPANS = ((86400, "d"), (3600, "h"), (60, "min"), (1, "s"))


@dataclass(frozen=True, slots=True)
class When:
    """A moment: for machines (RFC 3339), in a list (the day where it is not today), and to the millisecond."""

    machine: str
    brief: str
    full: str
    clock: str


@dataclass(frozen=True, slots=True)
class Clock:
    """What time it is for who looks: Unix seconds, and their zone."""

    now: float
    zone: tzinfo = UTC

    def when(self, at: float) -> When:
        """Say a Unix time."""
        moment = datetime.fromtimestamp(at, self.zone)
        today = datetime.fromtimestamp(self.now, self.zone)
        year = "" if moment.year == today.year else f" {moment.year}"
        day = f"{moment.day} {moment:%b}{year}"
        brief = f"{moment:%H:%M}" if moment.date() == today.date() else day
        milliseconds = moment.isoformat(timespec="milliseconds")
        return When(
            milliseconds, brief, f"{day} {moment:%H:%M:%S}", f"{moment:%H:%M:%S}.{moment.microsecond // 1000:03}"
        )

    def ago(self, at: float) -> str:
        """Say how long ago that was."""
        return duration(max(0.0, self.now - at))

    @property
    def name(self) -> str:
        """The zone's name."""
        return str(self.zone)


def zone_of(request: Request) -> tzinfo:
    """Return the zone that the viewer's browser has told; UTC where it has not, or where this machine has no such."""
    name = unquote(request.cookies.get(_ZONE_COOKIE, ""))[:_LONGEST_ZONE]
    try:
        return ZoneInfo(name) if name else UTC
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return UTC


def duration(seconds: float) -> str:
    """Say a span of time in its largest unit, with one more where that tells something."""
    if seconds < 1:
        return f"{seconds * 1000:.0f} ms"
    for place, (length, unit) in enumerate(_SPANS):
        if seconds >= length:
            whole, rest = divmod(int(seconds), length)
            finer, short = _SPANS[place + 1] if place + 1 < len(_SPANS) else (1, "")
            more = rest // finer if whole < _FEW and short else 0
            return f"{whole} {unit}" + (f" {more} {short}" if more else "")
    return ""


def size(count: int) -> str:
    """Say a number of bytes."""
    for unit, factor in (("GB", 1_000_000_000), ("MB", 1_000_000), ("kB", 1000)):
        if count >= factor:
            return f"{count / factor:.1f} {unit}" if count < 10 * factor else f"{count // factor} {unit}"
    return f"{count} B"


def number(count: int) -> str:
    """Write a number with its thousands apart."""
    return f"{count:,}"
