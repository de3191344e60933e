"""The recipients that the settings name, for all that ask whose mail it is: listeners, pollers, `ingest`."""

from collections.abc import Sequence
from typing import Protocol

from gateway.errors import SettingsError
from gateway.route.recipient import Recipients, check_pattern, duplicates


class Addressed(Protocol):
    """A route, as far as it says whose mail it takes."""

    @property
    def name(self) -> str:
        """Its name."""

    @property
    def recipients(self) -> Sequence[str]:
        """The patterns of its recipients."""


class Routed(Protocol):
    """Settings, as far as they have routes."""

    @property
    def route(self) -> Sequence[Addressed]:
        """The routes, in order."""


def recipients_of(settings: Routed) -> Recipients:
    """Return every route's recipients; of settings that `mistakes` finds nothing in."""
    return Recipients.of([(route.name, route.recipients) for route in settings.route])


def mistakes(settings: Routed) -> list[str]:
    """Say, a line each, which patterns are none, or else which are claimed by several routes."""
    wrong = [
        f"route[{number}].recipients[{place}]: {said}"
        for number, route in enumerate(settings.route, 1)
        for place, pattern in enumerate(route.recipients, 1)
        if (said := check_pattern(pattern))
    ]
    claims = [(route.name, route.recipients) for route in settings.route]
    return wrong or [f"route: {pattern} is claimed by {' and '.join(names)}" for pattern, names in duplicates(claims)]


def checked(settings: Routed, where: str) -> Recipients:
    """Return every route's recipients; SettingsError with every mistake, each line beginning with `where`."""
    if lines := mistakes(settings):
        raise SettingsError([f"{where}: {line}" for line in lines])
    return recipients_of(settings)
