"""How each route's errands and each workspace's answers stand."""

from collections.abc import Mapping
from typing import Any

from gateway.flow.tokens import Standing
from gateway.status.live import Live
from gateway.status.standing import LaneStanding, Level
from gateway.status.stored import Stored


def lane(kind: str, name: str, token: Standing, stored: Stored, live: Live) -> LaneStanding:
    """Say how a lane stands: `kind` is "route" or "workspace", `token` its own as it can be read here."""
    owner = f"{kind}:{name}"
    waiting, held, parked = (_count(stored, owner, state) for state in (("queued", "working"), ("held",), ("parked",)))
    level, said = _words(owner, stored, live, parked)
    token_level, token_said = _token(owner, token, live)
    return LaneStanding(
        level=max(level, token_level, key=list(Level).index),
        kind=kind,
        name=name,
        said=said,
        token=token_said,
        paused_since=stored.pauses[owner][0] if owner in stored.pauses else None,
        waiting=waiting,
        held=held,
        parked=parked,
        last_answer=stored.last_answer.get(name) if kind == "workspace" else None,
    )


def _count(stored: Stored, owner: str, states: tuple[str, ...]) -> int:
    return sum(stored.lanes.get((owner, state), 0) for state in states)


def _words(owner: str, stored: Stored, live: Live, parked: int) -> tuple[Level, str]:
    if owner in stored.pauses:
        return Level.WRONG, f"paused: {stored.pauses[owner][1]}"
    if owner in stored.halts:
        return Level.WRONG if parked else Level.WARNING, stored.halts[owner]
    if parked:
        return Level.WRONG, f"{parked} parked: cention-gateway queue list --state parked"
    if owner in live.down:
        return Level.WARNING, live.down[owner]
    return Level.OK, "working" if not live.trouble else "waits for the gateway to run"


def _token(owner: str, token: Standing, live: Live) -> tuple[Level, str]:
    """The gateway's own word goes before ours: this command's user may not be able to read its files."""
    told: Mapping[str, Any] | None = live.tokens.get(owner)
    if told is None:
        expired = token.days is not None and token.days <= 0
        level = Level.WRONG if token.trouble or expired else Level.WARNING if token.soon else Level.OK
        return level, token.note or "can be read"
    note = live.notes.get(f"token of {owner}", "")
    wrong = "trouble" in told or told.get("days_left", 1.0) <= 0
    said = note or (f"good until {told['expires']}" if "expires" in told else "has no known end")
    return Level.WRONG if wrong else Level.WARNING if note else Level.OK, said
