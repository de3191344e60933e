"""Archives that were fetched, kept on disk within a bound: logos and the like, which answer after answer shows.

A file holds a line of JSON, then the content; its name is a hash of what it is, its modification time is when Cention
last said that it is so, its access time when it was last used. What cannot be read, or is not whole, was never there.
"""

import hashlib
import os
import re
import tempfile
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from gateway.log import log
from gateway.model import Attachment, Resource

_LONGEST_LINE = 64 * 1024
_LONGEST_VALIDATOR = 1000
# What else lies in the folder is somebody else's.
_OURS = re.compile(r"[0-9a-f]{64}|\.new-.+")


@dataclass(frozen=True, slots=True)
class Kept:
    """An archive as it was fetched. `validators` are the headers that ask whether it has changed (RFC 9110 13.1)."""

    attachment: Attachment
    validators: Mapping[str, str]
    fresh: bool


class ArchiveCache:
    """A folder of at most `size` bytes, for any number of threads and processes; `fresh` is in seconds.

    Without a working disk it is an empty one: no answer fails for it.
    """

    def __init__(self, folder: Path, size: int, fresh: float) -> None:
        self._folder = folder
        self._size = size
        self._fresh = fresh

    def get(self, base: str, resource: Resource) -> Kept | None:
        """Return what is kept of a resource of the workspace at `base`; None for nothing."""
        path = self._path(base, resource)
        try:
            with path.open("rb") as file:
                line, content, stat = file.readline(_LONGEST_LINE), file.read(), os.fstat(file.fileno())
            kept = _read(line, content, fresh=0 <= time.time() - stat.st_mtime < self._fresh)
            os.utime(path, (time.time(), stat.st_mtime))
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            return None
        return kept

    def put(self, base: str, resource: Resource, attachment: Attachment, headers: Mapping[str, str]) -> None:
        """Keep what was fetched, with what its response's `headers` say of it; what was not used longest may go."""
        head = {
            "name": attachment.name,
            "content_type": attachment.content_type,
            "content_id": attachment.content_id,
            "sha256": hashlib.sha256(attachment.content).hexdigest(),
            "validators": _validators(headers),
        }
        line = orjson.dumps(head) + b"\n"
        if not len(line) + len(attachment.content) <= self._size or len(line) > _LONGEST_LINE:
            return
        try:
            self._write(self._path(base, resource), line + attachment.content)
            self._make_room()
        except OSError as error:
            log.trouble(f"keeping pictures in {self._folder}", error)

    def confirm(self, base: str, resource: Resource) -> None:
        """Take in that Cention says that what is kept is so."""
        with suppress(OSError):  # it has gone meanwhile, and is fetched again
            os.utime(self._path(base, resource))

    def drop(self, base: str, resource: Resource) -> None:
        """Forget a resource."""
        with suppress(OSError):  # what cannot be removed is asked for again when it is not fresh any more
            self._path(base, resource).unlink(missing_ok=True)

    def _path(self, base: str, resource: Resource) -> Path:
        name = hashlib.sha256(f"{base}\n{resource.type}\n{resource.id}".encode()).hexdigest()
        return self._folder / name

    def _write(self, path: Path, data: bytes) -> None:
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        number, name = tempfile.mkstemp(prefix=".new-", dir=self._folder)  # of mode 600
        try:
            with os.fdopen(number, "wb") as file:
                file.write(data)
            Path(name).replace(path)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise

    def _make_room(self) -> None:
        """Remove what was not used longest, until the rest is within the bound; another may be doing the same."""
        found = []
        for entry in filter(lambda entry: _OURS.fullmatch(entry.name), os.scandir(self._folder)):
            with suppress(FileNotFoundError):
                stat = entry.stat()
                found.append((stat.st_atime, stat.st_size, entry.path))
        over = sum(size for _, size, _ in found) - self._size
        for _, size, path in sorted(found):
            if over <= 0:
                return
            Path(path).unlink(missing_ok=True)
            over -= size


def _read(line: bytes, content: bytes, *, fresh: bool) -> Kept:
    head: Any = orjson.loads(line)
    if hashlib.sha256(content).hexdigest() != head["sha256"]:
        raise ValueError("not whole")
    found = Attachment(str(head["name"]), str(head["content_type"]), content, str(head["content_id"]))
    return Kept(found, {str(name): str(value) for name, value in head["validators"].items()}, fresh)


def _validators(headers: Mapping[str, str]) -> dict[str, str]:
    """Return the conditions of a later request, from the headers of a response, whose names are of any case."""
    known = {name.lower(): value for name, value in headers.items()}
    wanted = (("If-None-Match", "etag"), ("If-Modified-Since", "last-modified"))
    said = {name: known.get(header, "") for name, header in wanted}
    return {name: value for name, value in said.items() if 0 < len(value) <= _LONGEST_VALIDATOR and value.isprintable()}
