"""How far each source is done, in a file: by it an import goes on where it was ended, whatever ended it.

A line is added after what it says is committed; the last one of a source counts. It may lag behind, or be lost: then
some mails are looked at again, and the store knows them.
"""

import fcntl
import io
import json
import os
import time
from contextlib import ExitStack, suppress
from pathlib import Path

from gateway.errors import Temporary
from gateway.importing.entry import Source, Standing, shown

_SYNC_SECONDS = 30.0


class Journal:
    """An open journal; of no file (`path` None), it remembers nothing. `purpose` is what the mails are imported for.

    Temporary when another import has the file open, or it cannot be written.
    """

    def __init__(self, path: Path | None, purpose: str) -> None:
        self._purpose = purpose
        self._path = path
        self._file: io.FileIO | None = None
        self._known: dict[str, Standing] = {}
        self._synced = time.monotonic()
        if path is not None:
            self._open(path)

    def standing(self, source: Source) -> Standing:
        """Return how far a source is done; from its beginning if what was done is not what lies there. OSError."""
        known = self._known.get(shown(source.path.absolute()))
        if known is None or known.stamp != source.stamp(known.place):
            return Standing()
        return known

    def note(self, source: Source, standing: Standing) -> None:
        """Remember how far a source is done."""
        name = shown(source.path.absolute())
        if self._file is None or self._known.get(name) == standing:
            return
        self._known[name] = standing
        line = {"for": self._purpose, "source": name, "place": standing.place, "stamp": standing.stamp}
        try:
            self._file.write(json.dumps(line | {"refused": standing.refused}).encode() + b"\n")
            if time.monotonic() > self._synced + _SYNC_SECONDS:
                self._sync()
        except OSError as error:
            raise Temporary(f"{self._path}: cannot be written: {error.strerror}") from error

    def close(self) -> None:
        """Make it durable, and let others have it."""
        if self._file is not None:
            with suppress(OSError):
                self._sync()
            self._file.close()

    def _sync(self) -> None:
        assert self._file is not None
        os.fdatasync(self._file.fileno())
        self._synced = time.monotonic()

    def _open(self, path: Path) -> None:
        try:
            with ExitStack() as failed:
                file = failed.enter_context(io.FileIO(path, "a+b", opener=_private))
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                file.seek(0)
                lines = file.readall().split(b"\n")
                if lines[-1]:  # the last one was cut off; what comes must not be lost with it
                    file.write(b"\n")
                failed.pop_all()
        except BlockingIOError as error:
            raise Temporary(f"{path}: another import has it open; wait for its end, or name another --state") from error
        except OSError as error:
            raise Temporary(f"{path}: cannot be opened: {error.strerror}; name another file with --state") from error
        self._file = file
        for line in lines:
            self._read(line)

    def _read(self, line: bytes) -> None:
        """Take a line; one that is none was cut off, or is a stranger's."""
        with suppress(ValueError, KeyError, TypeError, AttributeError):
            found = json.loads(line)
            if found["for"] == self._purpose:
                standing = Standing(found["place"], tuple(found["refused"]), found["stamp"])
                self._known[found["source"]] = standing


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)
