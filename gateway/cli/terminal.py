"""How commands print: tables for people, JSON for programs, a complaint on standard error."""

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from gateway.cli.exits import Exit

if TYPE_CHECKING:
    from rich.table import Table

_WIDE = 250


def print_table(table: "Table") -> None:
    """Print a table as wide as the terminal is; into a file or pipe, as wide as it wants to be."""
    from rich.console import Console

    console = Console()
    (console if console.is_terminal else Console(width=_WIDE)).print(table)


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
