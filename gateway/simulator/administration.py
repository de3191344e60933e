"""The simulator's own side, `/_sim`, of everything but errands: areas, tokens, callback settings, faults, calls."""

import time

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gateway.simulator import jsonapi, settings
from gateway.simulator.areas import Area
from gateway.simulator.calls import Calls
from gateway.simulator.desk import Desk
from gateway.simulator.faults import Fault, Faults, faults_shape
from gateway.simulator.jsonapi import Refusal
from gateway.simulator.settings import Settings
from gateway.simulator.shape import Flaw, number, one_of, record, text
from gateway.simulator.tokens import DAY, Right, Tokens

YEAR = 365 * DAY
TOKEN = record(
    {"claim": one_of(*(right.value for right in Right))},
    {"area": text, "workspace": text, "seconds": number(-YEAR, 100 * YEAR)},
)


class Administration:
    """The handlers of `/_sim` that are about the simulator itself."""

    def __init__(self, desk: Desk, tokens: Tokens, callbacks: Settings, faults: Faults, calls: Calls) -> None:
        self._desk = desk
        self._tokens = tokens
        self._callbacks = callbacks
        self._faults = faults
        self._calls = calls

    def routes(self) -> list[Route]:
        """Where each handler is found, below `/_sim`."""
        return [
            Route("/areas", self.areas),
            Route("/tokens", self.tokens, methods=["POST"]),
            Route("/callbacks", self.callbacks, methods=["GET", "PUT"]),
            Route("/callbacks/fail", self.fail, methods=["POST"]),
            Route("/faults", self.faults, methods=["GET", "PUT", "DELETE"]),
            Route("/calls", self.calls, methods=["GET", "DELETE"]),
        ]

    async def areas(self, _request: Request) -> Response:
        """Every area and account."""
        return jsonapi.plain([area.shown() for area in self._desk.areas])

    async def tokens(self, request: Request) -> Response:
        """Make a token: `claim`, the area that errands land in, and for how many seconds it is good."""
        asked = await jsonapi.received(request, TOKEN, "a token")
        right = Right(asked["claim"])
        area = self._area(asked)
        workspace = asked.get("workspace", area.workspace)
        made = self._tokens.issue(
            right, workspace, area if right is Right.CREATE else None, time.time(), asked.get("seconds", YEAR)
        )
        return jsonapi.plain({"token": made})

    async def callbacks(self, request: Request) -> Response:
        """The callback settings; PUT puts an array of them, `{url, secret, areas}`, in their place."""
        if request.method == "PUT":
            asked = await jsonapi.received(request, settings.SHAPE, "callback settings")
            self._callbacks.put(asked)
        return jsonapi.plain(self._callbacks.shown())

    async def fail(self, _request: Request) -> Response:
        """Lose the next callback."""
        self._desk.fail_next()
        return jsonapi.plain(self._faults.shown())

    async def faults(self, request: Request) -> Response:
        """The faults in force and what is left of each; PUT puts one, or an array of them, in their place."""
        if request.method == "PUT":
            asked = await jsonapi.received(request, faults_shape, "a fault")
            self._faults.replace([Fault(**one) for one in (asked if isinstance(asked, list) else [asked])])
        elif request.method == "DELETE":
            self._faults.replace([])
        return jsonapi.plain(self._faults.shown())

    async def calls(self, request: Request) -> Response:
        """What was sent to the API, in order; DELETE forgets it."""
        if request.method == "DELETE":
            self._calls.clear()
        return jsonapi.plain([call.shown() for call in self._calls])

    def _area(self, asked: dict[str, str]) -> Area:
        """The area that a token is asked for: the workspace's first one unless it is named."""
        workspace = asked.get("workspace", self._desk.areas[0].workspace)
        name = asked.get("area", "").removeprefix(f"{workspace}/")
        found = [area for area in self._desk.areas if area.workspace == workspace and name in {"", area.name}]
        if not found:
            known = ", ".join(area.path for area in self._desk.areas)
            raise Refusal(jsonapi.flawed([Flaw(f"must be one of {known}", ("area",))], "a token"))
        return found[0]
