"""Posting documents to one host over kept connections, many at once, in the event loop of `loop`.

No proxy, cookie or password comes in from the environment, and no redirect is followed.
"""

import asyncio
import os
import ssl
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import IO
from urllib.parse import urlsplit

from requests import Request
from requests.exceptions import ConnectTimeout, InvalidSchema, InvalidURL
from requests.utils import DEFAULT_CA_BUNDLE_PATH

from gateway.cention.connection import Connection
from gateway.cention.limits import Limits
from gateway.cention.reply import Incoming, Reply, read_reply

_PIECE = 64 * 1024
# Nobody closes the connections of a client that new settings have replaced.
_REST_SECONDS = 60.0
_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class _Target:
    """Where an address leads to, and the head of a request up to what differs from one to the next."""

    host: str
    port: int
    tls: bool
    head: str


class Exchange:
    """Posts to one host's addresses. `authority` is a PEM file of certificates to trust, not the well-known ones."""

    def __init__(self, headers: Mapping[str, str], limits: Limits, authority: str = "") -> None:
        self._headers = headers
        self._limits = limits
        self._authority = authority or DEFAULT_CA_BUNDLE_PATH
        self._targets: dict[str, _Target] = {}
        self._idle: list[Connection] = []

    async def post(self, url: str, document: bytes | IO[bytes], token: str, longest: int) -> Reply:
        """Send a document, its bytes or the file that it fills; read at most `longest` bytes of the response's body.

        Errors: OSError, http.client's HTTPException and requests' exceptions, which `network.trouble` knows.
        """
        target = self._targets.get(url) or self._targets.setdefault(url, _target(url, self._headers))
        head = f"{target.head}Content-Length: {_size(document)}\r\nAuthorization: Bearer {token}\r\n\r\n".encode()
        connection = self._kept() or await self._connected(target)
        reply = None
        try:
            async with asyncio.timeout(None) as limit:
                reply = await _Call(connection, limit, self._limits).answered(head, document, longest)
        finally:
            if reply is None or not reply.kept or connection.ended:
                connection.close()
            else:
                connection.rest(_REST_SECONDS)
                self._idle.append(connection)
        return reply

    def close(self) -> None:
        """Close the connections that are kept. Called in the loop."""
        while self._idle:
            connection = self._idle.pop()
            connection.use()
            connection.close()

    def _kept(self) -> Connection | None:
        """Return a connection that can be used again, the one that was used last."""
        while self._idle:
            connection = self._idle.pop()
            if connection.use():
                return connection
            connection.close()
        return None

    async def _connected(self, target: _Target) -> Connection:
        context = _tls(self._authority) if target.tls else None
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(self._limits.connect):
                _, connection = await loop.create_connection(Connection, target.host, target.port, ssl=context)
        except TimeoutError as error:
            raise ConnectTimeout from error
        except ValueError as error:  # a host's name that no name can be
            raise InvalidURL from error
        return connection


class _Call:
    """A request under way, and its time: so long in all, and so long for each wait."""

    def __init__(self, connection: Connection, limit: asyncio.Timeout, limits: Limits) -> None:
        self._connection = connection
        self._limit = limit
        self._silence = limits.silence
        self._loop = asyncio.get_running_loop()
        self._end = self._loop.time() + limits.total
        self._goes_on()

    async def answered(self, head: bytes, document: bytes | IO[bytes], longest: int) -> Reply:
        incoming = Incoming(self._connection.buffer, self._more)
        if isinstance(document, bytes) and len(document) <= _PIECE:
            self._connection.write(head + document)
            return await read_reply(incoming, longest)
        # The answer may come before the document was read: a proxy that will not take a large one says so at once.
        sending = self._loop.create_task(self._send(head, document))
        sending.add_done_callback(lambda done: done.cancelled() or done.exception())
        try:
            reply = await read_reply(incoming, longest)
        finally:
            sent = sending.done()
            sending.cancel()
        return reply if sent else reply.last()

    async def _send(self, head: bytes, document: bytes | IO[bytes]) -> None:
        self._connection.write(head)
        for piece in _pieces(document):
            self._connection.write(piece)
            await self._connection.drained()
            self._goes_on()

    async def _more(self) -> bool:
        came = await self._connection.more()
        self._goes_on()
        return came

    def _goes_on(self) -> None:
        self._limit.reschedule(min(self._end, self._loop.time() + self._silence))


def _target(url: str, headers: Mapping[str, str]) -> _Target:
    """Take an address apart; requests' exceptions for one that cannot be called."""
    prepared = Request("POST", url, dict(headers)).prepare()
    parts = urlsplit(prepared.url or "")
    if parts.scheme not in _PORTS or not parts.hostname:
        raise InvalidSchema
    port = parts.port or _PORTS[parts.scheme]
    host = parts.netloc.rpartition("@")[2]
    lines = [f"POST {prepared.path_url} HTTP/1.1", f"Host: {host}", *(f"{name}: {headers[name]}" for name in headers)]
    return _Target(parts.hostname, port, parts.scheme == "https", "".join(f"{line}\r\n" for line in lines))


@cache
def _tls(authority: str) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=authority)


def _size(document: bytes | IO[bytes]) -> int:
    return len(document) if isinstance(document, bytes) else document.seek(0, os.SEEK_END)


def _pieces(document: bytes | IO[bytes]) -> Iterator[bytes]:
    """Yield a document in pieces, so small that a slow line takes each within the time of a wait."""
    if isinstance(document, bytes):
        for start in range(0, len(document), _PIECE):
            yield document[start : start + _PIECE]
        return
    document.seek(0)
    while piece := document.read(_PIECE):
        yield piece
