"""The database of a spool: behind one protocol what differs between SQLite (`sqlite`) and PostgreSQL (`postgresql`)."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Protocol

from sqlalchemy import Connection, Engine, inspect, text
from sqlalchemy.exc import SQLAlchemyError

from gateway.errors import SettingsError
from gateway.spool.errors import cannot_open
from gateway.spool.place import backend_of, file_of

_MIGRATIONS = Path(__file__).parent / "migrations" / "versions"


class Database(Protocol):
    """An open database. `name` says where it is, without a password."""

    name: str
    writing: Engine
    reading: Engine

    def alone(self, connection: Connection) -> AbstractContextManager[None]:
        """Keep others from changing the tables until the transaction ends, however long it takes."""

    def doubts(self) -> list[str]:
        """Say what makes it doubtful that a commit outlives a power cut, a line each."""

    def own(self) -> float | None:
        """Become a worker of it; return the time before which leases must have ended to be lost, None for all of them.

        SettingsError where one process alone may work, and another one does.
        """

    def watch(self, on_work: Callable[[], None]) -> None:
        """Have this called, from any thread, when another node says that there may be something new to do."""

    def close(self) -> None:
        """Let go of it, in order."""


def open_database(url: str) -> Database:
    """Open the database of a URL, its tables brought to this program's revision.

    SettingsError when it cannot be used, Temporary when it is away.
    """
    database = _connected(url)
    try:
        migrate(database)
    except SQLAlchemyError as error:
        database.close()
        raise cannot_open(database.name, error) from error
    except BaseException:
        database.close()
        raise
    return database


def _connected(url: str) -> Database:
    backend = backend_of(url)
    if backend == "sqlite":
        from gateway.spool.sqlite import Sqlite

        return Sqlite(file_of(url))
    if backend == "postgresql":
        from gateway.spool.postgresql import Postgresql

        return Postgresql(url)
    raise SettingsError([f"gateway.spool: {backend} is neither sqlite nor postgresql+psycopg"])


def newest() -> str:
    """Return the newest revision of the tables, by the name of its file."""
    return max(path.name for path in _MIGRATIONS.glob("r[0-9]*.py"))[1:5]


def _revision(connection: Connection) -> str | None:
    """Return the revision that the tables have; None where there are none."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    found: str | None = connection.scalar(text("select version_num from alembic_version"))
    return found


def migrate(database: Database) -> None:
    """Bring the tables to this program's revision; SettingsError when they are of a newer program.

    Nodes that start at once do so one after the other.
    """
    with database.reading.connect() as connection:
        if _revision(connection) == newest():
            return
    # Loading it takes longer than all else that a short command does.
    from alembic import command
    from alembic.config import Config
    from alembic.runtime.migration import MigrationContext
    from alembic.script import ScriptDirectory

    config = Config()
    config.set_main_option("script_location", "gateway.spool:migrations")
    scripts = ScriptDirectory.from_config(config)
    with database.writing.connect() as connection, connection.begin(), database.alone(connection):
        found = MigrationContext.configure(connection).get_current_revision()
        if found == scripts.get_current_head():
            return
        if found is not None and found not in {script.revision for script in scripts.walk_revisions()}:
            newer = f"{database.name} was written by a newer program (revision {found}); run that, or a newer one"
            raise SettingsError([f"gateway.spool: {newer}"])
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
