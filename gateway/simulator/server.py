"""The simulator as something that runs: what it is made of, its start, its stop."""

import asyncio
import secrets
import signal
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from ipaddress import ip_address
from random import SystemRandom

import uvicorn
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Mount, Route

from gateway.simulator import jsonapi
from gateway.simulator.api import Api
from gateway.simulator.callback import Writer
from gateway.simulator.calls import Calls
from gateway.simulator.control import Control
from gateway.simulator.errands import Errands
from gateway.simulator.faults import Faults
from gateway.simulator.jsonapi import Refusal
from gateway.simulator.options import Options, split_listen
from gateway.simulator.page import front
from gateway.simulator.tokens import Right, Token, issue
from gateway.simulator.wire import CuttableProtocol

GRACE_SECONDS = 5
KEEP_ALIVE_SECONDS = 75


class Simulator:
    """A Cention to run against, in the event loop of whoever starts it.

    `url` is `http://host:port/s/<workspace>` and `origin` the part before the path; both are "" until it is started.
    `callback` is where answers are POSTed to, and may be set at any time. Errands, calls and faults outlive a stop.
    """

    def __init__(self, options: Options) -> None:
        self._options = options
        self._tokens = (
            _token(options.create_token, Right.CREATE, options.workspace),
            _token(options.attachment_token, Right.FETCH, options.workspace),
        )
        self.create_token, self.attachment_token = (token.text for token in self._tokens)
        given = options.callback_secret
        self.callback_secret = secrets.token_urlsafe(24) if given is None else given
        self.callback = options.callback
        self.origin = self.url = ""
        self._chance = SystemRandom()
        self._errands, self._faults, self._calls = Errands(), Faults(self._chance), Calls()
        self._running: tuple[_Server, asyncio.Task[None], Api] | None = None

    async def start(self) -> None:
        """Listen; returns when calls are answered. OSError when the address cannot be had."""
        listener = _listen(self._options.listen)
        self.origin = _origin(listener)
        self.url = f"{self.origin}/s/{self._options.workspace}"
        api = Api(self._options.workspace, self._tokens, self._errands, self._faults, self._calls)
        server = _Server(_config(self._app(api)))
        serving = asyncio.create_task(server.serve([listener]))
        self._running = server, serving, api
        await server.ready.wait()

    async def stop(self) -> None:
        """Finish what is in hand, delayed answers at once, and close; nothing happens when it does not run."""
        if self._running is None:
            return
        (server, serving, api), self._running = self._running, None
        api.closing.set()
        server.should_exit = True
        await serving

    async def serve_forever(self) -> None:
        """Run until SIGINT or SIGTERM, or until cancelled: for a process of its own, in its main thread."""
        if self._running is None:
            await self.start()
        ended, loop = asyncio.Event(), asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, ended.set)
        try:
            await ended.wait()
        finally:
            for number in (signal.SIGINT, signal.SIGTERM):
                loop.remove_signal_handler(number)
            await self.stop()

    def describe(self) -> list[tuple[str, str]]:
        """What somebody who runs it has to know, as (label, value): addresses, tokens, secret, where to look."""
        return [
            ("Cention's API", f"{self.url}/capi/json/"),
            ("Token to create errands", self.create_token),
            ("Token to get attachments", self.attachment_token),
            ("Callback", self.callback or "none: answers cannot be sent"),
            ("Callback secret", self.callback_secret or "none"),
            ("Links in callbacks", self._options.links),
            ("Errands", f"{self.origin}/_sim/errands"),
            ("Calls so far", f"{self.origin}/_sim/calls"),
            ("Faults", f"{self.origin}/_sim/faults"),
        ]

    def _app(self, api: Api) -> Starlette:
        async def page(_request: Request) -> Response:
            return HTMLResponse(front(self.url))

        writer = Writer(self.url, self._options.links, self._chance)
        control = Control(
            self._errands, self._faults, self._calls, writer, lambda: (self.callback, self.callback_secret)
        )
        return Starlette(
            routes=[Route("/", page), Mount("/_sim", routes=control.routes()), Route("/{path:path}", api)],
            exception_handlers={HTTPException: _http_error, Refusal: _refused},
        )


class _Server(uvicorn.Server):
    """Uvicorn in somebody else's loop: signals are not its business, and `ready` is set when it listens."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.ready = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        try:
            await super().startup(sockets)
        finally:
            self.ready.set()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def _config(app: Starlette) -> uvicorn.Config:
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


def _token(given: str | None, right: Right, workspace: str) -> Token:
    return Token(given, right) if given else issue(right, workspace, time.time())


def _listen(listen: str) -> socket.socket:
    host, port = split_listen(listen)
    listener = socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET)
    # asyncio sets this only on sockets that name their protocol, which these do not; head and body are written apart,
    # so that without it each answer waits for the client's delayed acknowledgement (40 ms).
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listener


def _origin(listener: socket.socket) -> str:
    """`http://host:port` by which a client on this machine reaches the listener."""
    host, port = listener.getsockname()[:2]
    if ip_address(host).is_unspecified:
        host = "::1" if ":" in host else "127.0.0.1"
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


async def _http_error(_request: Request, wrong: Exception) -> Response:
    """What starlette's routing has to say (404, 405), as a JSON:API error."""
    assert isinstance(wrong, HTTPException)
    return jsonapi.error(wrong.status_code, f"{wrong.detail}.", wrong.headers)


async def _refused(_request: Request, refusal: Exception) -> Response:
    assert isinstance(refusal, Refusal)
    return refusal.response
