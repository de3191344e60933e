"""Health: `/healthz` says that the process answers, `/readyz` which part is not ready, `/metrics` all numbers."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import Response

from gateway import metrics

Words = Callable[[], Mapping[str, str]]
"""Says something of each of several things."""


async def healthz(_request: Request) -> Response:
    """Answer that the process lives."""
    return Response(b"ok\n", media_type="text/plain")


def readyz(parts: Words, notes: Words, **more: Callable[[], Any]) -> Callable[[Request], Awaitable[Response]]:
    """Return the handler of /readyz: 503 while one of `parts` says something; `notes` are to be known, no more.

    `more` are further members of its document, such as what each token says of itself.
    """

    async def answer(_request: Request) -> Response:
        said = {name: trouble or "ok" for name, trouble in parts().items()}
        ready = all(state == "ok" for state in said.values())
        document: dict[str, Any] = {"ready": ready, "parts": said, "notes": dict(notes())}
        document |= {name: value() for name, value in more.items()}
        return Response(orjson.dumps(document), 200 if ready else 503, media_type="application/json")

    return answer


def metrics_page(refresh: Callable[[], None], others: metrics.Others) -> Callable[[Request], Awaitable[Response]]:
    """Return the handler of /metrics; `refresh` sets the gauges that are counted in the spool."""

    async def answer(_request: Request) -> Response:
        refresh()
        return Response(metrics.exposition(others), media_type="text/plain; version=0.0.4")

    return answer
