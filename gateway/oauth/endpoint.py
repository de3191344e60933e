"""One question to a token server, bounded in time and size: a form goes there, or nothing; a JSON object comes back.

It goes by the standard library and not by a Session of requests: no .netrc, proxy or cookie comes in, no redirect is
followed, and the whole call can be cut when its time is over, however slowly its bytes come.
"""

import math
import socket
import ssl
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException, HTTPResponse
from typing import Any
from urllib.parse import SplitResult, urlencode, urlsplit

import orjson

from gateway.errors import Temporary

_LONGEST = 256 * 1024
_PORTS = {"https": 443, "http": 80}
_FORM = {"Content-Type": "application/x-www-form-urlencoded"}
_HEADERS = {
    "Accept": "application/json",
    "Accept-Encoding": "identity",
    "User-Agent": "cention-gateway",
    "Connection": "close",
}


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where a question goes: https, or http to this machine; `timeout` seconds in all; `authority` a PEM file or ""."""

    url: str
    timeout: float = 30.0
    authority: str = ""

    @property
    def host(self) -> str:
        """Return who is asked, for people."""
        return urlsplit(self.url).netloc


@dataclass(frozen=True, slots=True)
class Reply:
    """What a token server answered: `said` is its JSON object, {} where it sent none; `retry_after` the header's."""

    status: int
    retry_after: str
    said: Mapping[str, Any] = field(repr=False)

    def text(self, name: str) -> str:
        """Return a member that is text, "" where it is not."""
        found = self.said.get(name)
        return found if isinstance(found, str) else ""

    def number(self, name: str) -> float | None:
        """Return a member that is a number, or text of one as some servers write it; None where it is not."""
        found = self.said.get(name)
        if isinstance(found, bool) or not isinstance(found, str | int | float):
            return None
        try:
            number = float(found)
        except (ValueError, OverflowError):
            return None
        return number if math.isfinite(number) else None


def ask(endpoint: Endpoint, fields: Mapping[str, str] | None) -> Reply:
    """Post a form (RFC 6749 4.4.2, 6), or get what is there where it is None; return the reply, whatever its status.

    Temporary where none came.
    """
    parts, end = urlsplit(endpoint.url), time.monotonic() + endpoint.timeout
    try:
        with closing(socket.create_connection(_address(parts), endpoint.timeout)) as line, _cut_at(end, line):
            return _exchange(endpoint, parts, line, fields)
    except (OSError, HTTPException, UnicodeError) as error:
        if time.monotonic() >= end or isinstance(error, TimeoutError):
            raise Temporary(f"{endpoint.host} did not answer within {endpoint.timeout:g} s") from error
        what = "be read" if fields is None else "be asked for a token"
        raise Temporary(f"{endpoint.host} cannot {what}: {_reason(error)}") from error


def _address(parts: SplitResult) -> tuple[str, int]:
    return parts.hostname or "", parts.port or _PORTS[parts.scheme]


@contextmanager
def _cut_at(end: float, line: socket.socket) -> Iterator[None]:
    """End the connection at a moment of `time.monotonic`: what waits for it then sees its end."""
    twin = line.dup()  # TLS takes the socket itself over

    def cut() -> None:
        with suppress(OSError):
            twin.shutdown(socket.SHUT_RDWR)

    timer = threading.Timer(max(0.0, end - time.monotonic()), cut)
    timer.daemon = True
    timer.start()
    try:
        yield
        if time.monotonic() >= end:
            raise TimeoutError
    finally:
        timer.cancel()
        twin.close()


def _exchange(endpoint: Endpoint, parts: SplitResult, line: socket.socket, fields: Mapping[str, str] | None) -> Reply:
    connection = HTTPConnection(*_address(parts))
    connection.default_port = _PORTS[parts.scheme]
    if parts.scheme == "https":
        context = ssl.create_default_context(cafile=endpoint.authority or None)
        line = context.wrap_socket(line, server_hostname=parts.hostname)
    connection.sock = line
    with closing(connection):
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        if fields is None:
            connection.request("GET", target, headers=_HEADERS)
        else:
            connection.request("POST", target, urlencode(fields), _HEADERS | _FORM)
        with closing(connection.getresponse()) as response:
            return _read(response, endpoint.host)


def _read(response: HTTPResponse, host: str) -> Reply:
    content = response.read(_LONGEST + 1)
    if len(content) > _LONGEST:
        raise Temporary(f"{host} answered {response.status} with more than {_LONGEST} bytes, which no token needs")
    return Reply(response.status, response.headers.get("Retry-After", ""), _object(content))


def _object(content: bytes) -> Mapping[str, Any]:
    try:
        found = orjson.loads(content)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _reason(error: Exception) -> str:
    """Say what went wrong without what was sent or came."""
    match error:
        case socket.gaierror() | UnicodeError():
            return "its name cannot be resolved"
        case ssl.SSLCertVerificationError():
            return f"its certificate is not trusted: {error.verify_message}"
        case ssl.SSLError():
            return "TLS failed: " + str(error.reason or "the connection was cut").replace("_", " ").lower()
        case OSError():
            return error.strerror or "the connection was cut"
        case _:
            return "what came is not a whole HTTP answer"
