"""Health: `/healthz` says that the process answers, `/readyz` which part is not ready, `/metrics` all numbers."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import suppress
from typing import Any, TypeVar

import orjson
from starlette.requests import Request
from starlette.responses import Response

from gateway import metrics

_T = TypeVar("_T")
_SECONDS = 10.0

Words = Callable[[], Mapping[str, str]]
"""Says something of each of several things."""


async def healthz(_request: Request) -> Response:
    """Answer that the process lives."""
    return Response(b"ok\n", media_type="text/plain")


def readyz(parts: Words, notes: Words, **more: Callable[[], Any]) -> Callable[[Request], Awaitable[Response]]:
    """Return the handler of /readyz: 503 while one of `parts` says something; `notes` are to be known, no more.

    `more` are further members of its document, such as what each token says of itself.
    """
    looking = ThreadPoolExecutor(1, thread_name_prefix="readyz")

    def look() -> dict[str, Any]:
        said = {name: trouble or "ok" for name, trouble in parts().items()}
        ready = all(state == "ok" for state in said.values())
        document: dict[str, Any] = {"ready": ready, "parts": said, "notes": dict(notes())}
        return document | {name: value() for name, value in more.items()}

    async def answer(_request: Request) -> Response:
        try:
            document = await _looked(looking, look)
        except TimeoutError:
            document = {"ready": False, "parts": {"spool": f"no answer within {_SECONDS:g} s"}, "notes": {}}
        return Response(orjson.dumps(document), 200 if document["ready"] else 503, media_type="application/json")

    return answer


def metrics_page(refresh: Callable[[], None], others: metrics.Others) -> Callable[[Request], Awaitable[Response]]:
    """Return the handler of /metrics; `refresh` sets the gauges that are counted in the spool.

    Where the spool does not answer, the page has what was counted before.
    """
    looking = ThreadPoolExecutor(1, thread_name_prefix="metrics")

    async def answer(_request: Request) -> Response:
        with suppress(TimeoutError):
            await _looked(looking, refresh)
        return Response(metrics.exposition(others), media_type="text/plain; version=0.0.4")

    return answer


async def _looked(looking: Executor, look: Callable[[], _T]) -> _T:
    """Look at the spool in a thread, since a server that is silent would hold the event loop; TimeoutError then."""
    async with asyncio.timeout(_SECONDS):
        return await asyncio.get_running_loop().run_in_executor(looking, look)
