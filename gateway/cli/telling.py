"""Mails' and answers' ways on a terminal: sign, word and colour together, times as the reader's clock has them."""

from collections.abc import Iterator, Sequence
from datetime import datetime

from rich.console import Console
from rich.text import Text

from gateway.cli.screen import sign
from gateway.cli.terminal import visible
from gateway.status.standing import Level
from gateway.status.steps import Recipient, Step, Way, Work

_COLOURS = {Level.OK: "", Level.WARNING: "yellow", Level.WRONG: "red"}
_WORD = 14
_NARROWEST = 20


def tell(ways: Sequence[Way]) -> None:
    """Print ways, one below the other; on a terminal long lines are broken, elsewhere each step is one line."""
    console = Console(highlight=False, soft_wrap=True)
    for number, way in enumerate(ways):
        if number:
            console.print()
        for line in _lines(way, broken=console.is_terminal):
            _print(console, *line)


def _lines(way: Way, *, broken: bool) -> Iterator[tuple[Text, Text]]:
    """Yield each line as what stands before and what may be broken into several."""
    yield _marked(way.level, f"{way.kind} {way.id}  "), Text(visible(way.title), style="bold")
    yield Text("  "), Text(visible(way.people), style="dim")
    for job in way.jobs:
        yield from _job(job)
    for recipient in way.recipients:
        yield _recipient(recipient)
    day = ""
    for step in way.steps:
        at = datetime.fromtimestamp(step.at).astimezone()
        if broken and (new := f"{at:%A %Y-%m-%d, %Z}") != day:
            day = new
            yield Text("  "), Text(day, style="dim")
        clock = f"{at:%H:%M:%S}.{at.microsecond // 1000:03}"
        yield _step(step, clock if broken else f"{at:%Y-%m-%d} {clock}{at:%z}")


def _marked(level: Level, words: str, indent: int = 0) -> Text:
    return Text.assemble(" " * indent, sign(level), f" {words}")


def _job(job: Work) -> Iterator[tuple[Text, Text]]:
    kind = f"{job.kind}, route {job.route}" if job.route else job.kind
    words = Text.assemble((job.state, f"bold {_COLOURS[job.level]}"), f": {visible(job.why)}" if job.why else "")
    yield _marked(job.level, f"job {job.id} ({kind})  ", 2), words
    if job.level is Level.WRONG:
        acts = f"cention-gateway queue retry {job.id}, or queue discard {job.id} --reason WHY"
        yield Text("    "), Text(f"needs a person: {acts}", style="dim")


def _recipient(one: Recipient) -> tuple[Text, Text]:
    since = datetime.fromtimestamp(one.since).astimezone()
    words = Text.assemble((one.state, f"bold {_COLOURS[one.level]}"), f" since {since:%Y-%m-%d %H:%M:%S}")
    return _marked(one.level, f"to {visible(one.address)}  ", 2), words + Text(f": {visible(one.said)}")


def _step(step: Step, clock: str) -> tuple[Text, Text]:
    word = Text(f"{visible(step.what):<{_WORD}} ", style=f"bold {_COLOURS[step.level]}")
    details = Text("  ").join(
        Text.assemble((f"{name}: " if name else "", "dim"), visible(value).replace("\n", " "))
        for name, value in step.details
    )
    return Text.assemble("  ", (clock, "dim"), "  ", sign(step.level), " ", word), details


def _print(console: Console, before: Text, after: Text) -> None:
    """Print a line; on a terminal what is too long goes on below its own beginning."""
    room = console.width - before.cell_len
    if not console.is_terminal or room < _NARROWEST:
        console.print(Text.assemble(before, after))
        return
    first, *rest = after.wrap(console, room) or [Text()]
    console.print(Text.assemble(before, first))
    for line in rest:
        console.print(Text.assemble(" " * before.cell_len, line))
