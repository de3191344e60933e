"""The mark on what we send, `X-Cention-Errand: <hostname>; errand=<id>`, by which we know it when it returns."""

import re
from dataclasses import dataclass

from gateway.mail.field import clean

TRACE = "X-Cention-Errand"
"""The header's name."""

_TRACE = re.compile(rb"\s*([\w.:\[\]-]{1,255})\s*;\s*errand=([\w.-]{1,64})", re.ASCII)


@dataclass(frozen=True, slots=True)
class Trace:
    """Which gateway sent a mail, by its hostname in lower case, and for which errand."""

    hostname: str
    errand: str


def read_trace(value: bytes) -> Trace | None:
    """Read the header's value; None for one that is not ours."""
    found = _TRACE.match(value[:400])
    return Trace(clean(found[1].decode().lower(), 255), found[2].decode()) if found else None
