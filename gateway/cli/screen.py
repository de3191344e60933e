"""The screen of `status`: what is not all right first, then each part in a line."""

from collections.abc import Iterator
from datetime import UTC, datetime

from rich.table import Table
from rich.text import Text

from gateway.status.standing import LaneStanding, Level, Overview, SourceStanding

_SIGNS = {Level.OK: ("✓", "green"), Level.WARNING: ("!", "yellow"), Level.WRONG: ("✗", "bold red")}
_HEADS = {
    Level.OK: "All is right.",
    Level.WARNING: "Nothing needs a person now, but:",
    Level.WRONG: "Something needs a person:",
}
_UNITS = ((172_800, 86_400, "d"), (7200, 3600, "h"), (120, 60, "min"), (0, 1, "s"))


def screen(found: Overview) -> Iterator[Table]:
    """Yield the tables, to be printed one after the other; what others said is no markup."""
    yield _head(found)
    yield _sources(found)
    yield _lanes(found)
    yield _smarthosts(found)


def _head(found: Overview) -> Table:
    table = Table("", _HEADS[found.level], "", box=None, title=None)
    for remark in found.remarks:
        table.add_row(_sign(remark.level), Text(remark.what), Text(remark.said))
    spool = found.spool
    table.add_row("")
    table.add_row(_sign(found.gateway.level), f"gateway {found.gateway.address}", Text(found.gateway.said))
    counts = f"{spool.waiting} waiting ({spool.answers_waiting} answers), {spool.parked} parked"
    oldest = f"; the oldest since {ago(spool.oldest_waiting, found.at)}" if spool.oldest_waiting is not None else ""
    free = f"; {spool.free / 1e9:.1f} GB free" if spool.free is not None else ""
    table.add_row(_sign(spool.level), f"spool {spool.name}", counts + oldest + free)
    return table


def _sources(found: Overview) -> Table:
    table = Table("", "source", "last success", box=None)
    for name in ("taken", "seen before", "skipped", "refused"):
        table.add_column(name, justify="right")
    table.add_column("state")
    for one in found.sources:
        table.add_row(_sign(one.level), f"{one.kind} {one.name}", *_counts(one, found.at), Text(one.said))
    return table


def _counts(one: SourceStanding, now: float) -> Iterator[str]:
    yield ago(one.last_success, now)
    for number in (one.taken, one.seen_before, one.skipped, one.refused):
        yield "" if number is None else str(number)


def _lanes(found: Overview) -> Table:
    table = Table("", "route or workspace", box=None)
    for name in ("waiting", "held", "parked"):
        table.add_column(name, justify="right")
    for name in ("last answer", "token", "state"):
        table.add_column(name)
    for one in (*found.routes, *found.workspaces):
        last = ago(one.last_answer, found.at) if one.kind == "workspace" else ""
        table.add_row(_sign(one.level), f"{one.kind} {one.name}", *_jobs(one), last, Text(one.token), Text(_said(one)))
    return table


def _jobs(one: LaneStanding) -> Iterator[str]:
    yield from map(str, (one.waiting, one.held, one.parked))


def _said(one: LaneStanding) -> str:
    if one.paused_since is None:
        return one.said
    return f"{one.said} (since {datetime.fromtimestamp(one.paused_since, UTC):%Y-%m-%d %H:%M} UTC)"


def _smarthosts(found: Overview) -> Table:
    table = Table("", "smarthost", "last success", box=None)
    table.add_column("mails", justify="right")
    table.add_column("state")
    for one in found.smarthosts:
        last = ago(one.last_success, found.at)
        table.add_row(_sign(one.level), one.address, last, str(one.mails), Text(one.said))
    return table


def _sign(level: Level) -> Text:
    return Text(*_SIGNS[level])


def ago(at: float | None, now: float) -> str:
    """Say how long before `now` something was, in one unit; "never" for None."""
    if at is None:
        return "never"
    seconds = max(0.0, now - at)
    unit, name = next((unit, name) for least, unit, name in _UNITS if seconds >= least)
    return f"{seconds // unit:.0f} {name} ago"
