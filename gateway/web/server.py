"""The HTTP server: which address leads where, and its life inside our event loop (starlette on uvicorn)."""

import asyncio
import socket
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import uvicorn
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from gateway.config.units import Listen
from gateway.errors import SettingsError
from gateway.log import log
from gateway.web.callbacks import error

_KEEP_ALIVE = 75


class WebServer(uvicorn.Server):
    """Uvicorn without its hold on signals: those are the program's."""

    def __init__(self, routes: Sequence[BaseRoute], listen: Listen) -> None:
        handlers = {HTTPException: _http_error, Exception: _unexpected}
        app = Starlette(routes=list(routes), exception_handlers=handlers)  # type: ignore[arg-type]
        config = uvicorn.Config(
            app,
            log_config=None,
            access_log=False,
            lifespan="off",
            server_header=False,
            # It would believe X-Forwarded-For of anybody on this machine; console.proxies says who is to be believed.
            proxy_headers=False,
            timeout_keep_alive=_KEEP_ALIVE,
            limit_concurrency=1000,
            h11_max_incomplete_event_size=64 * 1024,
            ws="none",
        )
        super().__init__(config)
        self._listen = listen
        self._ready = asyncio.Event()
        self._serving: asyncio.Task[None] | None = None

    async def start(self) -> Listen:
        """Listen, and return the address with the port as it is; SettingsError when it cannot be had."""
        family = socket.AF_INET6 if ":" in self._listen.host else socket.AF_INET
        try:
            listener = socket.create_server((self._listen.host, self._listen.port), family=family, backlog=1024)
        except OSError as failure:
            raise SettingsError(
                [f"http.listen: cannot listen on {self._listen}: {failure.strerror or failure}"]
            ) from failure
        # Connections inherit it; asyncio sets it only where the socket names its protocol, and this one does not.
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._serving = asyncio.create_task(self.serve([listener]))
        await self._ready.wait()
        host, port, *_ = listener.getsockname()
        return Listen(host, port)

    async def stop(self) -> None:
        """Take nothing new, finish what is in hand."""
        self.should_exit = True
        if self._serving is not None:
            await self._serving

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Tell `start` that connections are taken."""
        await super().startup(sockets)
        self._ready.set()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave signals alone."""
        yield


async def _http_error(_request: Request, failure: HTTPException) -> Response:
    answer = error(
        failure.status_code,
        failure.detail,
        f"{failure.detail}; see /healthz, /readyz, /metrics, /callbacks/<workspace>",
    )
    answer.headers.update(failure.headers or {})
    return answer


async def _unexpected(request: Request, failure: Exception) -> Response:
    log.trouble(f"{request.method} {request.url.path}", failure)
    return error(500, "unexpected", "something unexpected happened; the log says what")
