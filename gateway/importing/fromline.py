"""The line that an mbox has before each mail (RFC 4155), and the quoting of such lines within mails."""

import re
from collections.abc import Iterable, Iterator
from email.utils import mktime_tz, parsedate_tz
from enum import StrEnum

LINE = 1000
"""Bytes of the longest such line."""

_DAY = r"(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)"
_MONTH = r"(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)"
_FROM_LINE = re.compile(
    rf"From (?P<who>[^\n]{{0,800}}?)(?P<when>\b{_DAY},? +(?:{_MONTH} +\d{{1,2}}|\d{{1,2}} +{_MONTH})\b"
    rf"(?=[^\n]{{0,60}}\b\d{{1,2}}:\d\d)(?=[^\n]{{0,60}}\b\d{{4}}\b)[^\n]{{0,100}})\n".encode()
)
_BARE_LINE = re.compile(rb"From [^\n]{0,1000}\n")
# The beginning of a line that may turn out to be a quoted one. More than 200 marks are no quoting of anybody's.
_UNFINISHED = re.compile(rb"^>{1,200}(?:F(?:r(?:om?)?)?)?\Z", re.MULTILINE)


class Flavour(StrEnum):
    """How an mbox keeps mails apart. AUTO finds out, for each mail."""

    AUTO = "auto"
    MBOXO = "mboxo"
    MBOXRD = "mboxrd"
    MBOXCL = "mboxcl"
    MBOXCL2 = "mboxcl2"


QUOTED = {
    Flavour.MBOXO: re.compile(rb"\n>(?=From )"),
    Flavour.MBOXRD: re.compile(rb"\n>(?=>{0,200}From )"),
    Flavour.MBOXCL: re.compile(rb"\n>(?=From )"),
    Flavour.AUTO: re.compile(rb"\n>(?=>{0,200}From )"),
}
"""The end of a line, and the mark that a flavour's writer has put before the next one; MBOXCL2 puts none."""


def from_line(data: bytes, start: int = 0, *, first: bool = False) -> re.Match[bytes] | None:
    """Match such a line at `start`: one with a day, a time and a year, so that it is no sentence that begins alike.

    What a file begins with (`first`) need have none.
    """
    return _FROM_LINE.match(data, start) or (_BARE_LINE.match(data, start) if first else None)


def told(line: re.Match[bytes]) -> tuple[str, float | None]:
    """Return the envelope's sender, and when the mail came as Unix time (UTC where no zone is named); "" and None."""
    groups = line.groupdict()
    words = groups.get("who", b"").decode("utf-8", "replace").split()
    sender = words[0] if words and "@" in words[0] else ""
    return sender, unix_time(groups.get("when", b"").decode("ascii", "replace"))


def unix_time(date: str) -> float | None:
    """Read a date as mails write it (RFC 5322 3.3, or as asctime does); None for what is none."""
    try:
        parsed = parsedate_tz(date)
        return float(mktime_tz(parsed)) if parsed is not None else None
    except (ValueError, OverflowError, IndexError, TypeError):
        return None


def unquoted(pieces: Iterable[bytes], quoted: re.Pattern[bytes]) -> Iterator[bytes]:
    """Take the marks off that a flavour puts (`QUOTED`). The pieces begin with a line, and may end anywhere in one."""
    rest, before = b"", b"\n"
    for piece in pieces:
        data = before + rest + piece
        cut = _UNFINISHED.search(data, max(1, len(data) - 205))
        end = cut.start() if cut is not None else len(data)
        rest = data[end:]
        before = data[end - 1 : end]
        line = data[:end]
        yield (quoted.sub(b"\n", line) if b">From " in line else line)[1:]
    if rest:
        yield rest
