"""The database of a spool: behind one protocol what differs between SQLite (`sqlite`) and PostgreSQL (`postgresql`)."""

from collections.abc import Callable
from concurrent.futures import Future
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, Protocol

from sqlalchemy import Connection, Engine
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, SQLAlchemyError

from gateway.errors import SettingsError
from gateway.spool.blobs import Blobs
from gateway.spool.bodies import Bodies
from gateway.spool.chunks import Chunks, Reading
from gateway.spool.errors import cannot_open
from gateway.spool.writer import Change

# On a folder that several machines share, a file of this age is no longer being written.
_SHARED_AGE = 86400.0


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
    backend = _backend(url)
    if backend == "sqlite":
        from gateway.spool.sqlite import Sqlite

        return Sqlite(file_of(url))
    if backend == "postgresql":
        from gateway.spool.postgresql import Postgresql

        return Postgresql(url)
    raise SettingsError([f"gateway.spool: {backend} is neither sqlite nor postgresql+psycopg"])


def _backend(url: str) -> str:
    try:
        return make_url(url).get_backend_name()
    except (ArgumentError, ValueError) as error:
        raise SettingsError(["gateway.spool: this is no URL of a database"]) from error


def file_of(url: str) -> Path:
    """Return the path of a `sqlite:///` URL."""
    name = make_url(url).database
    if not name or name == ":memory:":
        raise SettingsError([f"gateway.spool: {url} names no file"])
    return Path(name)


def door_of(url: str) -> Path | None:
    """Return the socket at which the process that has a spool open takes changes of others; None: none is needed."""
    if _backend(url) != "sqlite":
        return None
    path = file_of(url)
    return path.with_name(f"{path.name}.sock")


def bodies_of(
    url: str, shared: str, change: Callable[[Change[Any]], "Future[Any]"], read: Reading | None = None
) -> tuple[Bodies, Path | None]:
    """Return where a spool's large bodies are, and the folder whose free room counts (None: none of this machine).

    With SQLite they lie beside the file. With PostgreSQL they are rows, or lie in the `shared` folder if one is named.
    """
    if _backend(url) == "sqlite":
        path = file_of(url)
        return Blobs(path.with_name(f"{path.name}.blobs")), path.parent
    if shared:
        folder = Path(shared)
        if not folder.is_dir():
            raise SettingsError([f"gateway.bodies: no folder {folder}; create it, owned by the user that runs us"])
        return Blobs(folder, _SHARED_AGE), folder
    return Chunks(change, read), None


def migrate(database: Database) -> None:
    """Bring the tables to this program's revision; SettingsError when they are of a newer program.

    Nodes that start at once do so one after the other.
    """
    # Accepting processes come by this module, and need none of it.
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
