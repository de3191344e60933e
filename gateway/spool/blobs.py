"""Large bodies as files beside the database: written and synced, and their folder synced, before any row names them.

A file that is being written is locked (flock) until its mail is committed or given up, so the sweep at start can tell
an orphan of a crash from the work of another process.
"""

import fcntl
import io
import os
from collections.abc import Callable, Iterable
from pathlib import Path


class Blobs:
    """The folder of large bodies. Names are ids of mails; one that no row refers to is an orphan."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def path(self, name: str) -> Path:
        """Return where a body lies."""
        return self._folder / name

    def create(self, name: str) -> io.FileIO:
        """Open a new file for writing, locked until it is closed."""
        self._folder.mkdir(mode=0o700, exist_ok=True)
        file = io.FileIO(self.path(name), "xb", opener=_private)
        fcntl.flock(file, fcntl.LOCK_EX)
        return file

    def sync(self, file: io.FileIO) -> None:
        """Return once the file's bytes and its name are on the disk."""
        os.fdatasync(file.fileno())
        folder = os.open(self._folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)

    def remove(self, names: Iterable[str]) -> None:
        """Delete bodies; one that is gone already is no error."""
        for name in names:
            self.path(name).unlink(missing_ok=True)

    def sweep(self, referred: Callable[[str], bool]) -> int:
        """Delete what no mail refers to and nobody is writing; return how many."""
        if not self._folder.is_dir():
            return 0
        return sum(self._sweep_one(path, referred) for path in sorted(self._folder.iterdir()))

    def _sweep_one(self, path: Path, referred: Callable[[str], bool]) -> bool:
        with path.open("rb") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return False
            if referred(path.name):
                return False
            path.unlink(missing_ok=True)
            return True


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)
