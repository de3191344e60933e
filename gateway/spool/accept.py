"""The only "yes, we have it": bytes and envelope in, and back after the commit (rule 1).

It is the same in the spool's own process and in an accepting process, where changes travel over a link.
"""

import asyncio
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, TypeVar

from ulid import ULID

from gateway.errors import Full
from gateway.model import Envelope, Receipt
from gateway.spool import arrival
from gateway.spool.batched import Batched
from gateway.spool.bodies import Bodies
from gateway.spool.body import Body
from gateway.spool.room import Room

if TYPE_CHECKING:
    from gateway.spool.writer import Change

T = TypeVar("T")

# Where `scripts/bench threshold` has both alike: below, a row costs less than a file with its two syncs; above, more.
BLOB_THRESHOLD = 128 * 1024


class Acceptor:
    """Takes mails in. `change` commits a change and returns its future; large bodies go to `bodies`."""

    def __init__(
        self,
        bodies: Bodies,
        change: "Callable[[Change[Any]], Future[Any]]",
        room: Room,
        threshold: int = BLOB_THRESHOLD,
    ) -> None:
        self.room = room
        self._bodies = bodies
        self._change = change
        self._threshold = threshold
        self._disk = ThreadPoolExecutor(4, thread_name_prefix="spool-disk")

    def close(self) -> None:
        """End the threads that write large bodies."""
        self._disk.shutdown()

    def body(self, max_head: int = 1_000_000) -> Body:
        """Start taking a mail's bytes."""
        return Body(self._bodies, str(ULID()), self._threshold, max_head, self._disk)

    def check_room(self, size: int = 0) -> None:
        """Raise Full when there is no room for a mail of that size."""
        self.room.check(size)

    async def accept(self, envelope: Envelope, body: Body, routes: Sequence[str]) -> Receipt:
        """Make a mail durable, with a job for each route. When this returns, "yes" may be said.

        Raises Full when there is no room, Temporary for anything else of the spool. `body` stays the caller's to close.
        """
        self.check_room()
        await body.sync()
        row = arrival.mail_row(body.id, envelope, body.content.digest(), body.size, body.raw, time.time())
        here = arrival.Arrival(row, tuple(routes), distinct=body.content.distinct())
        body.hand_over()
        change = self._change(Batched(arrival.store, here))
        change.add_done_callback(lambda done: body.settle(kept=_kept(done)))
        receipt: Receipt = await settled(change)
        return receipt


async def settled(change: "Future[T]") -> T:
    """Return what comes of a change. Being cancelled meanwhile does not touch the change.

    Over a link the answer comes in the loop's own thread: then the loop need not be woken, as asyncio.wrap_future does.
    """
    loop = asyncio.get_running_loop()
    waiting: asyncio.Future[None] = loop.create_future()
    thread = threading.get_ident()

    def wake(_done: object = None) -> None:
        if not waiting.done():
            waiting.set_result(None)

    def done(_change: object) -> None:
        if threading.get_ident() == thread:
            wake()
        else:
            loop.call_soon_threadsafe(wake)

    change.add_done_callback(done)
    await waiting
    return change.result()


def _kept(done: "Future[Receipt]") -> bool:
    """Whether a row may name the body now: a server lost in the commit leaves that to the sweep at the next start."""
    error = done.exception()
    return not done.result().repeat if error is None else not isinstance(error, Full)
