"""Telling the other nodes of a shared store that there is work; a store that one process writes needs no telling.

Looking for work now and then stays as the net: what is told while a node is not connected is not told again.
"""

import os
import selectors
import threading
from collections.abc import Callable, Mapping
from typing import Any

from sqlalchemy import Connection, text

CHANNEL = "cention_gateway_work"
_NOTIFY = text(f"NOTIFY {CHANNEL}")
_AGAIN_SECONDS = 1.0


def announce(connection: Connection) -> None:
    """Say, with the commit, that there may be something new to do."""
    if connection.dialect.name == "postgresql":
        connection.execute(_NOTIFY)


class Watch:
    """Listens in a thread of its own, on a connection of its own, and connects again whenever that is lost.

    `connect` is what psycopg connects by. `on_work` is called for what is told, and after each connecting.
    """

    def __init__(self, connect: Mapping[str, Any], on_work: Callable[[], None]) -> None:
        self._connect = connect
        self._on_work = on_work
        self._end, self._ended = os.pipe()
        self._thread = threading.Thread(target=self._run, name="spool-watch", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop listening."""
        os.close(self._ended)
        self._thread.join()
        os.close(self._end)

    def _run(self) -> None:
        import psycopg

        from gateway.spool.patience import PatientConnection

        while True:
            try:
                with PatientConnection.connect(**self._connect, autocommit=True) as connection:
                    connection.execute(f"LISTEN {CHANNEL}")
                    self._on_work()
                    while not self._readable(connection.fileno()):
                        if any(connection.notifies(timeout=0)):
                            self._on_work()
                    return
            except psycopg.OperationalError:
                if self._readable(timeout=_AGAIN_SECONDS):
                    return

    def _readable(self, descriptor: int | None = None, timeout: float | None = None) -> bool:
        """Wait until there is something to read, or so many seconds; return whether we are to end."""
        with selectors.DefaultSelector() as selector:
            selector.register(self._end, selectors.EVENT_READ)
            if descriptor is not None:
                selector.register(descriptor, selectors.EVENT_READ)
            return any(key.fileobj == self._end for key, _ in selector.select(timeout))
