"""The simulator as something that runs: what it is made of, its start, its stop."""

import asyncio
import signal
import time
from random import SystemRandom

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Mount, Route

from gateway.simulator import jsonapi, page
from gateway.simulator.administration import Administration
from gateway.simulator.api import Api
from gateway.simulator.asked import Rules
from gateway.simulator.calls import Calls
from gateway.simulator.control import Control
from gateway.simulator.credentials import credentials
from gateway.simulator.delivery import Courier, Retries
from gateway.simulator.desk import Desk
from gateway.simulator.errands import State
from gateway.simulator.faults import Fault, Faults
from gateway.simulator.form import Form
from gateway.simulator.jsonapi import Refusal
from gateway.simulator.options import Options
from gateway.simulator.serving import Server, listening, origin
from gateway.simulator.settings import Settings
from gateway.simulator.store import Store, Unusable


class Simulator:
    """A Cention to run against, in the event loop of whoever starts it.

    `url` is `http://host:port/s/<workspace>` and `origin` the part before the path; both are "" until it is started.
    `callback` is where answers are POSTed to, and may be set at any time. Errands, calls and faults outlive a stop.
    OSError when the state's file cannot be used.
    """

    def __init__(self, options: Options) -> None:
        self._options = options
        self._store = Store(options.state) if options.state else None
        self._areas = options.laid_out()
        self._credentials = credentials(options, self._areas, self._store, time.time())
        self.create_token = self._credentials.create[0][1]
        self.attachment_token = self._credentials.attachment[0][1]
        self.callback_secret = self._credentials.secret
        self._settings = Settings(options.callback, self.callback_secret, options.own_callbacks())
        self._state, self._calls = State(self._store), Calls()
        self._faults = Faults(SystemRandom(), _standing(options))
        self._courier = Courier(self._state, self._faults, Retries(options.tries, options.waits))
        self.desk = Desk(self._areas, self._state, self._settings, self._courier, self._faults, options.form)
        self.origin = self.url = ""
        self._running: tuple[Server, asyncio.Task[None], Api] | None = None

    @property
    def callback(self) -> str:
        """Where answers are POSTed to, "" for nowhere; areas with a callback setting of their own have it there."""
        return self._settings.url

    @callback.setter
    def callback(self, url: str) -> None:
        self._settings.url = url

    async def start(self) -> None:
        """Listen; returns when calls are answered. OSError when the address cannot be had."""
        listener = listening(self._options.listen)
        self.origin = self.desk.origin = origin(listener)
        self.url = f"{self.origin}/s/{self._options.workspace}"
        api = Api(self._rules(), self._credentials.tokens, self._state, self._faults, self._calls)
        server = Server(self._app(api))
        serving = asyncio.create_task(server.serve([listener]))
        self._running = server, serving, api
        await server.ready.wait()

    async def stop(self) -> None:
        """Finish what is in hand, what is delayed at once, and close; nothing happens when it does not run."""
        if self._running is None:
            return
        (server, serving, api), self._running = self._running, None
        api.closing.set()
        self._courier.hurry()
        self._state.end()
        server.should_exit = True
        await serving
        await self._courier.stop()

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
            self.close()

    def close(self) -> None:
        """Let go of the state's file, where there is one; it cannot be started again after that."""
        if self._store:
            self._store.close()

    def describe(self) -> list[tuple[str, str]]:
        """What somebody who runs it has to know, as (label, value): addresses, tokens, secret, where to look."""
        (_, create), *areas = self._credentials.create
        (_, attachment), *workspaces = self._credentials.attachment
        return [
            ("Cention's API", f"{self.url}/capi/json/"),
            ("Token to create errands", create),
            *((f"  in {area.path}", token) for area, token in areas),
            ("Token to get attachments", attachment),
            *((f"  in {workspace}", token) for workspace, token in workspaces),
            ("Callback", self.callback or "none: answers cannot be sent"),
            ("Callback secret", self.callback_secret or "none"),
            ("Links in callbacks", self._options.links),
            ("Agent's page", self.origin),
            ("Errands", f"{self.origin}/_sim/errands"),
            ("Calls so far", f"{self.origin}/_sim/calls"),
            ("Faults", f"{self.origin}/_sim/faults"),
        ]

    def _rules(self) -> Rules:
        own, old = Form().root, Form(spelling="old").root
        roots = (own, old) if self._options.spelling == "old" else (own,)
        workspaces = frozenset(area.workspace for area in self._areas)
        return Rules(workspaces, roots, self._options.unknown == "ignore", self._options.largest)

    def _app(self, api: Api) -> Starlette:
        own = Administration(self.desk, self._credentials.tokens, self._settings, self._faults, self._calls)
        control = Mount("/_sim", routes=[*Control(self.desk).routes(), *own.routes()])
        return Starlette(
            routes=[
                Route("/s/{path:path}", api),
                control,
                *page.routes(self.desk, self._faults, self._calls),
                Route("/{path:path}", api),
            ],
            exception_handlers={HTTPException: _http_error, Refusal: _refused, Unusable: _unusable},
        )


def _standing(options: Options) -> list[Fault]:
    """The faults that the options order: errors at their rate, and every answer late."""
    late = Fault(delay=options.latency, jitter=options.jitter)
    failing = Fault(status=503, rate=options.error_rate, delay=options.latency, jitter=options.jitter)
    return [
        fault for fault, there in ((failing, options.error_rate), (late, options.latency + options.jitter)) if there
    ]


async def _http_error(_request: Request, wrong: Exception) -> Response:
    """What starlette's routing has to say (404, 405), as a JSON:API error."""
    assert isinstance(wrong, HTTPException)
    return jsonapi.error(wrong.status_code, f"{wrong.detail}.", wrong.headers)


async def _refused(_request: Request, refusal: Exception) -> Response:
    assert isinstance(refusal, Refusal)
    return refusal.response


async def _unusable(_request: Request, wrong: Exception) -> Response:
    return jsonapi.error(500, f"{wrong}.")
