"""The simulator's own side, `/_sim`: what arrived, what is to go wrong, and the agent's answer."""

import asyncio
import re
from collections.abc import Callable

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gateway.simulator import answer, callback, jsonapi
from gateway.simulator.calls import Calls
from gateway.simulator.errands import Errand, Errands
from gateway.simulator.faults import Fault, Faults, faults_shape
from gateway.simulator.jsonapi import Refusal
from gateway.simulator.shape import Flaw

MOST_TIMES = 1000


class Control:
    """The handlers of `/_sim`. `receiver` gives the callback's URL and secret ("" for none), at each answer."""

    def __init__(
        self,
        errands: Errands,
        faults: Faults,
        calls: Calls,
        writer: callback.Writer,
        receiver: Callable[[], tuple[str, str]],
    ) -> None:
        self._errands = errands
        self._faults = faults
        self._calls = calls
        self._writer = writer
        self._receiver = receiver

    def routes(self) -> list[Route]:
        """Where each handler is found, below `/_sim`."""
        return [
            Route("/errands", self.errands),
            Route("/errands/{id}", self.errand),
            Route("/errands/{id}/answer", self.answer, methods=["POST"]),
            Route("/faults", self.faults, methods=["GET", "PUT", "DELETE"]),
            Route("/calls", self.calls, methods=["GET", "DELETE"]),
        ]

    async def errands(self, _request: Request) -> Response:
        """Every errand, oldest first."""
        return jsonapi.plain([errand.shown() for errand in self._errands.all()])

    async def errand(self, request: Request) -> Response:
        """One errand."""
        return jsonapi.plain(self._errand(request).shown())

    async def answer(self, request: Request) -> Response:
        """Answer an errand as an agent would, and send the callback, `times` times over. The errand is closed by it."""
        errand = self._errand(request)
        times = _times(request.query_params.get("times", "1"))
        url, secret = self._receiver()
        if not url:
            raise Refusal(jsonapi.error(409, "No callback URL is set: give --callback when the simulator is started."))
        asked = jsonapi.read(await request.body(), answer.ANSWER, "the simulator's answer", unreadable=422)
        given = answer.take(asked, errand, self._errands)
        document = self._writer.document(given, secret)
        self._errands.close(errand)
        body = callback.written(document)
        outcomes = [await asyncio.to_thread(callback.post, url, body) for _ in range(times)]
        failed = [outcome for outcome in outcomes if "error" in outcome]
        shown = {
            "callback": (failed or outcomes)[-1],
            "callbacks": outcomes,
            "document": document,
            "attachments": [str(file.id) for file in given.attachments],
            "archives": [str(file.id) for file in given.archives],
        }
        return jsonapi.plain(shown, 502 if failed else 200)

    async def faults(self, request: Request) -> Response:
        """The faults in force and what is left of each; PUT puts one, or an array of them, in their place."""
        if request.method == "PUT":
            asked = jsonapi.read(await request.body(), faults_shape, "a fault", unreadable=422)
            self._faults.replace([Fault(**one) for one in (asked if isinstance(asked, list) else [asked])])
        elif request.method == "DELETE":
            self._faults.replace([])
        return jsonapi.plain(self._faults.shown())

    async def calls(self, request: Request) -> Response:
        """What was sent to the API, in order; DELETE forgets it."""
        if request.method == "DELETE":
            self._calls.clear()
        return jsonapi.plain([call.shown() for call in self._calls])

    def _errand(self, request: Request) -> Errand:
        errand_id = request.path_params["id"]
        errand = self._errands.find(errand_id)
        if errand is None:
            raise Refusal(jsonapi.error(404, f"There is no errand {errand_id}."))
        return errand


def _times(given: str) -> int:
    """How often the callback is to be sent, as the query says it."""
    times = int(given) if re.fullmatch("[0-9]{1,4}", given) else 0
    if not 1 <= times <= MOST_TIMES:
        flaw = Flaw(f"must be a number from 1 to {MOST_TIMES}, found {given[:20]!r}", ("times",))
        raise Refusal(jsonapi.flawed([flaw], "query"))
    return times
