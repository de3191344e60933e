"""A Unix socket to listen on, and the file that is its address: made with its owner and mode, removed at the end."""

import errno
import shutil
import socket
import stat
from contextlib import suppress
from pathlib import Path

from gateway.config.lmtp import LmtpSection, UnixSocket
from gateway.errors import SettingsError


class UnixFile:
    """A bound `socket` and its file. SettingsError when it cannot be had, or somebody listens there."""

    def __init__(self, place: UnixSocket, settings: LmtpSection) -> None:
        self._path = Path(place.path)
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_CLOEXEC)
        try:
            _clear(self._path)
            self.socket.bind(place.path)
            self._inode = self._path.lstat().st_ino
            self._give(settings)
        except OSError as error:
            self.socket.close()
            raise SettingsError([f"lmtp.listen: cannot listen on {place}: {error.strerror or error}"]) from error
        except SettingsError:
            self.remove()
            raise

    def _give(self, settings: LmtpSection) -> None:
        """Set owner and mode; nobody can connect before, since it does not listen yet."""
        for key, name in (("user", settings.owner), ("group", settings.group)):
            setting = "owner" if key == "user" else key
            try:
                if name:
                    shutil.chown(self._path, **{key: name})
            except LookupError as error:
                raise SettingsError([f"lmtp.{setting}: there is no {key} {name} on this machine"]) from error
            except PermissionError as error:
                said = f"lmtp.{setting}: not permitted to give {self._path} to {key} {name}"
                raise SettingsError([f"{said}; our user must be root or, for a group, a member of it"]) from error
        self._path.chmod(settings.mode)

    def remove(self) -> None:
        """Close the socket and remove its file, unless that is another's by now."""
        self.socket.close()
        with suppress(FileNotFoundError):
            if self._path.lstat().st_ino == self._inode:
                self._path.unlink()


def _clear(path: Path) -> None:
    """Remove the file of a gateway that was killed; OSError where it is no socket, or one that somebody listens on."""
    try:
        if not stat.S_ISSOCK(path.lstat().st_mode):
            raise OSError(errno.EEXIST, "a file of that name is there, and is no socket")
    except FileNotFoundError:
        return
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.setblocking(False)  # noqa: FBT003 - the standard library's own form
        try:
            probe.connect(str(path))
        except ConnectionRefusedError:
            path.unlink()
            return
        except BlockingIOError:  # so many wait there that no more may
            pass
    raise OSError(errno.EADDRINUSE, "another program listens there")
