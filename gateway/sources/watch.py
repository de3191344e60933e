"""Waiting for something to appear in a directory: the kernel tells (inotify), and a look now and then is the net.

The kernel tells nothing of what other machines do by NFS, and lets a user have so many watches and no more.
"""

import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import Any, Self

from inotify_simple import INotify, flags  # type: ignore[import-untyped] # it comes without types

_APPEARED = flags.CREATE | flags.MOVED_TO | flags.CLOSE_WRITE
_STOP_SECONDS = 0.5
_TOGETHER_MS = 10


class Watch:
    """A context manager. `renew` it before each look into the directory: nothing that comes after is missed."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._inotify: Any = None

    def __enter__(self) -> Self:
        with suppress(OSError):
            self._inotify = INotify()
        return self

    def __exit__(self, *_error: object) -> None:
        if self._inotify is not None:
            self._inotify.close()

    def renew(self) -> None:
        """Watch the directory that has the path now; where it cannot be watched, the net is left."""
        if self._inotify is not None:
            with suppress(OSError):
                self._inotify.add_watch(self._path, _APPEARED)

    def wait(self, seconds: float, stopping: threading.Event) -> None:
        """Return when something has appeared, or after so many seconds, or when told to stop."""
        end = time.monotonic() + seconds
        while not stopping.is_set() and (left := end - time.monotonic()) > 0:
            some = min(left, _STOP_SECONDS)
            if self._inotify is None:
                stopping.wait(some)
            elif self._inotify.read(timeout=int(some * 1000) + 1, read_delay=_TOGETHER_MS):
                return
