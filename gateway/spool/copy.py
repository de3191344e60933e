"""Moving a spool to another store, SQLite to PostgreSQL or the reverse: all rows and large bodies, by primary key.

It may be done while the gateway works on the source, for the bulk, and must be done once more when it is stopped: then
only what is new or different is written. It can be broken off and begun again at any time.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeAlias

from sqlalchemy import Connection, Table, delete, func, insert, select, tuple_
from sqlalchemy.dialects import postgresql, sqlite

from gateway.errors import Permanent
from gateway.spool import index
from gateway.spool.spool import Spool
from gateway.spool.tables import act, callback, cursor, delivery, event, fetched, halt, job, mail, pause, sent

_Row: TypeAlias = dict[str, Any]
# What an act has moved (`acted`) is left: an act is undone on the store that it was done on.
_TABLES = (mail, callback, job, sent, delivery, event, act, cursor, fetched)
_COUNTED = (job, event, act)
_AT_ONCE = 200
_PIECE = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Copied:
    """What was done with a table: rows seen in the source, rows written, rows left for another time.

    Left is a job whose mail came in after the mails had been copied, or a mail that was forgotten while it was.
    """

    table: str
    seen: int
    written: int
    left: int


def copy(source: Spool, target: Spool) -> Iterator[Copied]:
    """Copy everything, table by table. Permanent when the target has been worked on, since that would be overwritten.

    The tables of `target` are made when it is opened; no gateway may run on it.
    """
    for table in _COUNTED:
        ours, theirs = (spool.read(partial(_last, table=table)) for spool in (source, target))
        if theirs > ours:
            raise Permanent(f"{target.name} has been worked on: it has what {source.name} does not")
    for table in _TABLES:
        yield _copy_table(source, target, table)
    for table in (pause, halt):
        rows = source.read(lambda connection, table=table: _rows(connection.execute(select(table)).mappings()))  # type: ignore[misc]
        target.change(partial(_replace, table=table, rows=rows)).result()
    target.change(_count_on).result()
    target.change(index.begin_again).result()


def _last(connection: Connection, table: Table) -> int:
    return connection.scalar(select(func.max(table.c.id))) or 0


def _copy_table(source: Spool, target: Spool, table: Table) -> Copied:
    seen = written = left = 0
    for rows in _batches(source, table):
        there = target.read(partial(_same_keys, table=table, rows=rows))
        changed = [row for row in rows if there.get(_key(table, row)) != row]
        fit = _with_subject(target, changed) if table is job else changed
        if table is mail:
            fit = [row for row in fit if _has_body(there.get(_key(table, row)), row) or _copy_body(source, target, row)]
        if fit:
            target.change(partial(_upsert, table=table, rows=fit)).result()
        seen, written, left = seen + len(rows), written + len(fit), left + len(changed) - len(fit)
    return Copied(table.name, seen, written, left)


def _batches(source: Spool, table: Table) -> Iterator[list[_Row]]:
    """Go through a table in the order of its key."""
    key = tuple_(*table.primary_key.columns)
    rows = select(table).order_by(*table.primary_key.columns).limit(_AT_ONCE)
    wanted = rows
    while batch := source.read(lambda connection, wanted=wanted: _rows(connection.execute(wanted).mappings())):  # type: ignore[misc]
        yield batch
        wanted = rows.where(key > tuple_(*_key(table, batch[-1])))


def _rows(found: Any) -> list[_Row]:
    return [dict(row) for row in found]


def _key(table: Table, row: _Row) -> tuple[Any, ...]:
    return tuple(row[column.name] for column in table.primary_key.columns)


def _same_keys(connection: Connection, table: Table, rows: Sequence[_Row]) -> dict[tuple[Any, ...], _Row]:
    key = tuple_(*table.primary_key.columns)
    found = connection.execute(select(table).where(key.in_([_key(table, row) for row in rows]))).mappings()
    return {_key(table, row): row for row in _rows(found)}


def _with_subject(target: Spool, jobs: list[_Row]) -> list[_Row]:
    """Leave out the jobs whose mail or callback came in after those had been copied."""
    there: set[str] = set()
    for table, column in ((mail, "mail_id"), (callback, "callback_id")):
        names = [row[column] for row in jobs if row[column]]
        found = select(table.c.id).where(table.c.id.in_(names))
        there.update(target.read(lambda connection, found=found: list(connection.scalars(found))))  # type: ignore[misc]
    return [row for row in jobs if (row["mail_id"] or row["callback_id"]) in there]


def _has_body(there: _Row | None, row: _Row) -> bool:
    """Whether there is no large body to copy: a row is written after its body."""
    return row["blob"] is None or (there is not None and there["blob"] == row["blob"])


def _copy_body(source: Spool, target: Spool, row: _Row) -> bool:
    """Copy a mail's large body; False when it was forgotten since its row was read."""
    target.bodies.remove([row["blob"]])
    body = target.bodies.create(row["blob"])
    try:
        with source.bodies.open(row["blob"]) as path, path.open("rb") as file:
            while piece := file.read(_PIECE):
                body.write(piece)
        body.sync()
    except FileNotFoundError:
        body.end(kept=False)
        return False
    body.end(kept=True)
    return True


def _upsert(connection: Connection, table: Table, rows: Sequence[_Row]) -> None:
    dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
    new = dialect.insert(table)
    key = [column.name for column in table.primary_key.columns]
    changed = {column.name: column for column in new.excluded if column.name not in key}
    connection.execute(new.on_conflict_do_update(index_elements=key, set_=changed), list(rows))


def _replace(connection: Connection, table: Table, rows: Sequence[_Row]) -> None:
    """Have the same lanes paused."""
    connection.execute(delete(table))
    if rows:
        connection.execute(insert(table), list(rows))


def _count_on(connection: Connection) -> None:
    """Have new rows numbered from the last one on; SQLite does so by itself."""
    if connection.dialect.name != "postgresql":
        return
    for table in _COUNTED:
        sequence, last = func.pg_get_serial_sequence(table.name, "id"), func.greatest(func.max(table.c.id), 1)
        connection.execute(select(func.setval(sequence, last)))
