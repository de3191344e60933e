"""Is it all right? One look at everything, as values: from the settings, the spool and the running gateway."""

from collections.abc import Iterator

from gateway.config.settings import Settings
from gateway.flow.tokens import standings
from gateway.outgoing.smarthost import Smarthost
from gateway.plan import Plan
from gateway.status.lanes import lane
from gateway.status.live import Live
from gateway.status.sources import sources
from gateway.status.standing import (
    GatewayStanding,
    LaneStanding,
    Level,
    Overview,
    Remark,
    SmarthostStanding,
    SourceStanding,
    SpoolStanding,
)
from gateway.status.stored import Stored

_LONG_WAIT = 3600.0
_UNFINISHED = ("queued", "working", "held")
_WORST_FIRST = (Level.WRONG, Level.WARNING)


def overview(plan: Plan, stored: Stored, live: Live, now: float) -> Overview:
    """Say how everything stands, at `now` (Unix seconds): what the spool knows, and what the gateway says of itself."""
    settings = plan.settings
    gateway, spool = _gateway(settings, live), _spool(settings, stored, now)
    ways_in = tuple(sources(settings, stored, live))
    tokens = {one.owner: one for one in standings(settings, now)}
    routes = tuple(lane("route", one.name, tokens[f"route:{one.name}"], stored, live) for one in settings.route)
    workspaces = tuple(lane("workspace", name, tokens[f"workspace:{name}"], stored, live) for name in settings.cention)
    smarthosts = tuple(_smarthost(one, stored, live) for one in plan.around.smarthosts)
    remarks = [*_of_parts(gateway, spool), *_of_ways(ways_in, routes + workspaces, smarthosts)]
    remarks += _of_notes(live)
    remarks.sort(key=lambda remark: _WORST_FIRST.index(remark.level))
    return Overview(now, gateway, spool, ways_in, routes, workspaces, smarthosts, tuple(remarks))


def _gateway(settings: Settings, live: Live) -> GatewayStanding:
    address = str(settings.http.listen)
    if live.trouble:
        return GatewayStanding(Level.WRONG, f"does not run here: {live.trouble}", address)
    wrong = "; ".join(f"{name}: {said}" for name, said in live.parts.items() if said)
    level = Level.WRONG if wrong else Level.OK
    return GatewayStanding(level, wrong or "ready", address, tuple(live.parts.items()))


def _spool(settings: Settings, stored: Stored, now: float) -> SpoolStanding:
    if stored.trouble:
        return SpoolStanding(Level.WRONG, stored.trouble, stored.name)
    waiting = sum(number for (_, state), number in stored.counts.items() if state in _UNFINISHED)
    answers = sum(number for (kind, state), number in stored.counts.items() if kind == "answer" and state != "parked")
    parked = sum(number for (_, state), number in stored.counts.items() if state == "parked")
    level, said = Level.OK, "well"
    if stored.free is not None and stored.free < settings.gateway.min_free:
        level, said = Level.WRONG, "no mail is taken: less disk is free than gateway.min_free"
    elif parked:
        level, said = Level.WRONG, f"{parked} jobs need a person: cention-gateway queue list --state parked"
    elif stored.oldest_waiting is not None and now - stored.oldest_waiting > _LONG_WAIT:
        level, said = Level.WARNING, "something has waited for over an hour: cention-gateway queue list"
    return SpoolStanding(level, said, stored.name, waiting, parked, answers, stored.oldest_waiting, stored.free)


def _smarthost(one: Smarthost, stored: Stored, live: Live) -> SmarthostStanding:
    address, halted = one.address, stored.halts.get(f"smarthost:{one.name or one.address}")
    told = live.smarthosts.get(address)
    if halted:
        return SmarthostStanding(Level.WARNING, address, "paused", halted)
    if told is None:
        return SmarthostStanding(Level.OK, address, "unknown", "not known: no gateway that sends answers says anything")
    state, failures, reason = told["state"], told["failures"], told["reason"]
    words = {"ok": "works", "unused": "was not asked yet", "failing": f"failed {failures} times in a row: {reason}"}
    return SmarthostStanding(
        level=Level.WARNING if state == "failing" else Level.OK,
        address=address,
        state=state,
        said=words.get(state, state),
        since=told["since"] or None,
        last_success=told["last_success"] or None,
        failures=failures,
        mails=told["mails"],
    )


def _of_parts(gateway: GatewayStanding, spool: SpoolStanding) -> Iterator[Remark]:
    for what, one in (("gateway", gateway), ("spool", spool)):
        if one.level is not Level.OK:
            yield Remark(one.level, what, one.said)


def _of_notes(live: Live) -> Iterator[Remark]:
    """What the gateway remarks beside what stands in its own place here."""
    told = {"parked", *live.down, *(one["name"] for one in live.mailboxes), *(f"token of {one}" for one in live.tokens)}
    for what, note in live.notes.items():
        if what not in told and not what.startswith(("route:", "workspace:", "smarthost ")):
            yield Remark(Level.WARNING, what, note)


def _of_ways(
    ways_in: tuple[SourceStanding, ...], lanes: tuple[LaneStanding, ...], smarthosts: tuple[SmarthostStanding, ...]
) -> Iterator[Remark]:
    """What is wrong with single ones. Parked jobs, and sources that are down with the gateway, were told above."""
    for way in ways_in:
        if way.level is not Level.OK and way.state != "down":
            yield Remark(way.level, f"{way.kind} {way.name}", way.said)
    for one in lanes:
        if one.paused_since is not None or (one.level is not Level.OK and not one.parked):
            yield Remark(one.level, f"{one.kind} {one.name}", f"{one.said}; token {one.token}")
    for smarthost in smarthosts:
        if smarthost.level is not Level.OK:
            yield Remark(smarthost.level, f"smarthost {smarthost.address}", smarthost.said)
