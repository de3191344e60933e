"""What is round every page: the bar, who is signed in, times in the viewer's zone; and a page that says "no"."""

import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from gateway.errors import GatewayError
from gateway.web.console import guard, words
from gateway.web.console.desk import Desk
from gateway.web.console.people import Person
from gateway.web.console.words import Clock

Endpoint = Callable[[Request], Awaitable[Response]]

TEMPLATES = Environment(
    loader=PackageLoader("gateway.web.console"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
TEMPLATES.filters.update(size=words.size, duration=words.duration, number=words.number)
TEMPLATES.globals["query_string"] = lambda **values: urlencode({name: value for name, value in values.items() if value})

TABS = {
    "Overview": "/",
    "Mail": "/mail",
    "Answers": "/mail?q=kind%3Aanswer",
    "Parked": "/parked",
    "Ways": "/ways",
    "Acts": "/acts",
}
"""The bar's links; a page of its own takes the place of a search when there is one."""


@dataclass(frozen=True, slots=True)
class Viewer:
    """Who looks at a page, their clock, and the address that they asked for."""

    person: Person
    clock: Clock
    address: str


@dataclass(frozen=True, slots=True)
class Page:
    """A template, what stands in it, which tab it belongs to, and its status."""

    template: str
    values: Mapping[str, Any] = field(default_factory=dict)
    tab: str = ""
    status: int = 200


def viewer_of(request: Request) -> Viewer:
    """Return who asks."""
    clock = Clock(time.time(), words.zone_of(request))
    address = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    return Viewer(guard.person(request), clock, address)


async def shown(request: Request, desk: Desk, draw: Callable[[Viewer], Page]) -> Response:
    """Draw a page in a thread, with the bar round it; where it cannot be had, a page that says why."""
    viewer = viewer_of(request)
    try:
        status, text = await desk.look(lambda: _drawn(desk, viewer, draw(viewer)))
    except GatewayError as error:
        page = Page("wrong.html", {"title": "Not now", "sentence": str(error)}, status=503)
        status, text = page.status, _text(page, viewer, 0)
    return HTMLResponse(text, status)


def missing(sentence: str, status: int = 404) -> Page:
    """Return the page that says that there is no such thing."""
    return Page("wrong.html", {"title": "Nothing here", "sentence": sentence}, status=status)


def _drawn(desk: Desk, viewer: Viewer, page: Page) -> tuple[int, str]:
    return page.status, _text(page, viewer, desk.overview().spool.parked)


def _text(page: Page, viewer: Viewer, parked: int) -> str:
    return TEMPLATES.get_template(page.template).render(
        {"query": ""}
        | dict(page.values)
        | {
            "tabs": [
                (label, address, label == page.tab, parked if label == "Parked" else 0)
                for label, address in TABS.items()
            ],
            "viewer": viewer,
            "when": viewer.clock.when,
            "ago": viewer.clock.ago,
        }
    )
