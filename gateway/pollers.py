"""From settings to pollers: everything that is fetched from, each with its route and what it remembers."""

from gateway.config.settings import Settings
from gateway.plan import Plan
from gateway.sources.imap import imap_pollers
from gateway.sources.maildir import MaildirPoller
from gateway.sources.pickup import PickupPoller
from gateway.sources.places import Places
from gateway.sources.poller import Poller
from gateway.sources.pop3 import Pop3Poller


def pollers_of(plan: Plan, places: Places) -> list[Poller]:
    """Return a poller for each mailbox folder and directory that the settings name."""
    settings, match = plan.settings, plan.recipients.match
    return [
        *imap_pollers(settings.imap, places, match, plan.token_of),
        *(Pop3Poller(one, places, match, plan.token_of(one.oauth) if one.oauth else None) for one in settings.pop3),
        *(MaildirPoller(one, match) for one in settings.maildir),
        *(PickupPoller(one, match) for one in settings.pickup),
    ]


def fetching(settings: Settings) -> object:
    """Return what pollers are made from: when it changes they are made anew."""
    return settings.fetched(), settings.oauth, settings.route
