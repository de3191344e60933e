"""Which nodes are there: each says so now and then, and what it does; pollers it holds are told from `holding`."""

from dataclasses import dataclass

from sqlalchemy import Connection, delete, select
from sqlalchemy.dialects import postgresql, sqlite

from gateway.spool.jobs import now
from gateway.spool.tables import holding, node

SILENT = 60.0
"""Seconds without a word after which a node is taken to be gone."""

_FORGOTTEN = 86_400.0


@dataclass(frozen=True, slots=True)
class Node:
    """A node: its host, what it does, since when, when it was last heard of, and the pollers that it holds."""

    id: str
    host: str
    roles: tuple[str, ...]
    since: float
    seen: float
    pollers: tuple[str, ...] = ()


def say(connection: Connection, one: Node) -> None:
    """Say that a node is there; its `seen` is the store's own clock. Nodes that left long ago are forgotten."""
    time = now(connection)
    dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
    row = {"id": one.id, "host": one.host, "roles": " ".join(one.roles), "since": one.since, "seen": time}
    new = dialect.insert(node).values(row)
    connection.execute(new.on_conflict_do_update(index_elements=["id"], set_={"seen": time, "roles": row["roles"]}))
    connection.execute(delete(node).where(node.c.seen < time - _FORGOTTEN))


def leave(connection: Connection, name: str) -> None:
    """Have a node be gone."""
    connection.execute(delete(node).where(node.c.id == name))


def listed(connection: Connection) -> list[Node]:
    """List the nodes by host, with what they hold now."""
    held: dict[str, list[str]] = {}
    ours = select(holding.c.holder, holding.c.name).where(holding.c.until > now(connection))
    for holder, name in connection.execute(ours.order_by(holding.c.name)):
        held.setdefault(holder, []).append(name)
    rows = connection.execute(select(node).order_by(node.c.host, node.c.since))
    return [
        Node(one.id, one.host, tuple(one.roles.split()), one.since, one.seen, tuple(held.get(one.id, ())))
        for one in rows
    ]
