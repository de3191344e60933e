"""PostgreSQL 15 and later: a database that any number of nodes share. Who works on what is told by leases alone.

A session demands what the promise rests on, whatever the server or the role has by default: a commit returns when it is
on the disk (`synchronous_commit`). What cannot be demanded is the server's own `fsync`, which must be on.
"""

import math
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from psycopg.types.string import StrDumperUnknown
from sqlalchemy import URL, Connection, Engine, create_engine, event, func, select, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from gateway.errors import SettingsError
from gateway.spool.patience import PatientConnection
from gateway.spool.wakeup import Watch

# A server that does not answer is noticed in seconds: sender and worker hear "later" and try again.
_CONNECT: Mapping[str, str] = {
    "connect_timeout": "5",
    "keepalives_idle": "10",
    "keepalives_interval": "5",
    "keepalives_count": "3",
    "tcp_user_timeout": "15000",
    "application_name": "cention-gateway",
}
# A row that another node has in hand is waited for shortly: one writer has everybody's mails and leases to commit, and
# what waits for a node that stands still fails alone, to be tried again.
# `on` or, where the server waits for more than that, what it has. A node that stops in the middle of a transaction must
# not hold the others up.
_SESSION = """
select set_config('synchronous_commit', case current_setting('synchronous_commit')
         when 'remote_apply' then 'remote_apply' else 'on' end, false),
       set_config('statement_timeout', '30s', false),
       set_config('lock_timeout', '500ms', false),
       set_config('idle_in_transaction_session_timeout', '10s', false),
       set_config('default_transaction_read_only', %s, false)
"""
# One number for all our nodes, from the name of the program.
_MIGRATION_LOCK = 0x63656E74696F6E
_OLDEST = 150000
# What only the server's owner can set, and without which a power cut takes what was committed.
_DURABLE = ("fsync", "full_page_writes")


class _Words(StrDumperUnknown):
    """Text of others may have NUL, which PostgreSQL refuses; a mail must not be lost for it."""

    def dump(self, obj: str) -> Any:
        return super().dump(obj.replace("\0", "\ufffd"))


class Postgresql:
    """A database on a server; connections are made when they are needed."""

    def __init__(self, url: str) -> None:
        try:
            self._url = make_url(url)
        except (ArgumentError, ValueError) as error:
            raise SettingsError(["gateway.spool: this is no URL of a database"]) from error
        if self._url.get_driver_name() != "psycopg":
            raise SettingsError(["gateway.spool: expected postgresql+psycopg://USER:PASSWORD@HOST/NAME"])
        self.name = _without_secrets(self._url)
        self.writing = _engine(self._url, writing=True)
        self.reading = _engine(self._url, writing=False)
        self._watch: Watch | None = None

    @contextmanager
    def alone(self, connection: Connection) -> Iterator[None]:
        """Let one node after the other look at the tables and change them, for as long as it takes."""
        version = connection.scalar(text("select current_setting('server_version_num')::int"))
        if version < _OLDEST:
            raise SettingsError([f"gateway.spool: {self.name} is PostgreSQL {version // 10000}; 15 or later is needed"])
        driver: Any = connection.connection.dbapi_connection
        driver.patience = math.inf
        try:
            connection.execute(text("set local statement_timeout = 0"))
            connection.execute(text("set local lock_timeout = 0"))
            connection.execute(select(func.pg_advisory_xact_lock(_MIGRATION_LOCK)))
            yield
        finally:
            del driver.patience

    def own(self) -> float:
        """Become one worker of many: lost are the leases that ended before now, by the server's clock."""
        with self.reading.connect() as connection:
            return float(connection.scalar(text("select extract(epoch from clock_timestamp())")))

    def doubts(self) -> list[str]:
        """Say which settings of the server break the promise that a commit outlives a power cut, a line each."""
        with self.reading.connect() as connection:
            off = [name for name in _DURABLE if connection.scalar(select(func.current_setting(name))) == "off"]
        return [
            f"{self.name}: the server runs with {name} = off, so a power cut may lose what was accepted; "
            f"set {name} = on in postgresql.conf and reload the server"
            for name in off
        ]

    def watch(self, on_work: Callable[[], None]) -> None:
        """Listen for the other nodes."""
        _, given = self.writing.dialect.create_connect_args(self._url)
        self._watch = Watch(_defaults(self._url) | dict(given), on_work)

    def close(self) -> None:
        """Close the connections."""
        watch, self._watch = self._watch, None
        if watch is not None:
            watch.close()
        self.reading.dispose()
        self.writing.dispose()


def _without_secrets(url: URL) -> str:
    """Return where a database is; a URL's query may have a password as well, so none of it is shown."""
    return URL.create("postgresql", url.username, None, url.host, url.port, url.database).render_as_string()


def _defaults(url: URL) -> dict[str, Any]:
    return {name: value for name, value in _CONNECT.items() if name not in url.query}


def _engine(url: URL, *, writing: bool) -> Engine:
    """Return an engine. The writing one has the one connection of the writer; the reading one cannot write.

    A reading connection commits by itself, which spares two ways to the server and back for each look.
    """
    engine = create_engine(
        url,
        pool_size=1 if writing else 5,
        max_overflow=0 if writing else 10,
        pool_timeout=10,
        pool_pre_ping=True,
        isolation_level="READ COMMITTED" if writing else "AUTOCOMMIT",
        connect_args=_defaults(url),
        hide_parameters=True,
    )

    @event.listens_for(engine, "do_connect")
    def _connect(_dialect: Any, _record: Any, arguments: Any, named: Any) -> PatientConnection:
        connection = PatientConnection.connect(*arguments, **named)
        connection.adapters.register_dumper(str, _Words)
        return connection

    @event.listens_for(engine, "connect")
    def _prepare(connection: Any, _record: Any) -> None:
        connection.execute(_SESSION, ["off" if writing else "on"])
        connection.commit()

    return engine
