"""Reading an HTTP/1.1 response (RFC 9112) as it comes, every part of it bounded."""

import http.client
import re
import zlib
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace

_STATUS = re.compile(r"HTTP/1\.([01]) (\d{3})(?: .*)?", re.DOTALL)
_END_OF_HEAD = re.compile(rb"\r?\n\r?\n")
_CHUNK = re.compile(rb"([0-9A-Fa-f]{1,8})[ \t]*(?:;.*)?", re.DOTALL)
_LONGEST_HEAD = 64 * 1024
_MOST_HEADERS = 100
_WITHOUT_BODY = frozenset({204, 304})


@dataclass(frozen=True, slots=True)
class Reply:
    """A response: `headers` by name in lower case, `whole` False where the body is only the beginning of it.

    `kept` says whether the connection can carry another request.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes
    whole: bool = True
    kept: bool = False

    def last(self) -> "Reply":
        """Return it as the last one of its connection."""
        return replace(self, kept=False)


@dataclass(frozen=True, slots=True)
class Incoming:
    """What has come, and how to wait `more` of it into `buffer`; that one is False when no more comes."""

    buffer: bytearray
    more: Callable[[], Awaitable[bool]]

    async def exactly(self, size: int) -> bytes:
        """Take so many bytes out; IncompleteRead when they do not all come."""
        while len(self.buffer) < size:
            await self.needed()
        return self.take(size)

    async def line(self) -> bytes:
        """Take a line out, without its end."""
        while (end := self.buffer.find(b"\n")) < 0:
            if len(self.buffer) > _LONGEST_HEAD:
                raise http.client.LineTooLong("line")
            await self.needed()
        return self.take(end + 1).rstrip(b"\r\n")

    async def needed(self) -> None:
        """Wait for more; IncompleteRead where none comes."""
        if not await self.more():
            raise http.client.IncompleteRead(b"")

    def take(self, size: int) -> bytes:
        """Take so many bytes out that are there."""
        taken = bytes(self.buffer[:size])
        del self.buffer[:size]
        return taken


async def read_reply(incoming: Incoming, longest: int) -> Reply:
    """Read the response to a request that may have a body; a body over `longest` bytes is not read to its end.

    Errors: http.client's HTTPException for what is no response, or ends too early (RemoteDisconnected: at once).
    """
    version, status, headers = await _head(incoming)
    while 100 <= status < 200:  # noqa: PLR2004 - RFC 9110 15.2: what is meant comes after it
        version, status, headers = await _head(incoming)
    body, whole, framed = await _body(incoming, status, headers, longest)
    closing = "close" in headers.get("connection", "").lower() or version == "0"
    return Reply(status, headers, _plain(body, headers, longest), whole, kept=whole and framed and not closing)


async def _head(incoming: Incoming) -> tuple[str, int, dict[str, str]]:
    buffer = incoming.buffer
    while (end := _END_OF_HEAD.search(buffer)) is None:
        if buffer and not buffer.startswith(b"HTTP/1."[: len(buffer)]):
            raise http.client.BadStatusLine("")
        if len(buffer) > _LONGEST_HEAD:
            raise http.client.LineTooLong("head")
        if not await incoming.more():
            raise http.client.IncompleteRead(b"") if buffer else http.client.RemoteDisconnected
    first, *lines = incoming.take(end.end())[: end.start()].decode("latin-1").split("\n")
    found = _STATUS.fullmatch(first.rstrip("\r"))
    if found is None or len(lines) > _MOST_HEADERS:
        raise http.client.BadStatusLine("")
    return found[1], int(found[2]), _headers(lines)


def _headers(lines: list[str]) -> dict[str, str]:
    headers: dict[str, str] = {}
    for line in lines:
        name, colon, value = line.partition(":")
        if not colon or not name.strip():
            raise http.client.HTTPException("a header without a name")
        headers.setdefault(name.strip().lower(), value.strip())
    return headers


async def _body(incoming: Incoming, status: int, headers: dict[str, str], longest: int) -> tuple[bytes, bool, bool]:
    """Return the body, whether that is all of it, and whether its end was told by more than the connection's."""
    if status in _WITHOUT_BODY:
        return b"", True, True
    if "transfer-encoding" in headers:
        return *await _chunked(incoming, longest), True
    length = headers.get("content-length")
    if length is None:
        while len(incoming.buffer) <= longest and await incoming.more():
            pass
        body = incoming.take(len(incoming.buffer))
        return body, len(body) <= longest, False
    if not (length.isascii() and length.isdigit()):
        raise http.client.HTTPException("a length that is none")
    size = int(length[:20])
    return await incoming.exactly(min(size, longest)), size <= longest, True


async def _chunked(incoming: Incoming, longest: int) -> tuple[bytes, bool]:
    """Read a body in chunks (RFC 9112 7.1), and its trailers, which say nothing to us."""
    body = bytearray()
    while True:
        found = _CHUNK.fullmatch(await incoming.line())
        if found is None:
            raise http.client.HTTPException("a chunk without a size")
        size = int(found[1], 16)
        if not size:
            break
        body += await incoming.exactly(min(size, longest + 1 - len(body)))
        if len(body) > longest:
            return bytes(body[:longest]), False
        if await incoming.line():
            raise http.client.HTTPException("a chunk that is longer than its size")
    while await incoming.line():
        pass
    return bytes(body), True


def _plain(body: bytes, headers: Mapping[str, str], longest: int) -> bytes:
    """Unpack a body that a server compressed though it was not asked to; one that cannot be is left as it came."""
    if headers.get("content-encoding", "").lower() not in {"gzip", "x-gzip", "deflate"}:
        return body
    try:
        return zlib.decompressobj(zlib.MAX_WBITS | 32).decompress(body, longest)
    except zlib.error:
        return body
