"""The socket and the server under the simulator: uvicorn, in the event loop of whoever starts it."""

import asyncio
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from ipaddress import ip_address

import uvicorn
from starlette.types import ASGIApp

from gateway.simulator.options import split_listen
from gateway.simulator.wire import CuttableProtocol

GRACE_SECONDS = 5
KEEP_ALIVE_SECONDS = 75


class Server(uvicorn.Server):
    """Uvicorn in somebody else's loop: signals are not its business, and `ready` is set when it listens."""

    def __init__(self, app: ASGIApp) -> None:
        super().__init__(_config(app))
        self.ready = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Listen, and say so."""
        try:
            await super().startup(sockets)
        finally:
            self.ready.set()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave signals to whoever runs the loop."""
        yield


def _config(app: ASGIApp) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        http=CuttableProtocol,
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        proxy_headers=False,
        server_header=False,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=GRACE_SECONDS,
    )


def listening(listen: str) -> socket.socket:
    """Open the socket of `host:port`; OSError when the address cannot be had."""
    host, port = split_listen(listen)
    listener = socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET)
    # asyncio sets this only on sockets that name their protocol, which these do not; head and body are written apart,
    # so that without it each answer waits for the client's delayed acknowledgement (40 ms).
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listener


def origin(listener: socket.socket) -> str:
    """`http://host:port` by which a client on this machine reaches the listener."""
    host, port = listener.getsockname()[:2]
    if ip_address(host).is_unspecified:
        host = "::1" if ":" in host else "127.0.0.1"
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
