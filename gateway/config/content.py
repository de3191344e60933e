"""The settings file as it is written, before anything is made of it."""

import tomllib
from pathlib import Path
from typing import Any

from gateway.errors import SettingsError


def content_of(path: Path) -> dict[str, Any]:
    """Read a TOML file; SettingsError when it cannot be read or is none."""
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise SettingsError([f"{path}: cannot be read: {error.strerror}"]) from error
    except UnicodeDecodeError as error:
        raise SettingsError([f"{path}: not UTF-8 text (byte {error.start})"]) from error
    except ValueError as error:  # TOMLDecodeError is one, and what Python says of a number of thousands of digits
        raise SettingsError([f"{path}: not TOML: {error}"]) from error
    except RecursionError as error:
        raise SettingsError([f"{path}: not TOML: nested too deeply"]) from error
