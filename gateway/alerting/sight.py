"""What the gateway sees of itself, as matters: what is wrong now, what is right, and nothing of what it cannot see."""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from gateway.alerting.matter import Matter
from gateway.config.alerts import AlertsSection
from gateway.config.settings import Settings
from gateway.config.units import size_text
from gateway.flow.tokens import standings
from gateway.sources.poller import State, Status
from gateway.spool import query
from gateway.spool.room import free
from gateway.spool.spool import Spool
from gateway.spool.threads import held_in_loops

# What names them begins with one of these: of such, what is not seen is right, or is not there any more.
_SHARED = ("token ", "lane ", "loop ")
_UNSEEN = frozenset({State.ELSEWHERE, State.PAUSED, State.STOPPED})
_LONGEST_NAME = 200
# An accepting process that ends is started again within seconds.
_PART_SETTLES = 60.0
_ENOUGH = 1.1


@dataclass(frozen=True, slots=True)
class Sight:
    """What is looked at. `parts` says what is wrong with each part of this node, `statuses` are its pollers'."""

    settings: Callable[[], Settings]
    spool: Spool
    parts: Callable[[], Mapping[str, str]]
    statuses: Callable[[], Iterable[Status]]


def own(sight: Sight, known: Iterable[str], now: float) -> Iterator[Matter]:
    """Look at what this node alone sees: its parts, its disk, and those mailboxes that it fetches from."""
    settings = sight.settings()
    for name, trouble in sight.parts().items():
        yield Matter(f"part {name}", trouble, settle=_PART_SETTLES)
    door = sight.spool.door
    if door is not None:
        yield _disk(door.parent, settings.alerts, is_known="disk" in known)
    for status in sight.statuses():
        yield from _mailbox(status, settings.alerts, now)


def shared(sight: Sight, known: Iterable[str], now: float) -> list[Matter]:
    """Look at what is the same for all nodes: jobs, lanes, tokens. GatewayError where the spool does not answer."""
    settings = sight.settings()
    seen = [*_jobs(sight.spool, settings.alerts, now), *_lanes(sight.spool)]
    seen += [Matter(f"token of {one.owner}", one.note) for one in standings(settings, now)]
    names = {matter.what for matter in seen}
    return seen + [Matter(what) for what in known if what.startswith(_SHARED) and what not in names]


def _jobs(spool: Spool, alerts: AlertsSection, now: float) -> Iterator[Matter]:
    counts, oldest = spool.read(query.counts), spool.read(query.oldest_unfinished)
    parked = sum(number for _, state, number in counts if state == "parked")
    said = f"{parked} jobs need a person: cention-gateway queue list --state parked" if parked else ""
    yield Matter("parked", said, parked)
    age = now - oldest if oldest is not None else 0.0
    late = bool(alerts.waiting) and age > alerts.waiting
    yield Matter("waiting", f"the oldest job has waited since {minute(now - age)}" if late else "")
    loops = spool.read(held_in_loops) if any(state == "held" for _, state, _ in counts) else []
    for writer, _, held in loops:
        said = f"{held} mails are held as a loop: cention-gateway queue list --state held"
        yield Matter(f"loop of {writer}"[:_LONGEST_NAME], said, held)


def _lanes(spool: Spool) -> Iterator[Matter]:
    for pause in spool.read(query.pauses):
        yield Matter(f"lane {pause['lane']}", f"paused since {minute(pause['since'])}: {pause['reason']}")


def _disk(folder: Path, alerts: AlertsSection, *, is_known: bool) -> Matter:
    try:
        left, enough = free(folder), alerts.free * (_ENOUGH if is_known else 1.0)
    except OSError as error:
        return Matter("disk", f"it cannot be looked at: {error.strerror or error}")
    said = f"{left / 1e9:.2f} GB are free, {size_text(alerts.free)} should be (alerts.free)" if left < enough else ""
    return Matter("disk", said)


def _mailbox(status: Status, alerts: AlertsSection, now: float) -> Iterator[Matter]:
    """Say nothing of one that others fetch or a person has paused, nor of one that may yet have its first success."""
    if not alerts.mailbox or status.state in _UNSEEN:
        return
    what = f"mailbox {status.name}"
    if now - (status.last_success or status.started) > alerts.mailbox:
        last = f"no success since {minute(status.last_success)}" if status.last_success else "no success yet"
        yield Matter(what, f"{last}: {status.error or status.state}")
    elif status.last_success:
        yield Matter(what)


def minute(at: float) -> str:
    """Write a time, in Unix seconds, for people anywhere."""
    return time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime(at))
