"""The list of jobs on a terminal: where each stands by sign, word and colour; the wider, the more columns."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from rich.console import Console
from rich.table import Column, Table
from rich.text import Text

from gateway.cli.screen import sign
from gateway.cli.terminal import visible
from gateway.operate import cells
from gateway.status.standing import Level
from gateway.status.steps import STATES

_COLOURS = {Level.OK: "", Level.WARNING: "yellow", Level.WRONG: "red"}
_WIDE, _WIDEST = 100, 140


def listing(rows: Sequence[dict[str, Any]], console: Console) -> Table:
    """Return the table of jobs as `search.page` has them; where it is not for a terminal, with every column."""
    width = console.width if console.is_terminal else _WIDEST
    table = Table(*_columns(width), box=None, pad_edge=False)
    today = datetime.now().astimezone().date()
    for row in rows:
        number, kind, state, route, tries, name, subject, what = map(visible, cells(row))
        level = STATES.get(state, Level.OK)
        shown = Text.assemble(sign(level), " ", (state, _COLOURS[level]))
        came = datetime.fromtimestamp(row["created_at"]).astimezone()
        when = f"{came:%H:%M:%S}" if came.date() == today else f"{came:%Y-%m-%d}"
        some: list[str | Text] = [number, shown, when, route, subject, what]
        some[4:4] = [kind, tries] if width >= _WIDE else []
        some[4:4] = [name] if width >= _WIDEST else []
        table.add_row(*(one if isinstance(one, Text) else Text(one) for one in some))
    return table


def _columns(width: int) -> list[Column]:
    ends = [Column("subject", ratio=2, overflow="fold"), Column("what", ratio=3, overflow="fold")]
    wide = [Column("kind"), Column("tries", justify="right")] if width >= _WIDE else []
    widest = [Column("id", no_wrap=True)] if width >= _WIDEST else []
    first = [Column("job", justify="right", no_wrap=True), Column("state", no_wrap=True), Column("came", no_wrap=True)]
    return [*first, Column("route", overflow="fold"), *widest, *wide, *ends]
