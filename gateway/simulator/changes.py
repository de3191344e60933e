"""Who wants to know when an errand changes, and what each of them has not heard yet."""

import asyncio
from collections.abc import AsyncIterator
from types import TracebackType
from typing import Self


class Subscription(AsyncIterator[str]):
    """The ids of errands that changed, from its making on, until it is closed or the simulator stops.

    Use it as `with changes.subscribe() as changed: async for errand_id in changed`. What changes several times before
    it is asked for is told once, so that nothing grows while nobody listens.
    """

    def __init__(self, changes: "Changes") -> None:
        self._changes = changes
        self._waiting: dict[str, None] = {}
        self._woken = asyncio.Event()
        self._over = False

    def tell(self, errand_id: str) -> None:
        """An errand changed."""
        self._waiting[errand_id] = None
        self._woken.set()

    def end(self) -> None:
        """Nothing will change any more."""
        self._over = True
        self._woken.set()

    async def __anext__(self) -> str:
        while not self._waiting:
            if self._over:
                raise StopAsyncIteration
            self._woken.clear()
            await self._woken.wait()
        errand_id = next(iter(self._waiting))
        del self._waiting[errand_id]
        return errand_id

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._changes.forget(self)


class Changes:
    """The subscriptions there are. It lives in one event loop."""

    def __init__(self) -> None:
        self._subscriptions: set[Subscription] = set()

    def subscribe(self) -> Subscription:
        """Return a new subscription."""
        subscription = Subscription(self)
        self._subscriptions.add(subscription)
        return subscription

    def forget(self, subscription: Subscription) -> None:
        """End a subscription; ending it twice changes nothing."""
        self._subscriptions.discard(subscription)
        subscription.end()

    def tell(self, errand_id: str) -> None:
        """Tell every subscription that an errand changed."""
        for subscription in self._subscriptions:
            subscription.tell(errand_id)

    def end(self) -> None:
        """End every subscription: the simulator stops."""
        for subscription in tuple(self._subscriptions):
            self.forget(subscription)
