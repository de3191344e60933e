"""The command line as values, read from the commands themselves: what help, manual and reference pages are made of."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import typer
import typer.main

from gateway.cli.examples import EXAMPLES, PROGRAM, Example

_TYPE = re.compile(r"<(list\[)?([A-Za-z]+)( range)?\]?>$")
_TYPES = {"str": "text", "int": "number", "float": "number", "Path": "path"}


class Entry(NamedTuple):
    """An argument or option: how it is written, and what it is for, with its default."""

    name: str
    said: str


@dataclass(frozen=True, slots=True)
class Command:
    """A command: its words after the program's name, its usage, what it does in paragraphs, and what it is given."""

    words: str
    usage: str
    about: tuple[str, ...]
    arguments: tuple[Entry, ...]
    options: tuple[Entry, ...]
    examples: tuple[Example, ...]


def described(cli: typer.Typer) -> list[Command]:
    """Return every command, in the order of the help."""
    return list(_commands(typer.main.get_command(cli), typer.Context, ""))


def _commands(command: Any, context: Any, words: str) -> Iterator[Command]:
    if hasattr(command, "commands"):
        for name, inner in command.commands.items():
            yield from _commands(inner, context, f"{words} {name}".strip())
        return
    yield _command(command, context(command, info_name=f"{PROGRAM} {words}"), words)


def _command(command: Any, context: Any, words: str) -> Command:
    shown = [one for one in command.get_params(context) if not one.hidden and one.name != "help"]
    pieces = [re.sub(r"[{}]", "", piece) for piece in command.collect_usage_pieces(context)]
    return Command(
        words=words,
        usage=" ".join([PROGRAM, words, *pieces]),
        about=tuple(" ".join(part.split()) for part in (command.help or "").split("\n\n")),
        arguments=tuple(_entry(one, context) for one in shown if one.param_type_name == "argument"),
        options=tuple(_entry(one, context) for one in shown if one.param_type_name == "option"),
        examples=EXAMPLES.get(words, ()),
    )


def _entry(parameter: Any, context: Any) -> Entry:
    name, said = parameter.get_help_record(context)
    said = said.replace("  [required]", "").replace("[required]", "").replace("  [", " [")
    if (kind := _TYPE.search(name)) is None:
        return Entry(name, said)
    repeated = "; may be repeated." if kind[1] and "repeat" not in said else ""
    name = f"{name[: kind.start()]}<{_TYPES.get(kind[2], kind[2])}>"
    return Entry(name, said.removesuffix(".") + repeated if repeated else said)
