"""From settings to pollers: everything that is fetched from, each with its route and what it remembers."""

from gateway.config.settings import Settings
from gateway.plan import Plan
from gateway.sources.imap import imap_pollers
from gateway.sources.places import Places
from gateway.sources.poller import Poller


def pollers_of(plan: Plan, places: Places) -> list[Poller]:
    """Return a poller for each mailbox folder and directory that the settings name."""
    settings, match = plan.settings, plan.recipients.match
    return [*imap_pollers(settings.imap, places, match, plan.token_of)]


def fetching(settings: Settings) -> object:
    """Return what pollers are made from: when it changes they are made anew."""
    return settings.fetched(), settings.route
