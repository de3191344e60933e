"""The simulator's own side, `/_sim`, of errands: what arrived, the agent's answer, its callback, and the closing."""

import re
from collections.abc import Sequence
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gateway.simulator import jsonapi
from gateway.simulator.answer import ANSWER, composed
from gateway.simulator.conversation import conversation
from gateway.simulator.desk import Desk, Nowhere, Posted
from gateway.simulator.errand import Delivery, Errand
from gateway.simulator.jsonapi import Refusal
from gateway.simulator.shape import Flaw

MOST_TIMES = 1000


class Control:
    """The handlers of `/_sim/errands`."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def routes(self) -> list[Route]:
        """Where each handler is found, below `/_sim`."""
        return [
            Route("/errands", self.errands),
            Route("/errands/{id}", self.errand),
            Route("/errands/{id}/documents", self.documents),
            Route("/errands/{id}/answer", self.answer, methods=["POST"]),
            Route("/errands/{id}/callback", self.callback, methods=["POST"]),
            Route("/errands/{id}/close", self.close, methods=["POST"]),
        ]

    async def errands(self, request: Request) -> Response:
        """Every errand, oldest first; `area`, `search` and `state` choose among them."""
        asked = request.query_params
        found = self._desk.errands(asked.get("area"), asked.get("search", ""), asked.get("state"))
        return jsonapi.plain([errand.shown() for errand in found])

    async def errand(self, request: Request) -> Response:
        """One errand, with its conversation and what became of its callbacks."""
        errand = self._errand(request)
        entries = [entry.shown() for entry in conversation(errand)]
        more = {"conversation": entries, "same_message": self._desk.same_message(errand)}
        return jsonapi.plain(errand.shown() | more | {"callbacks": _callbacks(errand, documents=False)})

    async def documents(self, request: Request) -> Response:
        """One errand's documents, both ways: what was posted, and each callback with what it was answered."""
        errand = self._errand(request)
        return jsonapi.plain({"request": errand.document, "callbacks": _callbacks(errand, documents=True)})

    async def answer(self, request: Request) -> Response:
        """Answer an errand as an agent would; callbacks are sent `times` times over, or not yet with `hold=true`."""
        errand = self._errand(request)
        times, hold = _number(request, "times", 1), request.query_params.get("hold") == "true"
        asked = await jsonapi.received(request, ANSWER, "the simulator's answer")
        try:
            return _posted(await self._desk.answer(errand.id, composed(asked), times, hold=hold))
        except Nowhere as nowhere:
            raise Refusal(jsonapi.error(409, str(nowhere))) from nowhere

    async def callback(self, request: Request) -> Response:
        """Send the callbacks of an answer again, or one that was held: the last one's, or that of `answer=NUMBER`."""
        errand = self._errand(request)
        number = _number(request, "answer", 1) if "answer" in request.query_params else None
        try:
            return _posted(await self._desk.repeat(errand.id, number, _number(request, "times", 1)))
        except Nowhere as nowhere:
            raise Refusal(jsonapi.error(409, str(nowhere))) from nowhere

    async def close(self, request: Request) -> Response:
        """Close an errand as an agent would."""
        return jsonapi.plain(self._desk.close(self._errand(request).id).shown())

    def _errand(self, request: Request) -> Errand:
        errand_id = request.path_params["id"]
        errand = self._desk.errand(errand_id)
        if errand is None:
            raise Refusal(jsonapi.error(404, f"There is no errand {errand_id}."))
        return errand


def _posted(posted: Posted) -> Response:
    """What an answer became: 502 when a callback could not be delivered, as the last that failed says."""
    outcomes = [delivery.outcome() for delivery in posted.deliveries]
    failed = [outcome for outcome in outcomes if "error" in outcome]
    shown = {
        "answer": posted.answer.number,
        "callback": next(reversed(failed or outcomes), None),
        "callbacks": outcomes,
        "document": posted.answer.sent[0].document,
        "attachments": [str(file.id) for file in posted.answer.attachments],
        "archives": [str(file.id) for file in posted.answer.archives],
    }
    return jsonapi.plain(shown, 502 if failed else 200)


def _callbacks(errand: Errand, *, documents: bool) -> list[dict[str, Any]]:
    """An errand's callbacks by answer and setting, each with its deliveries, and its document if that is wanted."""
    return [
        {"answer": answer.number, "setting": sent.setting, "deliveries": _deliveries(sent.deliveries)}
        | ({"document": sent.document} if documents else {})
        for answer in errand.answers
        for sent in answer.sent
    ]


def _deliveries(deliveries: Sequence[Delivery]) -> list[dict[str, Any]]:
    return [delivery.shown() for delivery in deliveries]


def _number(request: Request, name: str, usual: int) -> int:
    """A number from 1 to MOST_TIMES in the query."""
    given = request.query_params.get(name, str(usual))
    number = int(given) if re.fullmatch("[0-9]{1,4}", given) else 0
    if not 1 <= number <= MOST_TIMES:
        flaw = Flaw(f"must be a number from 1 to {MOST_TIMES}, found {given[:20]!r}", (name,))
        raise Refusal(jsonapi.flawed([flaw], "query"))
    return number
