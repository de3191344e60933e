"""The picture of `top`: the time, what a minute brings, and the tables of `status` as far as the window goes."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime

from rich.console import Console, ConsoleOptions, Group, RenderableType
from rich.segment import Segment
from rich.text import Text

from gateway.cli.screen import screen
from gateway.status.standing import Overview

_MINUTE = 60.0


@dataclass(frozen=True, slots=True)
class Picture:
    """A look, and the look before it (None: it is the first)."""

    found: Overview
    before: Overview | None
    every: float

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> Iterator[RenderableType | Segment]:
        """Yield the lines that the window has room for; the last says how many there are below."""
        whole = Group(_head(self.found, self.before, self.every), *screen(self.found, options.max_width))
        lines = console.render_lines(whole, options.update(height=None), pad=False)
        room = options.height or options.size.height
        if len(lines) > room:
            left = Text(f"... {len(lines) - room + 1} more lines below", style="dim")
            lines = [*lines[: room - 1], *console.render_lines(left, options.update(height=None), pad=False)]
        for number, line in enumerate(lines):
            if number:
                yield Segment.line()
            yield from line


def _head(found: Overview, before: Overview | None, every: float) -> Text:
    clock = f"{datetime.fromtimestamp(found.at).astimezone():%Y-%m-%d %H:%M:%S}"
    rates = (("in", rate(before, found, taken)), ("out", rate(before, found, handed_on)))
    minute = "   ".join(f"{name} {value:,.0f}/min" for name, value in rates if value is not None)
    return Text.assemble((clock, "bold"), f"   {minute}" if minute else "", (f"   every {every:g} s, q ends", "dim"))


def rate(before: Overview | None, found: Overview, counted: Callable[[Overview], int]) -> float | None:
    """Return how many a minute came between two looks; None where a gateway that runs did not count both."""
    if before is None or not (before.gateway.parts and found.gateway.parts):
        return None
    if found.at <= before.at or counted(found) < counted(before):
        return None
    return (counted(found) - counted(before)) * _MINUTE / (found.at - before.at)


def taken(found: Overview) -> int:
    """Return how many mails the gateway has taken since it started."""
    return sum(one.taken or 0 for one in found.sources)


def handed_on(found: Overview) -> int:
    """Return how many mails smarthosts have taken since it started."""
    return sum(one.mails for one in found.smarthosts)
