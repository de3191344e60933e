"""The tokens that the settings name: what each says of itself, and how long it is good for."""

import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from gateway import metrics
from gateway.cention.token import Claims, claims, day
from gateway.config.cention import Workspace
from gateway.config.settings import Settings
from gateway.config.units import Secret
from gateway.errors import SettingsError
from gateway.log import log

_DAY = 86400.0


@dataclass(frozen=True, slots=True)
class Standing:
    """How a token stands: whose it is ("route:NAME", "workspace:NAME"), its source, and what it says.

    `claims` is None for what is no JWT. `days` until its end are below 0 after it, None where it has none or says none.
    `soon` says that this is less than the settings' warning; `trouble` why it cannot be read, "" where it can.
    """

    owner: str
    source: str
    claims: Claims | None = None
    days: float | None = None
    soon: bool = False
    trouble: str = ""

    @property
    def note(self) -> str:
        """What a postmaster should know of it, "" for nothing."""
        if self.days is None or not self.soon:
            return self.trouble
        return "has expired" if self.days <= 0 else f"expires in {self.days:.1f} days"


def standings(settings: Settings, now: float) -> list[Standing]:
    """Look at every token, as it is `now` (Unix time in seconds)."""
    return [standing(owner, secret, workspace, now) for owner, secret, workspace in _tokens(settings)]


def _tokens(settings: Settings) -> Iterator[tuple[str, Secret, Workspace]]:
    for route in settings.route:
        yield f"route:{route.name}", route.token, settings.cention[route.workspace]
    for name, workspace in settings.cention.items():
        yield f"workspace:{name}", workspace.attachment_token, workspace


def standing(owner: str, secret: Secret, workspace: Workspace, now: float) -> Standing:
    """Look at one token of a workspace."""
    try:
        read = claims(secret.value())
    except SettingsError as error:
        return Standing(owner, secret.origin, trouble=str(error))
    days = read.days_left(now) if read is not None else None
    soon = days is not None and days * _DAY < workspace.token_warning
    return Standing(owner, secret.origin, read, days, soon)


def notes(found: Iterable[Standing]) -> dict[str, str]:
    """Say which tokens need a person, now or soon."""
    return {f"token of {one.owner}": one.note for one in found if one.note}


def shown(found: Iterable[Standing]) -> dict[str, dict[str, Any]]:
    """Return what each token says, by whose it is: source, claims, last day and days left; never the token itself."""
    return {one.owner: _shown(one) for one in found}


def _shown(one: Standing) -> dict[str, Any]:
    if one.trouble:
        return {"source": one.source, "trouble": one.trouble}
    if one.claims is None:
        return {"source": one.source, "claims": None}
    end = {} if one.claims.expires is None else {"expires": day(one.claims.expires)}
    left = {} if one.days is None else {"days_left": round(one.days, 1)}
    return {"source": one.source, "claims": one.claims.shown(), **end, **left}


def count(found: Iterable[Standing]) -> None:
    """Set the metric of days left; tokens without an end have none."""
    metrics.token_days_left.clear()
    for one in found:
        if one.days is not None:
            metrics.token_days_left.labels(one.owner).set(one.days)


class TokenWatch:
    """Warns of tokens near their end, in the log, once a day each; a new token is warned of anew."""

    def __init__(self) -> None:
        self._warned: dict[tuple[str, float], float] = {}
        self._next = 0.0

    def look(self, settings: Settings) -> None:
        """Look once an hour, however often it is called, and from one thread."""
        if time.monotonic() >= self._next:
            self._next = time.monotonic() + _DAY / 24
            self.warn(standings(settings, time.time()), time.monotonic())

    def warn(self, found: Iterable[Standing], now: float) -> None:
        """Log those that end soon and were not warned of for a day; `now` in seconds of a clock that is not set."""
        before = self._warned
        self._warned = {}
        for one in found:
            if not one.soon or one.days is None or one.claims is None or one.claims.expires is None:
                continue
            key = (one.owner, one.claims.expires)
            last = before.get(key)
            if last is None or now - last >= _DAY:
                log.token_ends(one.owner, one.source, day(one.claims.expires), one.days)
                last = now
            self._warned[key] = last
