"""Work that waits for something, in threads of its own and bounded: it takes none from whoever else needs threads."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from gateway.errors import Temporary

_T = TypeVar("_T")


class Turns:
    """`threads` at work at once, at most `most` at work or waiting, each for at most `seconds`."""

    def __init__(self, name: str, threads: int, most: int, seconds: float) -> None:
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix=name)
        self._most, self._seconds, self._now = most, seconds, 0

    async def take(self, work: Callable[[], _T]) -> _T:
        """Do some work; Temporary where too much of it waits, or it takes too long."""
        if self._now >= self._most:
            raise Temporary("too many ask for this just now")
        self._now += 1
        doing = asyncio.get_running_loop().run_in_executor(self._pool, work)
        # What takes too long still has its thread: it counts until it ends.
        doing.add_done_callback(self._ended)
        try:
            async with asyncio.timeout(self._seconds):
                return await asyncio.shield(doing)
        except TimeoutError as error:
            raise Temporary(f"no answer within {self._seconds:g} s") from error

    def _ended(self, doing: "asyncio.Future[_T]") -> None:
        self._now -= 1
        if not doing.cancelled():
            doing.exception()
