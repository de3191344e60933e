"""The file that keeps tokens over a restart: of mode 600, replaced as a whole, one process at a time."""

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

import orjson

from gateway.errors import Temporary

_TICK = 0.05


@dataclass(frozen=True, slots=True)
class Kept:
    """Tokens as they are kept. `issued` and `expires` are Unix seconds; `seed` is of the settings they belong to."""

    access_token: str = field(default="", repr=False)
    issued: float = 0.0
    expires: float = 0.0
    refresh_token: str = field(default="", repr=False)
    scope: str = ""
    seed: str = field(default="", repr=False)


NOTHING = Kept()


def read(path: Path, seed: str) -> Kept:
    """Return what is kept there for settings with that seed; NOTHING where nothing is, or nothing that can be used.

    Temporary where the file cannot be read.
    """
    try:
        content = orjson.loads(path.read_bytes())
    except FileNotFoundError:
        return NOTHING
    except OSError as error:
        raise Temporary(f"{path}: cannot be read: {error.strerror}") from error
    except ValueError:
        return NOTHING
    kept = _kept(content)
    return kept if kept.seed == seed else NOTHING


def _kept(content: Any) -> Kept:
    """Read the file's object; a key that is not there, or is of another kind, makes all of it useless."""
    if not isinstance(content, dict):
        return NOTHING
    values: dict[str, Any] = {one.name: content.get(one.name) for one in fields(Kept)}
    if all(isinstance(value, float if name in {"issued", "expires"} else str) for name, value in values.items()):
        return Kept(**values)
    return NOTHING


def write(path: Path, kept: Kept) -> None:
    """Replace what is kept; it is on the disk on return. OSError where that fails, and the old file stays."""
    new = path.with_name(f"{path.name}.new")
    new.unlink(missing_ok=True)
    with open(new, "xb", opener=_private) as file:
        _belong_to(file.fileno(), path.parent)
        file.write(orjson.dumps(asdict(kept)))
        file.flush()
        os.fsync(file.fileno())
    new.replace(path)
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


@contextmanager
def locked(path: Path, seconds: float) -> Iterator[None]:
    """Be the one process that changes what is kept there; Temporary where another is at it longer, or no file can be.

    The folder is made where it is not there, for its owner alone.
    """
    try:
        _make(path.parent)
        # Root may be who asks: a link that the folder's owner left there must not have it give another file away.
        flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
        lock = os.open(path.with_name(f"{path.name}.lock"), flags, 0o600)
    except OSError as error:
        raise Temporary(f"{path}: tokens cannot be kept there: {error.strerror}") from error
    try:
        _belong_to(lock, path.parent)
        _wait_for(lock, path, time.monotonic() + seconds)
        yield
    finally:
        os.close(lock)


def _wait_for(lock: int, path: Path, end: float) -> None:
    while True:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            if time.monotonic() >= end:
                raise Temporary(f"{path}: another process has been asking for a token for too long") from error
            time.sleep(_TICK)
        else:
            return


def _make(folder: Path) -> None:
    if not folder.is_dir():
        folder.parent.mkdir(parents=True, exist_ok=True)
        folder.mkdir(mode=0o700, exist_ok=True)
        _belong_to(folder, folder.parent)


def _belong_to(file: int | Path, folder: Path) -> None:
    """Give what root makes to the folder's owner: `oauth login` may be run by root, the gateway is not."""
    if os.geteuid() == 0:
        owner = folder.stat()
        os.chown(file, owner.st_uid, owner.st_gid)


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)
