"""The agent's page and where each part of it is found."""

from pathlib import Path
from typing import Any

from starlette.middleware import Middleware
from starlette.routing import BaseRoute, Mount, Route

from gateway import look
from gateway.simulator.calls import Calls
from gateway.simulator.desk import Desk
from gateway.simulator.faults import Faults
from gateway.simulator.pages.acts import Acts
from gateway.simulator.pages.guard import FOREIGN, Guard
from gateway.simulator.pages.live import Live
from gateway.simulator.pages.message import Message
from gateway.simulator.pages.show import Show
from gateway.simulator.pages.traffic import Traffic

STATIC = str(Path(__file__).parent / "pages" / "static")


def routes(desk: Desk, faults: Faults, calls: Calls) -> list[BaseRoute]:
    """Everything of the page, for the application's root; paths of the API (`/s/...`) are not among them."""
    show, message, traffic = Show(desk, faults), Message(desk), Traffic(desk, faults, calls)
    acts = Acts(desk, show)
    return [
        _seen("/", show.front),
        _seen("/errands/{id}", show.errand),
        _seen("/errands/{id}/json", show.json),
        _seen("/errands/{id}/json/{key}", show.document),
        _foreign("/errands/{id}/{key}/html", message.html),
        _foreign("/errands/{id}/{key}/files/{place:int}", message.file),
        _done("/errands/{id}/answer", acts.answer),
        _done("/errands/{id}/fail", acts.fail),
        _done("/errands/{id}/repeat", acts.repeat),
        _done("/errands/{id}/close", acts.close),
        _seen("/calls", traffic.calls),
        _seen("/faults", traffic.faults),
        _done("/faults", traffic.order),
        _done("/faults/clear", traffic.clear),
        _seen("/archive/{name}", show.archive),
        _seen("/live", Live(desk).stream),
        Mount("/look", look.served(STATIC), middleware=[Middleware(Guard, cache="no-cache")]),
    ]


def _seen(path: str, handler: Any) -> Route:
    return Route(path, handler, methods=["GET"], middleware=[Middleware(Guard)])


def _done(path: str, handler: Any) -> Route:
    return Route(path, handler, methods=["POST"], middleware=[Middleware(Guard)])


def _foreign(path: str, handler: Any) -> Route:
    return Route(path, handler, methods=["GET"], middleware=[Middleware(Guard, policy=FOREIGN)])
