"""What changed, told as it happens: server-sent events (WHATWG HTML, section 9.2), one for each errand that changed."""

import asyncio
from collections.abc import AsyncIterator

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from gateway.simulator.changes import Subscription
from gateway.simulator.desk import Desk

# A proxy that hears nothing for a while takes the connection for a dead one.
QUIET_SECONDS = 15.0


class Live:
    """The handler of the stream; it ends with its reader, or with the simulator."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    async def stream(self, _request: Request) -> Response:
        """Every change from now on."""
        return StreamingResponse(events(self._desk.subscribe()), media_type="text/event-stream")


async def events(changes: Subscription) -> AsyncIterator[str]:
    """The ids of changed errands as events; a comment at once, and whenever it was quiet for long."""
    with changes as changed:
        yield ": here\n\n"
        while True:
            try:
                yield f"data: {await asyncio.wait_for(anext(changed), QUIET_SECONDS)}\n\n"
            except TimeoutError:
                yield ": quiet\n\n"
            except StopAsyncIteration:
                return
