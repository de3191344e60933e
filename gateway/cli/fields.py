"""Options from a table: a command that takes a document has one for each of its fields, and reads them alike."""

import inspect
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import wraps
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


def with_fields(table: Sequence[FieldOption], common: type) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Give a command, whose last parameters are `asked` and `**typed`, options instead of these.

    They are the fields of `common`, a dataclass whose value `asked` is then, and those of a table.
    """

    def decorate(command: Callable[..., None]) -> Callable[..., None]:
        shared = inspect.signature(common).parameters

        @wraps(command)
        def run(**words: Any) -> None:
            asked = common(**{name: words.pop(name) for name in shared})
            command(asked=asked, **words)

        own = [one for one in inspect.signature(command).parameters.values() if one.name not in {"asked", "typed"}]
        parameters = [*own, *shared.values(), *map(_parameter, table)]
        named = [one.replace(kind=Parameter.KEYWORD_ONLY) for one in parameters]
        vars(run)["__signature__"] = inspect.Signature(named)
        return run

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
