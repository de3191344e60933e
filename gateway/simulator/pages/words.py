"""Times and sizes as people say them."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class When:
    """A moment: for machines (RFC 3339), in a list (the day where it is not today), and to the second."""

    machine: str
    brief: str
    full: str


def when(at: float, now: float) -> When:
    """A moment of Unix time, in this machine's time zone."""
    moment, today = datetime.fromtimestamp(at).astimezone(), datetime.fromtimestamp(now).astimezone().date()
    brief = f"{moment:%H:%M}" if moment.date() == today else f"{moment.day} {moment:%b}"
    return When(moment.isoformat(timespec="seconds"), brief, f"{moment.day} {moment:%b %H:%M:%S}")


def size(count: int) -> str:
    """Bytes as a person reads them."""
    for unit, factor in (("MB", 1_000_000), ("kB", 1000)):
        if count >= factor:
            return f"{count / factor:.1f} {unit}" if count < 10 * factor else f"{count // factor} {unit}"
    return f"{count} B"


def duration(seconds: float) -> str:
    """Seconds as a person reads them."""
    return f"{seconds * 1000:.0f} ms" if seconds < 1 else f"{seconds:.1f} s"
