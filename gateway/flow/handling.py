"""What becomes of automatic mail, as the settings say it for a route."""

from functools import lru_cache

from gateway.config.automatic import AutomaticSection, RouteAutomatic
from gateway.config.cention import Route
from gateway.config.settings import Settings
from gateway.flow.automatic import Handling
from gateway.model import AutoKind


def choices(settings: Settings, route: Route) -> AutomaticSection:
    """Return `[automatic]` as it is for a route."""
    return _merged(settings.automatic, route.automatic)


@lru_cache(maxsize=256)
def _merged(usual: AutomaticSection, own: RouteAutomatic) -> AutomaticSection:
    return usual.model_copy(update=own.model_dump(exclude_none=True))


def handling(settings: Settings, route: Route, *, own: bool = False) -> Handling:
    """Return what reading asks of a route's settings: the same value for the same ones."""
    return _handling(choices(settings, route), route.thread_mark, trim=route.trim_replies, own=own)


@lru_cache(maxsize=256)
def _handling(chosen: AutomaticSection, mark: str, *, trim: bool, own: bool) -> Handling:
    actions = {kind: getattr(chosen, kind.value) for kind in AutoKind if kind is not AutoKind.PERSON}
    closed, attached = (
        frozenset(kind for kind, action in actions.items() if action == wanted) for wanted in ("closed", "attach")
    )
    return Handling(closed, attached, mark, trim=trim, own=own)
