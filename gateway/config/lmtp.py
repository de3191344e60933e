"""`[lmtp]`: mail from a mail server of the same house, over TCP or a Unix socket."""

import re
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Annotated

from pydantic import Field, PlainSerializer, PlainValidator
from pydantic_settings import NoDecode

from gateway.config.section import Section
from gateway.config.units import Listen

_SMTP_PORT = 25
# sockaddr_un has 108 bytes, a NUL among them (unix(7)).
_LONGEST_PATH = 107


@dataclass(frozen=True, slots=True)
class UnixSocket:
    """A Unix socket to listen on, by its absolute path."""

    path: str

    def __str__(self) -> str:
        return f"unix:{self.path}"


def _read(value: object) -> Listen | UnixSocket:
    """Read "unix:/path" or what `Listen.read` does; ValueError otherwise."""
    kind, _, path = value.partition(":") if isinstance(value, str) else ("", "", "")
    if kind == "unix":
        if not PurePosixPath(path).is_absolute() or len(path.encode()) > _LONGEST_PATH:
            raise ValueError(f'expected "unix:/path" of at most {_LONGEST_PATH} bytes, found {value!r}')
        return UnixSocket(path)
    listen = Listen.read(value)
    if listen.port == _SMTP_PORT:
        raise ValueError("port 25 is SMTP's, and LMTP must not use it (RFC 2033 5); 24 is usual")
    return listen


def _read_mode(value: object) -> int:
    if not isinstance(value, str) or not re.fullmatch(r"0?[0-7]{3}", value):
        raise ValueError(f'expected an octal mode such as "0660", found {value!r}')
    return int(value, 8)


Place = Annotated[Listen | UnixSocket, NoDecode, PlainValidator(_read), PlainSerializer(str)]
Mode = Annotated[int, PlainValidator(_read_mode), PlainSerializer("{:04o}".format)]


class LmtpSection(Section):
    """Mail in by LMTP (RFC 2033). Sizes, limits and TLS are those of `[smtp]`."""

    listen: list[Place] = Field(
        default_factory=list,
        description="Addresses to listen on, `unix:/path` for a Unix socket; by default none.",
    )
    mode: Mode = Field(default=0o660, description="Permissions of the Unix sockets: who may write to one may connect.")
    owner: str = Field(
        default="", description="User who owns the Unix sockets, by default ours; to change it needs root."
    )
    group: str = Field(
        default="",
        description="Group of the Unix sockets, by default ours: the mail server's; our user must be a member of it.",
    )
