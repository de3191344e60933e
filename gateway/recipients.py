"""The recipients that the settings name, for all that ask whose mail it is: listeners, pollers, `ingest`."""

from gateway.config.settings import Settings
from gateway.errors import SettingsError
from gateway.route.recipient import Recipients, check_pattern, duplicates


def recipients_of(settings: Settings) -> Recipients:
    """Return every route's recipients; of settings that `mistakes` finds nothing in."""
    return Recipients.of([(route.name, route.recipients) for route in settings.route])


def mistakes(settings: Settings) -> list[str]:
    """Say, a line each, which patterns are none, or else which are claimed by several routes."""
    wrong = [
        f"route[{number}].recipients[{place}]: {said}"
        for number, route in enumerate(settings.route, 1)
        for place, pattern in enumerate(route.recipients, 1)
        if (said := check_pattern(pattern))
    ]
    claims = [(route.name, route.recipients) for route in settings.route]
    return wrong or [f"route: {pattern} is claimed by {' and '.join(names)}" for pattern, names in duplicates(claims)]


def checked(settings: Settings, where: str) -> Recipients:
    """Return every route's recipients; SettingsError with every mistake, each line beginning with `where`."""
    if lines := mistakes(settings):
        raise SettingsError([f"{where}: {line}" for line in lines])
    return recipients_of(settings)
