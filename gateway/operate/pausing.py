"""Pausing a route, a workspace's answers, a smarthost or a source, and letting it go on: on every node, for as long."""

import time
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from gateway.errors import Permanent
from gateway.operate.acts import OPERATOR
from gateway.spool import halts
from gateway.spool.audit import Who
from gateway.spool.spool import Spool

if TYPE_CHECKING:  # a command that only looks is spared what a plan needs
    from gateway.plan import Plan


def pausable(plan: "Plan") -> list[str]:
    """List what can be paused: "route:NAME", "workspace:NAME", "smarthost:NAME", "source:NAME"."""
    return list(dict.fromkeys(_names(plan)))


def _names(plan: "Plan") -> Iterator[str]:
    settings = plan.settings
    yield from (f"route:{route.name}" for route in settings.route)
    yield from (f"workspace:{name}" for name in settings.cention)
    yield from (f"smarthost:{one.name or one.address}" for one in plan.around.smarthosts)
    yield from (f"source:{one.name}" for tables in settings.fetched().values() for one in tables)


def meant(names: Sequence[str], said: str) -> str:
    """Return which of the names a person means, who may leave the kind out; Permanent where that is none or several."""
    found = [name for name in names if said in {name, name.partition(":")[2]}]
    if len(found) == 1:
        return found[0]
    if found:
        raise Permanent(f"{said} may be {' or '.join(found)}: say which")
    raise Permanent(f"there is no {said}; there are {', '.join(names)}")


def pause(spool: Spool, name: str, reason: str, who: Who = OPERATOR) -> bool:
    """Pause something; False when it was paused already. What is being done at that moment is finished."""
    return spool.change(partial(halts.pause, name=name, who=who, reason=reason, now=time.time())).result()


def resume(spool: Spool, name: str, who: Who = OPERATOR) -> bool:
    """Let something go on; False when it was not paused."""
    return spool.change(partial(halts.resume, name=name, who=who, now=time.time())).result()


def paused(spool: Spool) -> Mapping[str, dict[str, Any]]:
    """Return what is paused by its name: `since` when, by whom (`who`), and why (`reason`)."""
    return spool.read(halts.halted)
