"""Mail in files: read only where they are regular ones, moved or deleted once they are ours."""

import os
import shutil
import stat
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future
from functools import partial
from pathlib import Path
from typing import IO, Any, NamedTuple, Protocol

from gateway.errors import GatewayError, Permanent, Temporary
from gateway.model import Receipt
from gateway.sources.intake import Intake, Stopped, batches
from gateway.sources.poller import COMMIT_SECONDS, Ground
from gateway.sources.watch import Watch

_PIECE = 256 * 1024
_FIRST_WAIT, _LONGEST_WAIT = 5.0, 3600.0


class File(NamedTuple):
    """A file as it was found; times in nanoseconds."""

    path: Path
    size: int
    changed_at: int
    inode: int


class Directory(Protocol):
    """What a directory does with its files."""

    def is_whole(self, file: File, content: IO[bytes]) -> bool:
        """Whether an open file is as it was found, and nobody writes it; asked before it is read, and after."""

    def finish(self, file: File) -> None:
        """Move or delete a file that is ours; OSError when it cannot be."""

    def reject(self, file: File, reason: str) -> None:
        """Do something with a file that can never be taken; OSError when it cannot be."""


class Setback(NamedTuple):
    """A file that could not be taken, or not be put away: it waits."""

    tries: int
    next_at: float


class Files:
    """Takes files of one directory, and remembers what went wrong; a restart may forget that."""

    def __init__(self, directory: Directory) -> None:
        self._directory = directory
        self._setbacks: dict[str, Setback] = {}
        self._ours: dict[str, File] = {}

    def is_due(self, name: str) -> bool:
        """Whether a file may be taken now: it is not one that has failed and has to wait."""
        setback = self._setbacks.get(name)
        return setback is None or setback.next_at <= time.time()

    def keep_only(self, names: set[str]) -> None:
        """Forget what is not there any more."""
        for known in (self._setbacks, self._ours):
            for name in known.keys() - names:
                del known[name]

    def set_back(self, name: str) -> bool:
        """Let a file wait, each time longer; return whether it is the first time, of which is to be told."""
        tries = self._setbacks[name].tries + 1 if name in self._setbacks else 1
        wait = min(_LONGEST_WAIT, _FIRST_WAIT * 2.0 ** min(tries - 1, 20))
        self._setbacks[name] = Setback(tries, time.time() + wait)
        return tries == 1

    def skip(self, intake: Intake, name: str, reason: str) -> None:
        """Let a file wait that cannot be taken."""
        if self.set_back(name):
            intake.ground.skipped(repr(name), reason)

    def go_on(
        self,
        intake: Intake,
        folder: Path,
        find: Callable[[Intake], list[File]],
        wait: Callable[[Watch, Ground, int], None],
    ) -> None:
        """Take what is found in a folder, until told to stop; OSError while it is not there, or closed to us.

        `wait` is told how many files there were this time.
        """
        ground = intake.ground
        with Watch(folder) as watch:
            while not ground.stopping.is_set():
                watch.renew()
                found = find(intake)
                try:
                    self.take(intake, found)
                except Stopped:
                    return
                ground.succeeded()
                wait(watch, ground, len(found))

    def take(self, intake: Intake, files: Iterable[File]) -> None:
        """Take files in order, until told to stop.

        Full or Temporary when the store cannot have them now, Temporary when one that is ours cannot be put away.
        """
        for batch in batches(files, lambda file: file.size):
            if intake.ground.stopping.is_set():
                return
            intake.ground.check_room(sum(min(file.size, intake.most) for file in batch))
            self._take(intake, batch)

    def _take(self, intake: Intake, batch: Sequence[File]) -> None:
        troubles: list[Exception] = []
        commits: dict[File, Future[Receipt]] = {}
        try:
            for file in batch:
                if self._ours.get(file.path.name) == file:
                    self._finish(file, troubles)
                elif (commit := self._read(intake, file, troubles)) is not None:
                    commits[file] = commit
        finally:
            self._settle(intake, commits, troubles)
        if troubles:
            raise troubles[0]

    def _read(self, intake: Intake, file: File, troubles: list[Exception]) -> "Future[Receipt] | None":
        """Read a file and hand it to the store; None when it was not to be had now."""
        try:
            intake.check_size(file.size)
            with regular(file.path) as content:
                is_whole = partial(self._directory.is_whole, file, content)
                return intake.take(file.path.name, _pieces(content), is_whole) if is_whole() else None
        except Permanent as error:
            self._reject(intake, file, str(error), troubles)
        except FileNotFoundError:
            pass  # somebody else has taken it
        except OSError as error:
            self.skip(intake, file.path.name, error.strerror or str(error))
        return None

    def _settle(self, intake: Intake, commits: "dict[File, Future[Receipt]]", troubles: list[Exception]) -> None:
        """Wait for commits, and put away what is ours."""
        for file, commit in commits.items():
            try:
                commit.result(COMMIT_SECONDS)
            except Permanent as error:
                self._reject(intake, file, str(error), troubles)
            except (GatewayError, TimeoutError) as error:
                troubles.append(error)
            else:
                self._finish(file, troubles)

    def _finish(self, file: File, troubles: list[Exception]) -> None:
        self._ours[file.path.name] = file
        self._try(file, self._directory.finish, "it was taken, but cannot be put away", troubles)

    def _reject(self, intake: Intake, file: File, reason: str, troubles: list[Exception]) -> None:
        self.skip(intake, file.path.name, reason)
        reject = partial(self._directory.reject, reason=reason)
        self._try(file, reject, f"{reason}, but it cannot be put away", troubles)

    def _try(self, file: File, work: Callable[[File], None], trouble: str, troubles: list[Exception]) -> None:
        """Put a file away, unless another has its name by now: that one is found at the next look."""
        try:
            if file_at(file.path, file.path.lstat()) == file:
                work(file)
        except FileNotFoundError:
            pass  # somebody else has put it away
        except OSError as error:
            self.set_back(file.path.name)
            troubles.append(Temporary(f"{file.path}: {trouble}: {error.strerror or error}"))


def regular(path: Path) -> IO[bytes]:
    """Open a file for reading; OSError where it is a link, a pipe or anything else that is no file."""
    # A pipe that came in its place would otherwise hold us up.
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise OSError("it is not a regular file")
    return os.fdopen(descriptor, "rb", buffering=0)


def entries(folder: Path) -> "Iterator[os.DirEntry[str]]":
    """Yield what is in a directory, but for hidden entries; OSError where it cannot be read."""
    with os.scandir(folder) as found:
        yield from (entry for entry in found if not entry.name.startswith("."))


def file_of(entry: "os.DirEntry[Any]") -> File | None:
    """Return a directory's entry as a file, None where it is gone."""
    try:
        found = entry.stat(follow_symlinks=False)
    except FileNotFoundError:
        return None
    return file_at(Path(entry.path), found)


def file_at(path: Path, found: os.stat_result) -> File:
    """Return the file that was found at a path."""
    return File(path, found.st_size, found.st_mtime_ns, found.st_ino)


def put_away(path: Path, folder: Path, name: str) -> Path:
    """Move a file into a directory, which is made if it is not there, under a name that is free; return where it is."""
    folder.mkdir(exist_ok=True)
    target, number = folder / name, 0
    while target.exists():
        number += 1
        target = folder / f"{number}-{name}"
    shutil.move(path, target)
    return target


def _pieces(content: IO[bytes]) -> Iterator[bytes]:
    return iter(partial(content.read, _PIECE), b"")
