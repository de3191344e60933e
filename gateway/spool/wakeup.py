"""Telling the other nodes of a shared store that there is work; a store that one process writes needs no telling."""

from sqlalchemy import Connection, text

CHANNEL = "cention_gateway_work"


def announce(connection: Connection) -> None:
    """Say, with the commit, that there may be something new to do."""
    if connection.dialect.name == "postgresql":
        connection.execute(text(f"NOTIFY {CHANNEL}"))
