"""How people write values: sizes ("50 MB"), times ("5 d"), secrets ("env:NAME"), addresses ("host:port")."""

import os
import re
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, GetCoreSchemaHandler, PlainSerializer, PlainValidator
from pydantic_core import CoreSchema, core_schema
from pydantic_settings import NoDecode

from gateway.errors import SettingsError

_HIGHEST_PORT = 65535
_SECONDS = {"ms": 0.001, "s": 1, "min": 60, "h": 3600, "d": 86400}
_BYTES = {"B": 1, "kB": 10**3, "KB": 10**3, "MB": 10**6, "GB": 10**9, "KiB": 2**10, "MiB": 2**20, "GiB": 2**30}


def _quantity(units: dict[str, float], expected: str) -> Callable[[object], float]:
    def read(value: object) -> float:
        found = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([A-Za-z]+)", value.strip()) if isinstance(value, str) else None
        if found is None or found[2] not in units:
            raise ValueError(f"expected {expected} with a unit ({', '.join(units)}), found {value!r}")
        return float(found[1]) * units[found[2]]

    return read


def read_size(value: object) -> int:
    """Read "50 MB", or a number of bytes; ValueError otherwise."""
    if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
        return value
    return int(_quantity(dict(_BYTES), 'a size such as "50 MB"')(value))


def _duration(value: object) -> float:
    if isinstance(value, int | float) and not isinstance(value, bool) and value >= 0:
        return float(value)
    return _quantity(dict(_SECONDS), 'a time such as "30 s" or "5 d"')(value)


def size_text(size: int) -> str:
    """Write a size as the settings do, in the largest unit that loses nothing."""
    for unit in ("GB", "MB", "kB"):
        if size and size % _BYTES[unit] == 0:
            return f"{size // _BYTES[unit]} {unit}"
    return f"{size} B"


def duration_text(seconds: float) -> str:
    """Write a time as the settings do, in the largest unit that loses nothing."""
    for unit in ("d", "h", "min", "s"):
        if seconds and seconds % _SECONDS[unit] == 0:
            return f"{int(seconds // _SECONDS[unit])} {unit}"
    return f"{seconds * 1000:g} ms"


# Read before, not instead: the bounds of a field hold as well.
Size = Annotated[int, BeforeValidator(read_size), PlainSerializer(size_text)]
Duration = Annotated[float, BeforeValidator(_duration), PlainSerializer(duration_text)]


def _authority(path: str) -> str:
    if path:
        try:
            ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(path)
        except OSError as error:
            reason = error.strerror if not isinstance(error, ssl.SSLError) else "there is no certificate in it"
            raise ValueError(f"{path}: expected a PEM file with a certificate: {reason}") from error
    return path


Authority = Annotated[str, AfterValidator(_authority)]
"""The path of a PEM file with certificates, which can be read; "" for none."""


@dataclass(frozen=True, slots=True)
class Listen:
    """An address to listen on: host (IPv6 without brackets) and port (0 = any free one)."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    @classmethod
    def read(cls, value: object) -> "Listen":
        """Read "host:port", "[v6]:port" or ":port" (all addresses); ValueError otherwise."""
        found = (
            re.fullmatch(r"(?:\[([0-9A-Fa-f:.]+)\]|([^:\[\]]*)):(\d{1,5})", value) if isinstance(value, str) else None
        )
        if found is None or int(found[3]) > _HIGHEST_PORT:
            raise ValueError(f'expected "host:port" (IPv6 as "[::1]:25"), found {value!r}')
        return cls(found[1] or found[2] or "0.0.0.0", int(found[3]))  # noqa: S104 - ":25" asks for all addresses


# From the environment it is a bare "host:port" as well, not JSON.
ListenAddress = Annotated[Listen, NoDecode, PlainValidator(Listen.read), PlainSerializer(str)]


class Secret:
    """A secret by reference: `env:NAME` or `file:PATH`. It prints as ***, and a file is read at each use."""

    __slots__ = ("_kind", "_place")

    def __init__(self, reference: str, *, inline: bool = False) -> None:
        kind, _, place = reference.partition(":")
        if inline:
            kind, place = "inline", reference
        elif kind not in {"env", "file"} or not place:
            raise ValueError('expected "env:NAME" or "file:PATH", so that no secret stands in the settings')
        self._kind, self._place = kind, place

    def __repr__(self) -> str:
        return "***"

    __str__ = __repr__

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and (self._kind, self._place) == (other._kind, other._place)

    def __hash__(self) -> int:
        return hash((self._kind, self._place))

    @property
    def origin(self) -> str:
        """Where it comes from, for people: "env:NAME", "file:PATH", or "the settings"."""
        return "the settings" if self._kind == "inline" else f"{self._kind}:{self._place}"

    def value(self) -> str:
        """Return the secret as it is now, without surrounding white space; SettingsError where there is none."""
        if self._kind == "inline":
            return self._place
        if self._kind == "env":
            found = os.environ.get(self._place, "").strip()
            trouble = f"environment variable {self._place} is not set"
        else:
            found, trouble = _read_file(Path(self._place))
        if not found:
            raise SettingsError([trouble])
        return found

    @classmethod
    def read(cls, value: object) -> "Secret":
        """Read a reference and see that a secret is there; ValueError otherwise."""
        if isinstance(value, Secret):
            return value
        if not isinstance(value, str):
            raise ValueError('expected "env:NAME" or "file:PATH"')  # noqa: TRY004 - pydantic collects ValueError
        secret = cls(value)
        try:
            secret.value()
        except SettingsError as error:
            raise ValueError(str(error)) from error
        return secret

    @classmethod
    def __get_pydantic_core_schema__(cls, _source: Any, _handler: GetCoreSchemaHandler) -> CoreSchema:
        """Tell pydantic that this type is read by `read` and written as ***."""
        return core_schema.no_info_plain_validator_function(
            cls.read, serialization=core_schema.plain_serializer_function_ser_schema(repr)
        )


def _read_file(path: Path) -> tuple[str, str]:
    try:
        text = path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        return "", f"file {path} cannot be read: {getattr(error, 'strerror', None) or 'not UTF-8 text'}"
    return text, f"file {path} is empty"
