"""A connection to Cention in an event loop: bytes out as fast as the other side takes them, bytes in as they come."""

import asyncio
import socket
from typing import Any, cast

_SENT_AHEAD = 256 * 1024


class Connection(asyncio.Protocol):
    """One connection. `buffer` holds what has come and was not taken out yet; `ended` says that no more will come."""

    def __init__(self) -> None:
        self.buffer = bytearray()
        self.ended = False
        self._error: Exception | None = None
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.Transport | None = None
        self._news: asyncio.Future[None] | None = None
        self._room: asyncio.Future[None] | None = None
        self._resting: asyncio.TimerHandle | None = None

    async def more(self) -> bool:
        """Wait until something new is in `buffer`; False at the end. OSError for how the connection broke."""
        before = len(self.buffer)
        while len(self.buffer) == before and not self.ended:
            self._news = self._loop.create_future()
            await self._news
        if len(self.buffer) > before:
            return True
        if self._error is not None:
            raise self._error
        return False

    def write(self, data: bytes) -> None:
        """Send bytes; they wait in memory where the other side is slower."""
        if self._transport is not None:
            self._transport.write(data)

    async def drained(self) -> None:
        """Wait until the other side has taken most of what waits. OSError when it takes no more."""
        while self._room is not None and not self.ended:
            await self._room
        if self.ended:
            raise self._error or BrokenPipeError()

    def rest(self, seconds: float) -> None:
        """Nobody uses it now; it is closed unless somebody does within so many seconds."""
        self._resting = self._loop.call_later(seconds, self.close)

    def use(self) -> bool:
        """End its rest; return whether it is still good: open, and nothing has come that belongs to no request."""
        if self._resting is not None:
            self._resting.cancel()
        return not self.ended and not self.buffer

    def close(self) -> None:
        """End it now, whatever is under way."""
        self.ended = True
        if self._transport is not None:
            self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Remember the way out."""
        self._transport = cast("asyncio.Transport", transport)
        # More would wait here and in the kernel, where nobody sees whether the other side goes on taking it.
        self._transport.set_write_buffer_limits(_SENT_AHEAD // 4)
        transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _SENT_AHEAD)

    def data_received(self, data: bytes) -> None:
        """Take what comes."""
        self.buffer += data
        self._wake()

    def eof_received(self) -> None:
        """Nothing more will come: the connection is closed by that."""
        self.ended = True
        self._wake()

    def connection_lost(self, error: Exception | None) -> None:
        """Nothing more will come or go."""
        self.ended = True
        self._error = error
        self._wake()
        self.resume_writing()

    def pause_writing(self) -> None:
        """So much waits that more has to wait until the other side has taken some."""
        self._room = self._loop.create_future()

    def resume_writing(self) -> None:
        """There is room again."""
        room, self._room = self._room, None
        _settle(room)

    def _wake(self) -> None:
        news, self._news = self._news, None
        _settle(news)


def _settle(waiting: "asyncio.Future[Any] | None") -> None:
    if waiting is not None and not waiting.done():
        waiting.set_result(None)
