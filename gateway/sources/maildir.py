"""Mail in from a Maildir (https://cr.yp.to/proto/maildir.html): what is in `new`, in the order in which it came.

A delivery writes to `tmp` and moves what is whole to `new`, so that nothing in there is partial. It is moved on once it
is committed; one that a crash left in between is recognised by its identity, and then moved.
"""

import heapq
import re
from collections.abc import Callable, Iterator
from typing import IO

from gateway.config.maildir import Maildir
from gateway.sources.addressing import Addressing
from gateway.sources.files import File, Files, entries, file_of, put_away
from gateway.sources.intake import Intake
from gateway.sources.poller import Ground
from gateway.sources.watch import Watch

_MOST_AT_ONCE = 10_000
_TIME = re.compile(r"(\d{1,18})\.(?:[^.]*?M(\d{1,9}))?")
_FLAGS = ":2,"


class MaildirPoller:
    """Takes from one Maildir."""

    kind = "maildir"

    def __init__(self, section: Maildir, match: Callable[[str], str | None]) -> None:
        self.name = f"maildir {section.name}"
        self._new = section.path / "new"
        self._section = section
        self._addressing = Addressing(section.route, section.route_by, match)
        self._files = Files(self)

    def run(self, ground: Ground) -> None:
        """Take what comes until told to stop; OSError while the directory is not there, or closed to us."""
        section = self._section
        intake = Intake(ground, self.kind, self._addressing, section.max_size, peer=section.name)
        self._files.go_on(intake, self._new, self._found, self._wait)

    def _wait(self, watch: Watch, ground: Ground, found: int) -> None:
        """Wait for something new, unless there may be more already."""
        if found < _MOST_AT_ONCE:
            watch.wait(self._section.interval, ground.stopping)

    def _found(self, intake: Intake) -> list[File]:
        """Return the oldest files that may be taken now, oldest first."""
        names: set[str] = set()
        found = heapq.nsmallest(_MOST_AT_ONCE, self._due(intake, names), key=lambda file: arrival(file.path.name))
        self._files.keep_only(names)
        return found

    def _due(self, intake: Intake, names: set[str]) -> Iterator[File]:
        for entry in entries(self._new):
            names.add(entry.name)
            if self._files.is_due(entry.name) and (file := file_of(entry)) is not None:
                if entry.is_file(follow_symlinks=False):
                    yield file
                else:
                    self._files.skip(intake, entry.name, "it is not a regular file")

    # -- what is done with files

    def is_whole(self, file: File, content: IO[bytes]) -> bool:
        """Whether a file may be read: in `new` all are whole."""
        del file, content
        return True

    def finish(self, file: File) -> None:
        """Move a file on, marked as seen where it goes to a Maildir, or delete it."""
        folder = self._section.done
        if folder is None:
            file.path.unlink()
            return
        if (folder / "cur").is_dir():
            folder /= "cur"
        name = file.path.name
        put_away(file.path, folder, name.partition(_FLAGS)[0] + _FLAGS + "S" if folder.name == "cur" else name)

    def reject(self, file: File, reason: str) -> None:
        """Leave a file where it is: in a Maildir nothing else is usual."""


def arrival(name: str) -> tuple[int, int, str]:
    """Return by what files are put in order: seconds and microseconds of the delivery, as the name has them."""
    found = _TIME.match(name)
    return (int(found[1]), int(found[2] or 0), name) if found is not None else (0, 0, name)
