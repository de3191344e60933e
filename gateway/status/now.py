"""One look at everything from beside the gateway: settings, spool, and what the running gateway says."""

import time
from pathlib import Path
from typing import NamedTuple

from gateway.plan import load_plan
from gateway.spool.spool import beside
from gateway.status.live import ask
from gateway.status.overview import overview
from gateway.status.standing import Overview
from gateway.status.stored import look


class Seen(NamedTuple):
    """How everything stands, and whether a gateway said so or the spool and the settings alone."""

    overview: Overview
    live: bool


def seen(config: Path) -> Seen:
    """Look; GatewayError where the settings are wrong or the spool cannot be opened.

    Nothing is kept open in between: a gateway can start and stop, and settings change, while somebody looks on.
    """
    plan = load_plan(config)
    settings = plan.settings
    live = ask(settings.http.listen)
    with beside(settings.gateway.store, bodies=settings.gateway.bodies) as spool:
        stored = look(spool, settings.lanes())
    return Seen(overview(plan, stored, live, time.time()), not live.trouble)
