"""Reading what a token says about itself (RFC 7519), to show it. Nothing is verified: that is Cention's part."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson
import pybase64

_DAY = 86400
_PARTS = 3


@dataclass(frozen=True, slots=True)
class Claims:
    """What is in a JWT: all its claims, and from `exp` the Unix time in seconds when it expires (None: never said)."""

    values: Mapping[str, Any]
    expires: float | None = None

    def days_left(self, now: float) -> float | None:
        """Return the days from `now` (Unix time in seconds) until it expires, below 0 after; None where unknown."""
        return None if self.expires is None else (self.expires - now) / _DAY


def claims(token: str) -> Claims | None:
    """Return the claims of a JWT; None for anything else, since a token may be any string at all."""
    parts = token.strip().removeprefix("Bearer ").split(".")
    if len(parts) != _PARTS:
        return None
    try:
        values = orjson.loads(pybase64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
    except ValueError:
        return None
    return Claims(values, _time(values.get("exp"))) if isinstance(values, dict) else None


def _time(value: object) -> float | None:
    if not isinstance(value, int | float) or isinstance(value, bool):
        return None
    return float(value) if math.isfinite(value) else None
