"""That something changed, told to pages as it happens (server-sent events, WHATWG HTML 9.2).

One look at the spool serves all who watch; how many watch costs the gateway next to nothing.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress

from sqlalchemy import Connection, func, select
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from gateway.errors import GatewayError
from gateway.spool.tables import counted, event
from gateway.web.console.desk import Desk
from gateway.web.console.guard import still_there

# While much happens pages are drawn anew less often: they are there to be read, and mail goes first.
_PAUSE, _BUSY_PAUSE, _BUSY_STEPS = 1.0, 4.0, 200
# Ages on a page grow though nothing happens; and a proxy that hears nothing takes the connection for a dead one.
_QUIET = 15.0


class Live:
    """The handler of the stream, and the one task that looks for all; `close` ends every stream."""

    def __init__(self, desk: Desk, pause: float = _PAUSE) -> None:
        self._desk = desk
        self._pause = pause
        self._listeners: set[asyncio.Event] = set()
        self._looking: asyncio.Task[None] | None = None
        self._ended = False

    async def stream(self, request: Request) -> Response:
        """Tell of every change from now on; the stream ends where the spool does not answer, or a session is over."""
        return StreamingResponse(self._events(request), media_type="text/event-stream")

    async def _events(self, request: Request) -> AsyncIterator[str]:
        changed = asyncio.Event()
        self._listeners.add(changed)
        if self._looking is None or self._looking.done():
            self._looking = asyncio.create_task(self._look())
        try:
            yield ": here\n\n"
            while not self._ended and not self._looking.done():
                with suppress(TimeoutError):
                    await asyncio.wait_for(changed.wait(), _QUIET)
                changed.clear()
                if not await still_there(request):
                    return
                yield "data: changed\n\n"
        finally:
            self._listeners.discard(changed)

    async def _look(self) -> None:
        seen: tuple[int, int] | None = None
        with suppress(GatewayError):
            while self._listeners and not self._ended:
                now = await self._desk.look(lambda: self._desk.spool.read(_newest))
                if seen is not None and now != seen:
                    self._wake()
                busy = seen is not None and now[0] - seen[0] > _BUSY_STEPS
                seen = now
                await asyncio.sleep(_BUSY_PAUSE if busy else self._pause)
        self._wake()

    def _wake(self) -> None:
        for listener in self._listeners:
            listener.set()

    def close(self) -> None:
        """End every stream."""
        self._ended = True
        if self._looking is not None:
            self._looking.cancel()
        self._wake()


def _newest(connection: Connection) -> tuple[int, int]:
    """Return the number of the last step, and of the last one that is counted: pages show both."""
    return connection.scalar(select(func.max(event.c.id))) or 0, connection.scalar(select(counted.c.top)) or 0
