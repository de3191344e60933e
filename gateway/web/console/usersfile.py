"""The file of users that `cention-gateway user` writes: a line each, `name:role:hash`; `#` begins a remark."""

import os
import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from gateway.config.console import USER_NAME, ConsoleSection, is_hash
from gateway.config.role import Role
from gateway.errors import SettingsError

_MODE = 0o600
_LARGEST = 1_000_000
_OPEN_TO_OTHERS = 0o077
_REMARK = "# Users of the console: name:role:hash. Written by `cention-gateway user`.\n"


@dataclass(frozen=True, slots=True)
class User:
    """Somebody with a password; `password` is its hash."""

    role: Role
    password: str


Users = Mapping[str, User]


def users_of(settings: ConsoleSection) -> Users:
    """Return all users with passwords: those of the file, and those of the settings, which go before it."""
    kept = read(Path(settings.users_file)) if settings.users_file else {}
    return {**kept, **{name: User(one.role, one.password) for name, one in settings.user.items()}}


def read(path: Path) -> dict[str, User]:
    """Read the file, {} where there is none yet; SettingsError with a line for each mistake."""
    try:
        if path.stat().st_mode & _OPEN_TO_OTHERS:
            raise SettingsError([f"{path}: others can read it; expected mode 600: chmod 600 {path}"])
        with path.open(encoding="utf-8") as file:
            text = file.read(_LARGEST)
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError([f"{path}: cannot be read: {getattr(error, 'strerror', None) or 'not UTF-8'}"]) from error
    users, wrong = {}, []
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip() or line.startswith("#"):
            continue
        name, _, rest = line.strip().partition(":")
        role, _, password = rest.partition(":")
        if re.fullmatch(USER_NAME, name) and role in set(Role) and is_hash(password):
            users[name] = User(Role(role), password)
        else:
            wrong.append(f"{path}: line {number}: expected name:role:hash; `cention-gateway user add` writes it")
    if wrong:
        raise SettingsError(wrong)
    return users


def write(path: Path, users: Users) -> None:
    """Write the file anew, of mode 600, whole or not at all; SettingsError where it cannot be written."""
    lines = [f"{name}:{user.role}:{user.password}\n" for name, user in sorted(users.items())]
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        owner = path.stat() if path.exists() else path.parent.stat()
        number = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _MODE)
        with os.fdopen(number, "w", encoding="utf-8") as file:
            file.write(_REMARK + "".join(lines))
            file.flush()
            os.fsync(number)
        # Made by root, it is still for the gateway's user to read: its folder's owner, or that of the file before.
        if os.geteuid() == 0:
            os.chown(beside, owner.st_uid, owner.st_gid)
        beside.replace(path)
    except OSError as error:
        raise SettingsError([f"{path}: cannot be written: {error.strerror}"]) from error
    finally:
        with suppress(OSError):
            beside.unlink()
