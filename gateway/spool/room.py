"""Whether the spool has room for more: free disk, looked at each time, and limits, which somebody else watches."""

import os
from pathlib import Path

from gateway.errors import Full
from gateway.spool.errors import spool_error


class Room:
    """Lives beside an open spool. `full` is the sentence that says which limit was reached, "" for none."""

    def __init__(self, folder: Path | None, min_free: int = 0) -> None:
        self.full = ""
        self.min_free = min_free
        self._folder = folder

    def check(self, size: int = 0) -> None:
        """Raise Full when there is no room for a mail of that size."""
        if self.full:
            raise Full(self.full)
        if self._folder is None:
            return
        try:
            disk = os.statvfs(self._folder)
        except OSError as error:
            raise spool_error(error) from error
        if disk.f_bavail * disk.f_frsize < self.min_free + size:
            raise Full("the spool's disk is full")
