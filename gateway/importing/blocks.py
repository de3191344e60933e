"""A file that is read here and there, mostly onwards: a block of it is in memory."""

import os
from pathlib import Path
from typing import Self

_BLOCK = 256 * 1024


class Blocks:
    """An open file; a context manager. `size` is what it was when it was opened."""

    def __init__(self, path: Path) -> None:
        self._file = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        self.size = os.fstat(self._file).st_size
        self._at = 0
        self._block = b""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        os.close(self._file)

    def read(self, size: int, at: int) -> bytes:
        """Return so many bytes from an offset on, fewer at the file's end. OSError."""
        start = at - self._at
        if start < 0 or start + size > len(self._block):
            self._block = os.pread(self._file, max(size, _BLOCK), at)
            self._at, start = at, 0
        return self._block[start : start + size]
