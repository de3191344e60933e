"""Where a spool is, by its URL: its file, its door, its large bodies. Nothing here opens a database."""

import re
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from gateway.errors import SettingsError
from gateway.spool.blobs import Blobs
from gateway.spool.bodies import Bodies

if TYPE_CHECKING:
    from gateway.spool.chunks import Reading
    from gateway.spool.writer import Change

# As SQLAlchemy reads it.
_URL = re.compile(r"(?P<name>\w+)(?:\+\w+)?://[^/?]*(?:/(?P<database>[^?]*))?")
# On a folder that several machines share, a file of this age is no longer being written.
_SHARED_AGE = 86400.0


def _read(url: str) -> "re.Match[str]":
    if (found := _URL.match(url)) is None:
        raise SettingsError(["gateway.spool: this is no URL of a database"])
    return found


def backend_of(url: str) -> str:
    """Return the kind of database that a URL names, such as "sqlite"."""
    return _read(url)["name"]


def file_of(url: str) -> Path:
    """Return the path of a `sqlite:///` URL."""
    name = unquote(_read(url)["database"] or "")
    if not name or name == ":memory:":
        raise SettingsError([f"gateway.spool: {url} names no file"])
    return Path(name)


def door_of(url: str) -> Path | None:
    """Return the socket at which the process that has a spool open takes changes of others; None: none is needed."""
    if backend_of(url) != "sqlite":
        return None
    path = file_of(url)
    return path.with_name(f"{path.name}.sock")


def bodies_of(
    url: str, shared: str, change: "Callable[[Change[Any]], Future[Any]]", read: "Reading | None" = None
) -> tuple[Bodies, Path | None]:
    """Return where a spool's large bodies are, and the folder whose free room counts (None: none of this machine).

    With SQLite they lie beside the file. With PostgreSQL they are rows, or lie in the `shared` folder if one is named.
    """
    if backend_of(url) == "sqlite":
        path = file_of(url)
        return Blobs(path.with_name(f"{path.name}.blobs")), path.parent
    if shared:
        folder = Path(shared)
        if not folder.is_dir():
            raise SettingsError([f"gateway.bodies: no folder {folder}; create it, owned by the user that runs us"])
        return Blobs(folder, _SHARED_AGE), folder
    from gateway.spool.chunks import Chunks

    return Chunks(change, read), None
