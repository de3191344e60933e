"""From what an operator names to the sources that lie there: which files are mails, and of which kind."""

import os
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from gateway.importing.entry import Source, shown
from gateway.importing.folder import FILES, MAILDIR, MH, OUTLOOK, Convert, Folder
from gateway.importing.fromline import Flavour
from gateway.importing.mbox import Mbox

_KNOWN = "expected an mbox, a Maildir, an MH folder, or .eml and .msg files"

_PARTS = ("cur", "new")  # of a Maildir; what is in tmp is not whole


@dataclass(slots=True)
class Found:
    """What lies at the paths, in order: the sources, and a line for each thing that cannot be read or is no mail."""

    sources: list[Source] = field(default_factory=list)
    wrong: list[tuple[str, str]] = field(default_factory=list)

    @property
    def size(self) -> int:
        """The bytes of all mails."""
        return sum(source.size for source in self.sources)


def find(paths: Iterable[Path], convert: Convert, flavour: Flavour) -> Found:
    """Look at paths and at all folders in them. Links to folders are not followed, so that no way leads in a ring."""
    found = Found()
    for path in paths:
        before = len(found.sources), len(found.wrong)
        try:
            if path.is_dir():
                _tree(path, found, convert, flavour)
            else:
                _file(path, found, convert, flavour)
        except OSError as error:
            found.wrong.append((shown(Path(error.filename or path)), f"cannot be read: {error.strerror}"))
        if before == (len(found.sources), len(found.wrong)):
            found.wrong.append((shown(path), f"there is no mail in it: {_KNOWN}"))
    return found


def _file(path: Path, found: Found, convert: Convert, flavour: Flavour) -> None:
    beginning = _beginning(path)
    if not beginning:
        found.wrong.append((shown(path), f"it is empty: {_KNOWN}"))
    elif beginning.startswith(b"From ") and path.suffix.lower() != ".eml":
        found.sources.append(Mbox(path, flavour))
    elif path.suffix.lower() == ".mbox":
        found.wrong.append((shown(path), 'it is no mbox: it does not begin with "From "'))
    else:
        found.sources.append(Folder(path.parent, FILES, convert, path.name))


def _tree(path: Path, found: Found, convert: Convert, flavour: Flavour) -> None:
    """Take what is in a folder and in all those in it, each before those in it."""
    left = [path]
    while left:
        folder = left.pop()
        try:
            with os.scandir(folder) as scan:
                there = sorted(scan, key=lambda one: one.name)
            inner = [one.name for one in there if one.is_dir(follow_symlinks=False)]
            _files(folder, [one.name for one in there if one.is_file()], found, convert, flavour)
        except OSError as error:
            found.wrong.append((shown(Path(error.filename or folder)), f"cannot be read: {error.strerror}"))
            continue
        if set(_PARTS) <= set(inner):
            inner = [*_PARTS, *(name for name in inner if name not in (*_PARTS, "tmp"))]
        left += [folder / name for name in reversed(inner)]


def _files(path: Path, names: list[str], found: Found, convert: Convert, flavour: Flavour) -> None:
    """Take the files of a folder: as sources together, for each kind of mail that there is, and each mbox by itself."""
    if _is_maildir_part(path):
        found.sources += [Folder(path, MAILDIR, convert)] if any(map(MAILDIR.is_mail, names)) else []
        return
    kinds = [kind for kind in (MH, FILES) if any(map(kind.is_mail, names))]
    found.sources += [Folder(path, kind, convert) for kind in kinds]
    for name in names:
        if not any(kind.is_mail(name) for kind in kinds):
            _mbox(path / name, found, flavour)


def _is_maildir_part(path: Path) -> bool:
    return path.name in _PARTS and all((path.parent / name).is_dir() for name in _PARTS)


def _mbox(path: Path, found: Found, flavour: Flavour) -> None:
    """Take a file if it is an mbox; others are no mail, and are passed over."""
    try:
        if _beginning(path).startswith(b"From "):
            found.sources.append(Mbox(path, flavour))
    except OSError as error:
        found.wrong.append((shown(path), f"cannot be read: {error.strerror}"))


def _beginning(path: Path) -> bytes:
    with path.open("rb", buffering=0) as file:
        return file.read(len(OUTLOOK))
