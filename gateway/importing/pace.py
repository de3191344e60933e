"""When the next mail may begin: not before its time, not while the spool is over a limit, not at all after a stop."""

import asyncio
import time
from collections.abc import Callable

_LOOK_SECONDS = 1.0


class Pace:
    """Lives as long as an import. `rate` is mails a second, 0.0 for as many as go.

    `limit` returns which limit of the spool is reached, "" for none; `told` is called with that when a wait begins, and
    with "" when it ends.
    """

    def __init__(self, rate: float, limit: Callable[[], str], told: Callable[[str], None]) -> None:
        self.stopping = asyncio.Event()
        self._rate = rate
        self._limit = limit
        self._told = told
        self._said = ""
        self._due = 0.0
        self._looked = 0.0

    async def turn(self) -> bool:
        """Return True once the next mail may begin, False when it is to stop."""
        await asyncio.sleep(0)
        while not self.stopping.is_set() and await self._reached():
            await self._rest(_LOOK_SECONDS)
        if self._rate:
            # After a wait for others nothing is made up for: the rate is a bound, not an aim.
            self._due = max(self._due, time.monotonic() - 1 / self._rate) + 1 / self._rate
            await self._rest(self._due - time.monotonic())
        return not self.stopping.is_set()

    async def _reached(self) -> bool:
        if time.monotonic() > self._looked + _LOOK_SECONDS:
            said = await asyncio.to_thread(self._limit)
            if bool(said) != bool(self._said):  # how many jobs wait changes all the time
                self._told(said)
            self._said, self._looked = said, time.monotonic()
        return bool(self._said)

    async def _rest(self, seconds: float) -> None:
        if seconds <= 0:
            return
        try:
            await asyncio.wait_for(self.stopping.wait(), seconds)
        except TimeoutError:
            return
