"""Large bodies as files: written and synced, and their folder synced, before any row names them.

A file that is being written is locked (flock) until its mail is committed or given up, so the sweep at start can tell
an orphan of a crash from the work of another process. On a folder that several machines share, a file must be old
besides, since not every network file system carries locks.
"""

import fcntl
import io
import os
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from gateway.spool.bodies import Referred, orphans


class IncomingFile:
    """A body on its way into a file."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file = io.FileIO(path, "xb", opener=_private)
        fcntl.flock(self._file, fcntl.LOCK_EX)

    def write(self, data: bytes) -> None:
        """Take the next bytes."""
        left = memoryview(data)
        while left:
            left = left[self._file.write(left) :]

    def sync(self) -> None:
        """Return once the file's bytes and its name are on the disk."""
        os.fdatasync(self._file.fileno())
        _sync_folder(self._path.parent)

    def end(self, *, kept: bool) -> None:
        """Unlock it, after its removal unless a row refers to it now."""
        if not kept:
            self._path.unlink(missing_ok=True)
        self._file.close()


class Blobs:
    """A folder of large bodies. An orphan younger than `min_age` seconds is left alone by the sweep."""

    def __init__(self, folder: Path, min_age: float = 0.0) -> None:
        self._folder = folder
        self._min_age = min_age
        self._is_there = False

    def path(self, name: str) -> Path:
        """Return where a body lies."""
        return self._folder / name

    def create(self, name: str) -> IncomingFile:
        """Open a new file for writing, locked until it is ended."""
        if not self._is_there:
            self._folder.mkdir(mode=0o700, exist_ok=True)
            # Its own name must be durable too, whoever of several processes made it.
            _sync_folder(self._folder.parent)
            self._is_there = True
        return IncomingFile(self.path(name))

    @contextmanager
    def open(self, name: str) -> Iterator[Path]:
        """Have a body's file; FileNotFoundError when it is not there."""
        path = self.path(name)
        path.stat()
        yield path

    def remove(self, names: Iterable[str]) -> None:
        """Delete bodies; one that is gone already is no error."""
        for name in names:
            self.path(name).unlink(missing_ok=True)

    def names(self) -> Iterator[str]:
        """List the bodies that are there."""
        if self._folder.is_dir():
            yield from sorted(entry.name for entry in os.scandir(self._folder) if entry.is_file())

    def sweep(self, referred: Referred) -> int:
        """Delete what no mail refers to and nobody is writing; return how many."""
        return sum(self._sweep_one(self.path(name), referred) for name in orphans(self.names(), referred))

    def _sweep_one(self, path: Path, referred: Referred) -> bool:
        with path.open("rb") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return False
            # Its mail may have been committed since the look before; now that it is unlocked, what rows say is final.
            young = time.time() - os.fstat(file.fileno()).st_mtime < self._min_age
            if young or referred([path.name]):
                return False
            path.unlink(missing_ok=True)
            return True


def _sync_folder(path: Path) -> None:
    folder = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)
