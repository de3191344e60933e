"""The screen of `status` and `top`: what is not all right first, then each part in a line; narrower, it says less."""

from collections.abc import Iterator
from datetime import datetime

from rich.table import Column, Table
from rich.text import Text

from gateway.cli.terminal import WIDE, visible
from gateway.status.standing import LaneStanding, Level, Overview, SourceStanding

_SIGNS = {Level.OK: ("✓", "green"), Level.WARNING: ("!", "yellow"), Level.WRONG: ("✗", "bold red")}
HEADS = {
    Level.OK: "All is right.",
    Level.WARNING: "Nothing needs a person now, but:",
    Level.WRONG: "Something needs a person:",
}
COLOURS = {Level.OK: "", Level.WARNING: "yellow", Level.WRONG: "red"}
_UNITS = ((172_800, 86_400, "d"), (7200, 3600, "h"), (120, 60, "min"), (0, 1, "s"))
_NARROW = 120


def screen(found: Overview, width: int = WIDE) -> Iterator[Table]:
    """Yield the tables, to be printed one after the other; what others said is no markup."""
    yield remarks(found)
    yield house(found)
    yield sources(found, wide=width >= _NARROW)
    yield lanes(found, wide=width >= _NARROW)
    yield smarthosts(found)


def remarks(found: Overview) -> Table:
    """Return what is not all right, or that there is nothing."""
    table = _table("", last="")
    table.show_header = False
    table.title, table.title_justify = Text(HEADS[found.level], style=f"bold {COLOURS[found.level]}"), "left"
    for remark in found.remarks:
        table.add_row(sign(remark.level), Text(remark.what), _said(remark.level, remark.said))
    table.add_row("")
    return table


def house(found: Overview) -> Table:
    """Return the program and its store."""
    table = _table("", last="")
    table.show_header = False
    gateway, spool = found.gateway, found.spool
    # What is wrong with it stands above, at length.
    said = gateway.said if gateway.level is Level.OK else "see above"
    table.add_row(sign(gateway.level), "gateway", Text(f"{gateway.address}: {said}"))
    counts = f"{spool.waiting} waiting ({spool.answers_waiting} answers), {spool.parked} parked"
    oldest = f"; the oldest since {ago(spool.oldest_waiting, found.at)}" if spool.oldest_waiting is not None else ""
    free = f"; {spool.free / 1e9:.1f} GB free" if spool.free is not None else ""
    table.add_row(sign(spool.level), "spool", Text(f"{counts}{oldest}{free}; {spool.name}"))
    return table


def sources(found: Overview, *, wide: bool) -> Table:
    """Return the ways in."""
    counts = ("taken", "seen before", "skipped", "refused") if wide else ("taken",)
    table = _table("source", "last success", *counts, last="state")
    for one in found.sources:
        numbers = list(_counts(one))[: len(counts)]
        name = Text(f"{one.kind} {one.name}")
        table.add_row(sign(one.level), name, ago(one.last_success, found.at), *numbers, _said(one.level, one.said))
    return table


def _counts(one: SourceStanding) -> Iterator[str]:
    for number in (one.taken, one.seen_before, one.skipped, one.refused):
        yield "" if number is None else str(number)


def lanes(found: Overview, *, wide: bool) -> Table:
    """Return routes and workspaces; a token's state has no column of its own where it is narrow."""
    table = _table("route or workspace", "waiting", "held", "parked", *(("last answer", "token") if wide else ()))
    for one in (*found.routes, *found.workspaces):
        last = ago(one.last_answer, found.at) if one.kind == "workspace" else ""
        cells = [str(one.waiting), str(one.held), str(one.parked), *((last, visible(one.token)) if wide else ())]
        name = Text(f"{one.kind} {one.name}")
        table.add_row(sign(one.level), name, *map(Text, cells), _said(one.level, _words(one)))
    return table


def _words(one: LaneStanding) -> str:
    if one.paused_since is None:
        return one.said
    return f"{one.said} (since {datetime.fromtimestamp(one.paused_since).astimezone():%Y-%m-%d %H:%M %Z})"


def smarthosts(found: Overview) -> Table:
    """Return where answers leave by."""
    table = _table("smarthost", "last success", "mails")
    for one in found.smarthosts:
        numbers = (ago(one.last_success, found.at), str(one.mails))
        table.add_row(sign(one.level), Text(one.address), *numbers, _said(one.level, one.said))
    return table


def _table(name: str, *columns: str, last: str = "state") -> Table:
    """Return a table of a sign, a name, numbers, and a sentence that may take several lines."""
    numbers = [Column(one, justify="left" if one == "token" else "right", no_wrap=True) for one in columns]
    first = Column(name, overflow="fold", min_width=20)
    return Table(Column("", width=1), first, *numbers, Column(last, overflow="fold"), box=None, pad_edge=False)


def _said(level: Level, words: str) -> Text:
    return Text(visible(words), style=COLOURS[level])


def sign(level: Level) -> Text:
    """Return the sign of a level in its colour; the same in all that the terminal shows."""
    return Text(*_SIGNS[level])


def ago(at: float | None, now: float) -> str:
    """Say how long before `now` something was, in one unit; "never" for None."""
    if at is None:
        return "never"
    seconds = max(0.0, now - at)
    unit, name = next((unit, name) for least, unit, name in _UNITS if seconds >= least)
    return f"{seconds // unit:.0f} {name} ago"
