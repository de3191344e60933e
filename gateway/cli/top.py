"""`top`: `status` again and again, on a screen of its own, with what goes in and out in a minute."""

import os
import select
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gateway.cli.options import DEFAULT, AsJson, Config
from gateway.cli.status import document, end, print_screen
from gateway.cli.terminal import print_json
from gateway.errors import GatewayError

if TYPE_CHECKING:
    from gateway.status.now import Seen

app = typer.Typer()
_END = frozenset(b"qQ\x03\x04")


@app.command()
def top(
    config: Config = DEFAULT,
    every: Annotated[float, typer.Option(min=0.2, max=3600, help="Seconds from one look to the next.")] = 2.0,
    count: Annotated[int, typer.Option(min=0, help="End after so many looks; 0 goes on.")] = 0,
    *,
    as_json: AsJson = False,
) -> None:
    """Watch how everything stands, as `status` has it, until q or Ctrl-C.

    Where the output is no terminal it is one picture; with --json it is a line of JSON a look.
    """
    looks = count or (0 if as_json or sys.stdout.isatty() else 1)
    with _keys() as asked_to_end:
        try:
            last = _as_json(config, every, looks) if as_json else _on_screen(config, every, looks, asked_to_end)
        except KeyboardInterrupt:
            return
    if looks == 1:
        end(last)


def _as_json(config: Path, every: float, looks: int) -> "Seen":
    for found in _looks(config, every, looks, _sleep):
        print_json(document(found))
        sys.stdout.flush()
    return found


def _on_screen(config: Path, every: float, looks: int, pause: Callable[[float], bool]) -> "Seen":
    from rich.console import Console
    from rich.live import Live

    from gateway.cli.picture import Picture

    console, before = Console(), None
    if not console.is_terminal:
        for found in _looks(config, every, looks, _sleep):
            print_screen(found)
        return found
    with Live(console=console, screen=True, auto_refresh=False) as live:
        for found in _looks(config, every, looks, pause):
            live.update(Picture(found.overview, before, every), refresh=True)
            before = found.overview
    return found


def _looks(config: Path, every: float, looks: int, pause: Callable[[float], bool]) -> Iterator["Seen"]:
    """Look again and again, until there were so many (0: no end) or the pause says that it is enough."""
    from gateway.status.now import seen

    last, done = seen(config), 1
    while True:
        began = time.monotonic()
        yield last
        if done == looks or pause(max(0.0, began + every - time.monotonic())):
            return
        try:
            last = seen(config)
        except GatewayError as error:
            last = _kept(last, error)
        done += 1


def _kept(last: "Seen", error: GatewayError) -> "Seen":
    """Return the look before with what keeps us from another: somebody may be in the midst of writing the settings."""
    from gateway.status.standing import Level, Remark

    kept = [one for one in last.overview.remarks if one.what != "top"]
    remark = Remark(Level.WRONG, "top", f"cannot look, this is how it was before: {error}")
    return last._replace(overview=replace(last.overview, remarks=(remark, *kept)))


def _sleep(seconds: float) -> bool:
    time.sleep(seconds)
    return False


@contextmanager
def _keys() -> Iterator[Callable[[float], bool]]:
    """Have single keys read while the context lasts; what it gives waits so long, and says whether one ends it."""
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        yield _sleep
        return
    import termios
    import tty

    before = termios.tcgetattr(sys.stdin)
    tty.setcbreak(sys.stdin)
    try:
        yield _waited
    finally:
        termios.tcsetattr(sys.stdin, termios.TCSADRAIN, before)


def _waited(seconds: float) -> bool:
    until = time.monotonic() + seconds
    while (left := until - time.monotonic()) > 0:
        if select.select([sys.stdin], [], [], left)[0] and _END.intersection(os.read(sys.stdin.fileno(), 100) or b"q"):
            return True
    return False
