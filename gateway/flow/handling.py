"""What becomes of automatic mail, as the settings say it for a route."""

from dataclasses import dataclass
from functools import lru_cache

from gateway.config.automatic import AutomaticSection, RouteAutomatic
from gateway.config.cention import Route
from gateway.config.settings import Settings
from gateway.flow.automatic import Handling, Signs
from gateway.model import AutoKind


@dataclass(frozen=True, slots=True)
class Aside:
    """That no errand is made of a mail: by which setting, and why; `held` where it waits for a person."""

    setting: str
    reason: str
    held: bool


def choices(settings: Settings, route: Route) -> AutomaticSection:
    """Return `[automatic]` as it is for a route."""
    return _merged(settings.automatic, route.automatic)


@lru_cache(maxsize=256)
def _merged(usual: AutomaticSection, own: RouteAutomatic) -> AutomaticSection:
    return usual.model_copy(update=own.model_dump(exclude_none=True))


def aside(signs: Signs, chosen: AutomaticSection, hostname: str) -> Aside | None:
    """Return why no errand is made of a mail, going by itself alone; None where one is. `hostname` is our own."""
    if signs.trace is not None and signs.trace.hostname == hostname.lower() and chosen.loop != "errand":
        reason = f"our own answer to errand #{signs.trace.errand} came back: a loop"
        return Aside("loop", reason, held=chosen.loop == "hold")
    action = getattr(chosen, signs.kind.value) if signs.kind is not AutoKind.PERSON else "errand"
    if action in {"discard", "hold"}:
        return Aside(signs.kind.value, f"{signs.kind}: {signs.why}", held=action == "hold")
    return None


def handling(settings: Settings, route: Route, *, own: bool = False) -> Handling:
    """Return what reading asks of a route's settings: the same value for the same ones."""
    return handling_by(choices(settings, route), route.thread_mark, trim=route.trim_replies, own=own)


@lru_cache(maxsize=256)
def handling_by(chosen: AutomaticSection, mark: str = "", *, trim: bool = False, own: bool = False) -> Handling:
    """Return what reading asks of these choices."""
    actions = {kind: getattr(chosen, kind.value) for kind in AutoKind if kind is not AutoKind.PERSON}
    closed, attached = (
        frozenset(kind for kind, action in actions.items() if action == wanted) for wanted in ("closed", "attach")
    )
    return Handling(closed, attached, mark, trim=trim, own=own)
