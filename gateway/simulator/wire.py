"""Connections that can be cut: uvicorn with its transport in reach of the application."""

import asyncio

from starlette.responses import Response
from starlette.types import Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol


class CuttableProtocol(H11Protocol):
    """HTTP/1.1 as uvicorn speaks it; the application finds the connection's transport in its scope's state."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override] # as uvicorn has it
        """Take the connection, and hand its transport on."""
        super().connection_made(transport)
        self.app_state = {**self.app_state, "transport": transport}


async def cut(scope: Scope, receive: Receive) -> None:
    """Close the connection with nothing said: the client sees the end of the stream, or a reset."""
    scope["state"]["transport"].abort()
    await _gone(receive)


async def cut_amid(response: Response, scope: Scope, receive: Receive, send: Send) -> None:
    """Send the head, which promises the whole body, and half of the body; then close."""
    body = bytes(response.body)
    await send({"type": "http.response.start", "status": response.status_code, "headers": response.raw_headers})
    await send({"type": "http.response.body", "body": body[: len(body) // 2], "more_body": True})
    scope["state"]["transport"].close()
    await _gone(receive)


async def _gone(receive: Receive) -> None:
    """Wait until the server has seen the connection end, lest it complains of an answer that was never finished."""
    while (await receive())["type"] != "http.disconnect":
        continue
