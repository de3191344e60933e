"""Statements that are made once and run for many rows, with values passing SQLAlchemy by, as the driver takes them."""

from collections.abc import Callable, Sequence
from functools import cache
from typing import Any, NamedTuple

from sqlalchemy import Connection, Dialect
from sqlalchemy.sql.dml import UpdateBase


class _Prepared(NamedTuple):
    """A statement's text, the order of its values (empty: by name), and what some of them have to become."""

    text: str
    order: tuple[str, ...]
    processors: dict[str, Callable[[Any], Any]]

    def values(self, row: dict[str, Any]) -> Any:
        """Return a row's values as the driver takes them; the row stays as it is, since it may be needed again."""
        row = row | {name: process(row[name]) for name, process in self.processors.items()}
        return tuple(row[name] for name in self.order) if self.order else row


def execute_many(connection: Connection, statement: UpdateBase, rows: Sequence[dict[str, Any]]) -> None:
    """Run a statement of bound parameters for each row, which names the values of all of them."""
    if rows:
        prepared = _prepared(connection.dialect, statement)
        connection.exec_driver_sql(prepared.text, [prepared.values(row) for row in rows])


@cache
def _prepared(dialect: Dialect, statement: UpdateBase) -> _Prepared:
    compiled: Any = statement.compile(dialect=dialect)
    binds = compiled.binds
    found = {name: bind.type.dialect_impl(dialect).bind_processor(dialect) for name, bind in binds.items()}
    processors = {name: process for name, process in found.items() if process is not None}
    return _Prepared(str(compiled), tuple(getattr(compiled, "positiontup", None) or ()), processors)
