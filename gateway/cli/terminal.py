"""How commands print: tables for people, JSON for programs, a complaint on standard error."""

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from gateway.cli.exits import Exit

if TYPE_CHECKING:
    from rich.table import Table

WIDE = 250
_ANY = 100_000


def width() -> int:
    """Return how wide the terminal is; into a file or pipe, as wide as any table wants to be."""
    from rich.console import Console

    console = Console()
    return console.width if console.is_terminal else WIDE


def print_table(table: "Table") -> None:
    """Print a table as wide as the terminal is; into a file or pipe, each row in one line."""
    from rich.console import Console
    from rich.measure import Measurement

    console = Console()
    if console.is_terminal:
        console.print(table)
        return
    wanted = Measurement.get(console, console.options.update(max_width=_ANY), table).maximum
    console = Console(width=max(wanted, 1))
    with console.capture() as captured:
        console.print(table)
    print("\n".join(line.rstrip() for line in captured.get().splitlines()))


def visible(text: str) -> str:
    """Return text without what moves a terminal's cursor, changes its colours or turns the direction of writing."""
    return "".join(char if char.isprintable() or char in "\n\t" else "�" for char in text)


def print_json(value: Any) -> None:
    """Print a value as one line of JSON."""
    print(json.dumps(value, ensure_ascii=False, default=str))


def complain(line: object, code: Exit) -> typer.Exit:
    """Print a line on standard error; raise what is returned, to end with the code."""
    print(line, file=sys.stderr)
    return typer.Exit(code)


def content_of(file: Path) -> bytes:
    """Read a file that a command was given; exit 66 when it cannot be read."""
    try:
        return file.read_bytes()
    except OSError as error:
        raise complain(f"{file}: cannot be read: {error.strerror}", Exit.NO_INPUT) from error
