"""Where log lines go: standard error, a file that may be moved away at any time, or systemd's journal.

Each has one method, `write`, for a line or, with the journal, its fields; OSError where it cannot be written.
"""

import os
import socket
import sys
import threading
from collections.abc import Mapping
from contextlib import suppress
from io import FileIO
from pathlib import Path
from typing import Any, Protocol

JOURNAL = "/run/systemd/journal/socket"
_PRIORITIES = {"debug": 7, "info": 6, "warning": 4, "error": 3}
_MODE = 0o640
_LONGEST = 8000
_SEND_BUFFER = 4 * 1024 * 1024


class Sink(Protocol):
    """What takes lines."""

    def write(self, line: str) -> None:
        """Take a line, without its end."""


class Terminal:
    """Standard error, as it is at each call: tests and terminals put others there."""

    def write(self, line: str) -> None:
        """Print a line."""
        sys.stderr.write(f"{line}\n")
        sys.stderr.flush()


class File:
    """A file that lines are added to, by several processes at once; looked for at each line, as it may be moved."""

    def __init__(self, path: str) -> None:
        self._path = Path(path)
        self._lock = threading.Lock()
        self._file = self._opened()

    def __del__(self) -> None:
        """Close it once nobody can be writing any more: other settings may have put another in its place."""
        with suppress(AttributeError):  # it was never opened
            self._file.close()

    def write(self, line: str) -> None:
        """Add a line, in one piece."""
        with self._lock:
            if self._is_moved():
                with suppress(OSError):  # what cannot be begun anew is written where it went before
                    before, self._file = self._file, self._opened()
                    before.close()
            self._file.write(f"{line}\n".encode("utf-8", "backslashreplace"))

    def _opened(self) -> FileIO:
        file = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, _MODE)
        return FileIO(file, "ab")

    def _is_moved(self) -> bool:
        try:
            return not os.path.samestat(self._path.stat(), os.fstat(self._file.fileno()))
        except OSError:
            return True


class Journal:
    """Systemd's journal, by its own protocol: one datagram an entry (systemd.io, JOURNAL_NATIVE_PROTOCOL)."""

    def __init__(self, path: str = "") -> None:
        self._line = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC)
        self._line.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _SEND_BUFFER)
        self._line.settimeout(0)
        self._path = path or JOURNAL

    def __del__(self) -> None:
        """Close it, as a file."""
        self._line.close()

    def send(self, level: str, message: str, fields: Mapping[str, Any]) -> None:
        """Send an entry; each field is `CENTION_` and its name, so that none stands for one of systemd's own."""
        entry = {"MESSAGE": message, "PRIORITY": _PRIORITIES[level], "SYSLOG_IDENTIFIER": "cention-gateway"}
        entry |= {f"CENTION_{name.upper()}": value for name, value in fields.items()}
        self._line.sendto(b"".join(_field(name, str(value)) for name, value in entry.items()), self._path)


def _field(name: str, value: str) -> bytes:
    """Write a field, bounded; one with a line end in it has its length before it, in 8 bytes, least first."""
    content = value[:_LONGEST].encode("utf-8", "backslashreplace")
    if b"\n" not in content:
        return name.encode() + b"=" + content + b"\n"
    return name.encode() + b"\n" + len(content).to_bytes(8, "little") + content + b"\n"
