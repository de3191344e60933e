"""Opening the SQLite file: settings of every connection, and migrations forward at start."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.pool import QueuePool

from gateway.errors import SettingsError

_BUSY_SECONDS = 30
_PRAGMAS: Mapping[str, str] = {
    "journal_mode": "WAL",
    "synchronous": "FULL",
    "foreign_keys": "ON",
    "busy_timeout": str(_BUSY_SECONDS * 1000),
}


def file_of(url: str) -> Path:
    """Return the path of a `sqlite:///` URL."""
    name = make_url(url).database
    if not name or name == ":memory:":
        raise SettingsError([f"gateway.spool: {url} names no file"])
    return Path(name)


def create(path: Path) -> None:
    """Make the file, for our user's eyes only, if it is not there; SettingsError when that cannot be done."""
    try:
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
    except OSError as error:
        raise SettingsError([f"gateway.spool: {path} cannot be opened for writing: {error.strerror}"]) from error


def connect(url: str, *, writing: bool) -> Engine:
    """Return an engine. A writing one takes the lock when its transaction begins; a reading one cannot write."""
    engine = create_engine(
        url, poolclass=QueuePool, pool_size=1 if writing else 5, connect_args={"check_same_thread": False}
    )

    @event.listens_for(engine, "connect")
    def _prepare(connection: Any, _record: Any) -> None:
        connection.isolation_level = None
        for name, value in _PRAGMAS.items():
            connection.execute(f"PRAGMA {name}={value}")
        if not writing:
            connection.execute("PRAGMA query_only=ON")

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writing else "BEGIN")

    return engine


def migrate(engine: Engine, where: str) -> None:
    """Bring the tables to this program's revision; SettingsError when they are of a newer program."""
    config = Config()
    config.set_main_option("script_location", "gateway.spool:migrations")
    scripts = ScriptDirectory.from_config(config)
    with engine.connect() as connection:
        found = MigrationContext.configure(connection).get_current_revision()
        if found == scripts.get_current_head():
            return
        if found is not None and found not in {script.revision for script in scripts.walk_revisions()}:
            raise SettingsError(
                [f"gateway.spool: {where} was written by a newer program (revision {found}); run that, or a newer one"]
            )
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
        connection.commit()
