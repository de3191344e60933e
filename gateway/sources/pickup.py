"""Mail in from a directory into which programs put files, `*.eml`.

A program does best to write under another name and to rename: then a file is whole from its first moment. Whatever it
does, a file is read only when it is not open for writing, and has not changed between two looks; and what has changed
while it was read is not taken. Whether a file is open, the kernel says by the lease that it gives (fcntl(2),
F_SETLEASE) to the file's owner and to root, on local disks; otherwise the two looks have to do.
"""

import fcntl
import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from heapq import nsmallest
from typing import IO

from gateway.config.maildir import Pickup
from gateway.sources.addressing import Addressing
from gateway.sources.files import File, Files, entries, file_at, file_of, put_away
from gateway.sources.intake import Intake
from gateway.sources.poller import Ground
from gateway.sources.watch import Watch

_MOST_AT_ONCE = 10_000
_SUFFIX = ".eml"


class PickupPoller:
    """Takes from one directory."""

    kind = "pickup"

    def __init__(self, section: Pickup, match: Callable[[str], str | None]) -> None:
        self.name = f"pickup {section.name}"
        self._section = section
        self._addressing = Addressing(section.route, section.route_by, match)
        self._files = Files(self)
        self._looks: dict[str, tuple[File, float]] = {}

    def run(self, ground: Ground) -> None:
        """Take what comes until told to stop; OSError while the directory is not there, or closed to us."""
        section = self._section
        intake = Intake(ground, self.kind, self._addressing, section.max_size, peer=section.name)
        self._files.go_on(intake, section.path, self._found, self._wait)

    def _wait(self, watch: Watch, ground: Ground, found: int) -> None:
        """Wait for something new, or until a file that was looked at once may be looked at again."""
        if found == _MOST_AT_ONCE:
            return
        if self._looks:
            first = min(at for _, at in self._looks.values())
            ground.rest(max(0.01, first + self._section.settle - time.monotonic()))
        else:
            watch.wait(self._section.interval, ground.stopping)

    def _found(self, intake: Intake) -> list[File]:
        """Return the oldest files that have not changed since the last look, oldest first."""
        names: set[str] = set()
        found = nsmallest(_MOST_AT_ONCE, self._settled(intake, names), key=lambda file: (file.changed_at, file.path))
        for file in found:
            del self._looks[file.path.name]
        self._files.keep_only(names)
        for name in self._looks.keys() - names:
            del self._looks[name]
        return found

    def _settled(self, intake: Intake, names: set[str]) -> Iterator[File]:
        now = time.monotonic()
        for entry in entries(self._section.path):
            if not entry.name.lower().endswith(_SUFFIX) or (file := file_of(entry)) is None:
                continue
            names.add(entry.name)
            if not self._files.is_due(entry.name):
                continue
            if not entry.is_file(follow_symlinks=False):
                self._files.skip(intake, entry.name, "it is not a regular file")
                continue
            before, at = self._looks.setdefault(entry.name, (file, now))
            if before != file:
                self._looks[entry.name] = (file, now)
            elif now - at >= self._section.settle:
                yield file

    # -- what is done with files

    def is_whole(self, file: File, content: IO[bytes]) -> bool:
        """Whether an open file is as it was when it was looked at, and not open for writing."""
        return file_at(file.path, os.fstat(content.fileno())) == file and not is_written(content)

    def finish(self, file: File) -> None:
        """Move a file to `done`, or delete it."""
        if self._section.done is None:
            file.path.unlink()
        else:
            put_away(file.path, self._section.done, file.path.name)

    def reject(self, file: File, reason: str) -> None:
        """Move a file to `failed`, beside one that says why."""
        there = put_away(file.path, self._section.path / "failed", file.path.name)
        there.with_name(f"{there.name}.reason").write_text(f"{reason}\n", encoding="utf-8")


def is_written(content: IO[bytes]) -> bool:
    """Whether somebody has a file open for writing; False where the kernel does not tell us."""
    descriptor = content.fileno()
    # Who opens the file in this moment makes the kernel send us a signal: one that does nothing, instead of SIGIO.
    with suppress(OSError):
        fcntl.fcntl(descriptor, fcntl.F_SETSIG, signal.SIGURG)
        try:
            fcntl.fcntl(descriptor, fcntl.F_SETLEASE, fcntl.F_RDLCK)
        except BlockingIOError:
            return True
        fcntl.fcntl(descriptor, fcntl.F_SETLEASE, fcntl.F_UNLCK)
    return False
