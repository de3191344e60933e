"""A request's body, read within bounds: of size and time for each, and of memory for all that come at once."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from starlette.requests import ClientDisconnect, Request

from gateway.web.errors import Refusal

_SECONDS = 120
# So many of the largest size are in memory at once; small ones, which callbacks are, need no more room than they have.
_LARGEST_AT_ONCE = 4


class Bodies:
    """The bodies that are in memory just now."""

    def __init__(self) -> None:
        self._held = 0

    @asynccontextmanager
    async def take(self, request: Request, most: int) -> AsyncIterator[bytes]:
        """Have a body of at most `most` bytes for as long as the context lasts; Refusal says why it cannot be had."""
        if request.headers.get("content-encoding", "identity").strip().lower() not in {"", "identity"}:
            raise Refusal(415, "expected a body without Content-Encoding", headers={"Accept-Encoding": "identity"})
        body = bytearray()
        try:
            await self._read(request, most, body)
            yield bytes(body)
        finally:
            self._held -= len(body)

    async def _read(self, request: Request, most: int, body: bytearray) -> None:
        """Read as it comes. A body over `most` bytes is read off, within reason, so that the answer is seen."""
        too_large = Refusal(413, f"expected at most {most} bytes")
        announced = request.headers.get("content-length", "0")
        if announced.isascii() and announced.isdigit() and int(announced) > 2 * most:
            raise too_large
        size = 0
        try:
            async with asyncio.timeout(_SECONDS):
                async for chunk in request.stream():
                    size += len(chunk)
                    if size <= most:
                        self._hold(chunk, most, body)
                    elif size > 2 * most:
                        break
        except ClientDisconnect:
            raise Refusal(400, "the body was cut off") from None
        except TimeoutError:
            raise Refusal(408, f"the body did not come within {_SECONDS} seconds") from None
        if size > most:
            raise too_large

    def _hold(self, chunk: bytes, most: int, body: bytearray) -> None:
        if self._held + len(chunk) > _LARGEST_AT_ONCE * most:
            raise Refusal(503, "too many large documents at once; try again later", headers={"Retry-After": "30"})
        self._held += len(chunk)
        body += chunk
