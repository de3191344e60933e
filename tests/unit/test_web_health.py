"""/readyz and /metrics while what they look at is silent."""

import asyncio
import threading
from collections.abc import Iterator

import orjson
import pytest
from starlette.requests import Request
from starlette.responses import Response

from gateway import metrics
from gateway.web import health

REQUEST = Request({"type": "http", "method": "GET", "headers": []})


@pytest.fixture
def silence(monkeypatch: pytest.MonkeyPatch) -> Iterator[threading.Event]:
    monkeypatch.setattr(health, "_SECONDS", 0.1)
    silent = threading.Event()
    yield silent
    silent.set()


def test_a_spool_that_is_silent_is_said_to_be_so_in_time(silence: threading.Event) -> None:
    page = health.readyz(lambda: {"spool": str(silence.wait())}, dict)

    async def asked() -> Response:
        return await page(REQUEST)

    answer = asyncio.run(asked())
    assert (answer.status_code, orjson.loads(answer.body)["parts"]) == (503, {"spool": "no answer within 0.1 s"})


# Callbacks and health come through the same loop.
def test_others_are_served_while_a_page_waits_for_the_spool(silence: threading.Event) -> None:
    def waits() -> None:
        silence.wait()

    page = health.metrics_page(waits, metrics.Others())

    async def both() -> tuple[bool, bytes]:
        waiting = asyncio.ensure_future(page(REQUEST))
        await asyncio.sleep(0)
        await health.healthz(REQUEST)
        served_first = not waiting.done()
        return served_first, bytes((await waiting).body)

    served_first, content = asyncio.run(both())
    assert served_first
    assert b"cention_gateway_mails_accepted" in content
