"""Tokens: what is sent as one, and what a JWT says about itself (RFC 7519), to show it.

Nothing is verified: that is Cention's part.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from typing import Any, TypeAlias

import orjson
import pybase64

from gateway.config.units import Secret
from gateway.errors import Refused, SettingsError

Token: TypeAlias = str | Secret
"""A token itself, or where it comes from."""

_VISIBLE = re.compile(r"[!-~]+", re.ASCII)
_DAY = 86400
_PARTS = 3
_LAST = datetime(9999, 12, 31, tzinfo=UTC).timestamp()
# What is said of times elsewhere, and an id that tells nobody anything.
_LEFT_OUT = frozenset({"exp", "iat", "nbf", "jti"})
_HIDDEN = re.compile(r"key|secret|passw|token|credential", re.IGNORECASE)
_LONGEST, _MOST, _DEEPEST = 100, 20, 3


def bearer(token: Token) -> tuple[str, str]:
    """Return a token as it is now, and its source ("env:NAME", "file:PATH"), "" where that is not known.

    Refused, with the source, where there is none or no HTTP header can carry it.
    """
    source = token.origin if isinstance(token, Secret) else ""
    try:
        text = token.value() if isinstance(token, Secret) else token
    except SettingsError as error:
        raise Refused(f"there is no token: {error}") from error
    if not _VISIBLE.fullmatch(text):
        which = f"the token from {source}" if source else "the token"
        raise Refused(f"{which} is empty, or has white space or letters in it that no HTTP header can carry")
    return text, source


@dataclass(frozen=True, slots=True)
class Claims:
    """What is in a JWT: all its claims, and from `exp` the Unix time in seconds when it expires (None: never said)."""

    values: Mapping[str, Any]
    expires: float | None = None

    def days_left(self, now: float) -> float | None:
        """Return the days from `now` (Unix time in seconds) until it expires, below 0 after; None where unknown."""
        return None if self.expires is None else (self.expires - now) / _DAY

    def shown(self) -> dict[str, Any]:
        """Return what it claims, bounded, for people: without its times, and without what may be a secret."""
        said = {name: value for name, value in self.values.items() if name not in _LEFT_OUT}
        return {name: _shown(value) for name, value in _members(said)}


def day(moment: float) -> str:
    """Return the date of a moment in Unix time, such as "2027-03-01" (UTC)."""
    return datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%d")


def _members(value: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for name, each in islice(value.items(), _MOST):
        yield name[:_LONGEST], "***" if _HIDDEN.search(name) else each


def _shown(value: Any, level: int = 1) -> Any:
    match value:
        case dict() | list() if level > _DEEPEST:
            return "…"
        case dict():
            return {name: _shown(each, level + 1) for name, each in _members(value)}
        case list():
            return [_shown(each, level + 1) for each in value[:_MOST]]
        case str():
            return value if len(value) <= _LONGEST else f"{value[:_LONGEST]}…"
        case _:
            return value


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
    # A moment that no calendar has is no end.
    return max(0.0, float(value)) if -_LAST <= value <= _LAST else None
