"""Turns: work in threads of its own, bounded in number and time."""

import asyncio
import threading

import pytest

from gateway.errors import Refused, Temporary
from gateway.web.console.turns import Turns
from tests.roads import until


def test_what_is_done_or_goes_wrong_comes_back() -> None:
    def refuse() -> None:
        raise Refused("no")

    async def both() -> None:
        turns = Turns("test", 1, 2, 10)
        assert await turns.take(lambda: 7) == 7
        with pytest.raises(Refused):
            await turns.take(refuse)

    asyncio.run(both())


# What took too long still has its thread, so that it counts until it has ended.
def test_too_many_are_refused_at_once_and_what_takes_too_long_is_waited_for_no_more() -> None:
    gate = threading.Event()

    async def waiting() -> None:
        turns = Turns("test", 1, 1, 0.05)
        try:
            with pytest.raises(Temporary, match="no answer within"):
                await turns.take(lambda: gate.wait(10))
            with pytest.raises(Temporary, match="too many"):
                await turns.take(lambda: 1)
        finally:
            gate.set()
        await asyncio.to_thread(until, lambda: not turns._now, "its end")
        assert await turns.take(lambda: 2) == 2

    asyncio.run(waiting())
