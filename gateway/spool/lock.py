"""The lock of a SQLite spool: one process works on it; and a mark by which a log that was deleted is missed.

SQLite opens a database whose log (`-wal`) is gone without a word, and what was committed last is not in it. So while a
gateway works, the lock file has a word in it, and its time is that of the last change. A start that finds the word, no
log, and a database that is older than that, has lost mail. A database that another program has since opened and closed
in order has taken its log in, and is newer.
"""

import fcntl
import os
from contextlib import suppress
from pathlib import Path

from gateway.errors import SettingsError

_WORD = b"working\n"


class Lock:
    """The lock file beside a database."""

    def __init__(self, database: Path) -> None:
        self._database = database
        self._path = database.with_name(f"{database.name}.lock")
        self._file: int | None = None

    def check(self) -> None:
        """SettingsError when the database or its log was deleted since a gateway died at work; call before opening.

        A database that is not there while its large bodies are was deleted too: a new one would sweep them.
        """
        if not self._database.exists() and (bodies := self._bodies()):
            put_back = f"Put it back; or, to begin with an empty spool, delete {bodies}"
            raise SettingsError(
                [f"gateway.spool: {self._database} is missing, but not the mails in {bodies}. {put_back}"]
            )
        try:
            file = os.open(self._path, os.O_RDONLY | os.O_CLOEXEC)
        except FileNotFoundError:
            return
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
            if os.read(file, len(_WORD)) == _WORD and (missing := self._missing(os.fstat(file).st_mtime_ns)):
                raise SettingsError([self._line(missing)])
        except BlockingIOError:
            return
        finally:
            os.close(file)

    def take(self) -> None:
        """Become the one worker; SettingsError when there is one."""
        file = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            os.close(file)
            raise SettingsError([f"gateway.spool: {self._database} is in use by another running gateway"]) from error
        self._file = file
        os.pwrite(file, _WORD, 0)
        os.fsync(file)
        changed = self._database.stat().st_mtime_ns
        os.utime(file, ns=(changed, changed))

    def touch(self) -> None:
        """Note that the database is being changed."""
        if self._file is not None:
            with suppress(OSError):
                os.utime(self._file)

    def clear(self) -> None:
        """Take the mark away: there are no more changes, and the log will be gone when the database is closed."""
        if self._file is not None:
            # On a disk that failed the log stays as well, and so may the mark.
            with suppress(OSError):
                os.ftruncate(self._file, 0)

    def release(self) -> None:
        """Let another one work."""
        if self._file is not None:
            os.close(self._file)
            self._file = None

    def _bodies(self) -> Path | None:
        folder = self._database.with_name(f"{self._database.name}.blobs")
        return folder if folder.is_dir() and any(folder.iterdir()) else None

    def _missing(self, changed: int) -> str:
        if not self._database.exists():
            return str(self._database)
        log = self._database.with_name(f"{self._database.name}-wal")
        if self._database.stat().st_mtime_ns >= changed or (log.exists() and log.stat().st_size):
            return ""
        return str(log)

    def _line(self, missing: str) -> str:
        return (
            f"gateway.spool: {missing} is missing, though the gateway was not stopped in order: accepted mail was in "
            f"it. Put it back; or, to go on with what is left, delete {self._path}"
        )
