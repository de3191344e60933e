"""A disk whose power can be cut: a file system in an image, and copies of the image as it is at a moment.

A copy has what the file system had given to the disk by then, and nothing of what still lay in its page cache; mounted,
it is what a machine finds that lost its power at that moment. The image lies on a file system of its own (the case),
which is frozen while it is copied. So the copy is of one moment, in the middle of whatever was being written.
"""

import os
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from tests.servers.program import needs

MKFS, FSFREEZE = "/usr/sbin/mkfs.ext4", "/usr/sbin/fsfreeze"
# As long as the longest test, so that nothing reaches the disk because time has passed.
OPTIONS = "loop,commit=300"


def needs_mounts() -> None:
    """Skip the test when we may not mount file systems."""
    if os.geteuid() != 0:
        pytest.skip("file systems are mounted by root alone")
    needs(MKFS, FSFREEZE)


@contextmanager
def mounted(folder: Path, *arguments: str) -> Iterator[Path]:
    """Mount on a new folder; `arguments` are mount's, without the folder."""
    folder.mkdir(exist_ok=True)
    ran = subprocess.run(["mount", *arguments, str(folder)], check=False, capture_output=True, text=True)
    if ran.returncode != 0:
        pytest.skip(f"cannot mount here: {ran.stderr.strip()}")
    try:
        yield folder
    finally:
        subprocess.run(["umount", str(folder)], check=True)


def image(file: Path, megabytes: int) -> Path:
    """Make a file with an empty ext4 in it; no blocks are kept back for root."""
    with file.open("wb") as empty:
        empty.truncate(megabytes * 1024 * 1024)
    subprocess.run([MKFS, "-q", "-F", "-m", "0", str(file)], check=True)
    return file


class Disk:
    """A mounted ext4; `folder` is where."""

    def __init__(self, folder: Path, case: Path, inside: Path, ram: Path) -> None:
        self.folder = folder
        self._case = case
        self._image = inside
        self._ram = ram

    @contextmanager
    def after_power_cut(self) -> Iterator[Path]:
        """Mount what would be there had the power been cut now; the disk itself goes on. Journal replayed, writable."""
        copy = self._ram / "copy.img"
        subprocess.run([FSFREEZE, "--freeze", str(self._case)], check=True)
        try:
            subprocess.run(["cp", "--sparse=always", str(self._image), str(copy)], check=True)
        finally:
            subprocess.run([FSFREEZE, "--unfreeze", str(self._case)], check=True)
        with mounted(self._ram / "copy", "-o", OPTIONS, str(copy)) as folder:
            yield folder
        copy.unlink()


@contextmanager
def disk(place: Path, megabytes: int = 200) -> Iterator[Disk]:
    """Make a disk of that size, in memory, with its mount points in `place`."""
    with ExitStack() as mounts:
        size = f"size={3 * megabytes}m"
        ram = mounts.enter_context(mounted(place / "ram", "-t", "tmpfs", "-o", size, "tmpfs"))
        around = image(ram / "case.img", megabytes + megabytes // 4)
        case = mounts.enter_context(mounted(ram / "case", "-o", "loop", str(around)))
        inside = image(case / "disk.img", megabytes)
        folder = mounts.enter_context(mounted(ram / "disk", "-o", OPTIONS, str(inside)))
        yield Disk(folder, case, inside, ram)
