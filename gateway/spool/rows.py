"""Many rows of one table at once, as the driver takes them.

SQLAlchemy makes the statement, once for each shape of row; the values pass it by, which halves the cost of a row.
"""

from collections.abc import Sequence
from functools import cache
from typing import Any, TypeAlias

import orjson
from sqlalchemy import JSON, Connection, Dialect, Table, insert

_Names: TypeAlias = tuple[str, ...]


def insert_rows(connection: Connection, table: Table, rows: Sequence[dict[str, Any]]) -> None:
    """Insert rows that all have the same columns."""
    if not rows:
        return
    statement, names, encoded = _statement(connection.dialect, table, tuple(rows[0]))
    if encoded:  # in copies: a transaction that fails is tried again with the same rows
        rows = [row | {name: orjson.dumps(row[name]).decode() for name in encoded} for row in rows]
    values = [tuple(row[name] for name in names) for row in rows] if names else list(rows)
    connection.exec_driver_sql(statement, values)


@cache
def _statement(dialect: Dialect, table: Table, columns: tuple[str, ...]) -> tuple[str, _Names, _Names]:
    """Return the statement, the order of its values (empty: by name), and the columns that hold JSON."""
    compiled = insert(table).compile(dialect=dialect, column_keys=list(columns))
    order = tuple(getattr(compiled, "positiontup", None) or ())
    return str(compiled), order, tuple(name for name in columns if isinstance(table.c[name].type, JSON))
