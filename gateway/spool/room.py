"""Whether the spool has room for more: free disk, looked at many times a second, and limits that others watch."""

import math
import os
import time
from pathlib import Path

from gateway.errors import Full
from gateway.spool.errors import spool_error

_FRESH_SECONDS = 0.05


class Room:
    """Lives beside an open spool. `full` is the sentence that says which limit was reached, "" for none."""

    def __init__(self, folder: Path | None, min_free: int = 0) -> None:
        self.full = ""
        self.min_free = min_free
        self._folder = folder
        self._free = 0
        self._looked_at = -math.inf

    def check(self, size: int = 0) -> None:
        """Raise Full when there is no room for a mail of that size."""
        if self.full:
            raise Full(self.full)
        if self._folder is None:
            return
        if time.monotonic() - self._looked_at > _FRESH_SECONDS:
            self._look(self._folder)
        if self._free < self.min_free + size:
            self._looked_at = -math.inf
            raise Full("the spool's disk is full")

    def _look(self, folder: Path) -> None:
        try:
            self._free = free(folder)
        except OSError as error:
            raise spool_error(error) from error
        self._looked_at = time.monotonic()


def free(folder: Path) -> int:
    """Return the bytes of disk that are free for us where a folder is."""
    disk = os.statvfs(folder)
    return disk.f_bavail * disk.f_frsize
