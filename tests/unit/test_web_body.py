"""Request bodies: bounded each, and bounded together."""

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest
from starlette.requests import Request

from gateway.web.body import Bodies
from gateway.web.errors import Refusal

MOST = 1000


def request(chunks: Sequence[bytes], **headers: str) -> Request:
    """A request whose body comes in these chunks; after them its client is gone."""
    messages: list[dict[str, Any]] = [{"type": "http.request", "body": chunk, "more_body": True} for chunk in chunks]

    async def receive() -> dict[str, Any]:
        return messages.pop(0) if messages else {"type": "http.disconnect"}

    if messages:
        messages[-1]["more_body"] = False
    raw = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    return Request({"type": "http", "method": "POST", "path": "/", "headers": raw}, receive)


async def taken(bodies: Bodies, asked: Request) -> bytes:
    async with bodies.take(asked, MOST) as body:
        return body


async def refused(bodies: Bodies, asked: Request) -> int:
    with pytest.raises(Refusal) as caught:
        await taken(bodies, asked)
    return caught.value.status


def test_a_body_of_the_largest_size_is_taken_and_one_byte_more_is_413() -> None:
    async def run() -> None:
        bodies = Bodies()
        assert await taken(bodies, request([b"x" * 600, b"y" * 400])) == b"x" * 600 + b"y" * 400
        assert await refused(bodies, request([b"x" * 600, b"y" * 401])) == 413
        assert await refused(bodies, request([b"x" * 600] * 9)) == 413
        assert await refused(bodies, request([], content_length="2001")) == 413

    asyncio.run(run())


def test_a_body_that_is_cut_off_is_400() -> None:
    assert asyncio.run(refused(Bodies(), request([]))) == 400


# Whoever sends many large documents at once, with whatever secret, does not fill the memory.
def test_all_bodies_together_are_bounded_and_what_is_done_makes_room() -> None:
    async def run() -> None:
        bodies = Bodies()
        async with (
            bodies.take(request([b"x" * 1000]), MOST),
            bodies.take(request([b"x" * 1000]), MOST),
            bodies.take(request([b"x" * 1000]), MOST),
            bodies.take(request([b"x" * 500]), MOST),
        ):
            assert await refused(bodies, request([b"x" * 300, b"x" * 300])) == 503
            assert await taken(bodies, request([b"x" * 500])) == b"x" * 500
        assert await taken(bodies, request([b"x" * 1000])) == b"x" * 1000

    asyncio.run(run())


def test_a_packed_body_is_415() -> None:
    assert asyncio.run(refused(Bodies(), request([b"x"], content_encoding="br"))) == 415
