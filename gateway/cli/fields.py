"""Options from a table: a command that takes a document has one for each of its fields, and reads them alike."""

import inspect
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from inspect import Parameter
from typing import Any

import typer


@dataclass(frozen=True, slots=True)
class FieldOption:
    """An option for a field of a document: its flag, where its value goes, its type, its help.

    `read` makes the field's value of what was typed; ValueError says what was expected.
    """

    flag: str
    path: tuple[str, ...]
    help: str
    type: Any = str
    read: Callable[[Any], Any] = lambda typed: typed

    @property
    def name(self) -> str:
        """The parameter that typer passes the option by."""
        return self.flag.strip("-").replace("-", "_") + "_field"


def with_fields(table: Sequence[FieldOption]) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Give a command, whose last parameter is `**typed`, the options of a table instead of that."""

    def decorate(command: Callable[..., None]) -> Callable[..., None]:
        signature = inspect.signature(command, eval_str=True)
        own = [one for one in signature.parameters.values() if one.kind is not Parameter.VAR_KEYWORD]
        vars(command)["__signature__"] = signature.replace(parameters=[*own, *map(_parameter, table)])
        return command

    return decorate


def _parameter(option: FieldOption) -> Parameter:
    default = typer.Option(None, option.flag, help=option.help)
    return Parameter(option.name, Parameter.KEYWORD_ONLY, default=default, annotation=option.type | None)


def given(table: Sequence[FieldOption], typed: dict[str, Any]) -> list[tuple[tuple[str, ...], Any]]:
    """Return what was typed, as places in the document and values; typer.BadParameter where one cannot be read."""
    found = []
    for option in table:
        value = typed.get(option.name)
        if value is None or value == []:
            continue
        try:
            found.append((option.path, option.read(value)))
        except ValueError as error:
            raise typer.BadParameter(str(error), param_hint=option.flag) from error
    return found
