"""What every way in that fetches has in common: a poller, the ground that it stands on, and how it is doing.

A poller runs in a thread of its own, since it waits for others with blocking libraries. What it takes becomes durable
in the event loop's thread, by the same `Store.accept` as everywhere; it may say "I have it" to its server only when
the future that `Ground.take` returned is done.
"""

import asyncio
import threading
import time
from collections.abc import Coroutine, Iterable, Sequence
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Protocol, Self, TypeVar

from gateway import metrics
from gateway.log import log
from gateway.model import Envelope, Receipt
from gateway.sources.store import Store

T = TypeVar("T")
COMMIT_SECONDS = 300.0
"""The longest wait for the store."""


class State(StrEnum):
    """How a poller is doing, in a word."""

    STARTING = "starting"
    WORKING = "working"
    FAILING = "failing"
    REFUSED = "refused"
    ELSEWHERE = "elsewhere"
    PAUSED = "paused"
    STOPPED = "stopped"


@dataclass(slots=True)
class Status:
    """What a person wants to know of a poller. Times are Unix seconds, 0.0 for never; `error` is "" for none."""

    name: str
    kind: str
    state: State = State.STARTING
    since: float = field(default_factory=time.time)
    started: float = field(default_factory=time.time)
    last_success: float = 0.0
    error: str = ""
    taken: int = 0
    copies: int = 0
    skipped: int = 0

    @property
    def progress(self) -> tuple[float, int]:
        """What changes when something was achieved, if only one message of many before the connection broke."""
        return self.last_success, self.taken

    def turn(self, state: State, error: str = "") -> bool:
        """Go into a state; return whether it, or the reason, is another than before."""
        if changed := (state, error) != (self.state, self.error):
            self.state, self.error, self.since = state, error, time.time()
        return changed


class Denied(Exception):
    """The server refused our credentials: it is tried again slowly, so that no account gets locked."""


class Poller(Protocol):
    """One mailbox folder, or directory, that mail is fetched from. `name` is unique: "imap old-mailbox INBOX"."""

    name: str
    kind: str

    def run(self, ground: "Ground") -> None:
        """Fetch until `ground.stopping` is set; raise Denied or any error of the connection, to be run again later."""


class Ground:
    """What a poller stands on: the store, a clock to stop by, its status. All calls are from the poller's thread."""

    def __init__(
        self, status: Status, store: Store[Any], loop: asyncio.AbstractEventLoop, max_size: int, max_head: int
    ) -> None:
        self.status = status
        self.stopping = threading.Event()
        self.max_size = max_size
        self._store = store
        self._loop = loop
        self._max_head = max_head

    def check_room(self, size: int = 0) -> None:
        """Raise Full when the spool has no room for a mail of that size."""
        self._store.check_room(size)

    def take(self, envelope: Envelope, content: Iterable[bytes], routes: Sequence[str]) -> "Future[Receipt]":
        """Make a mail durable; the future is done after the commit, and carries GatewayError when it is not.

        `content` are its bytes in pieces, small ones best as one; it is read in the loop's thread, so it must not wait.
        """
        taken = self.begin(self._accept(envelope, self._store.body(self._max_head), content, routes))
        taken.add_done_callback(self._count)
        return taken

    def open(self) -> "Delivery":
        """Begin a mail that comes in pieces that have to be waited for."""
        return Delivery(self, self._store.body(self._max_head))

    def succeeded(self) -> None:
        """The server answered as it should: all that there was is taken."""
        self.status.last_success = time.time()
        if self.status.turn(State.WORKING):
            log.poller(self.status.name, "working")

    def skipped(self, what: str, reason: str) -> None:
        """A message is left where it is for now, and the next ones go on."""
        self.status.skipped += 1
        metrics.mails_skipped.labels(self.status.name).inc()
        log.skipped(self.status.name, what, reason)

    def rest(self, seconds: float) -> bool:
        """Wait; return whether the poller has to stop."""
        return self.stopping.wait(seconds)

    def begin(self, coroutine: Coroutine[Any, Any, T]) -> "Future[T]":
        """Have a coroutine of the store's run in the loop's thread."""
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop)

    def give(self, envelope: Envelope, body: Any, routes: Sequence[str]) -> "Future[Receipt]":
        """Make a body durable that was written already, and close it; the future is as of `take`."""
        given = self.begin(self._accept(envelope, body, (), routes))
        given.add_done_callback(self._count)
        return given

    async def accept(self, envelope: Envelope, body: Any, routes: Sequence[str]) -> Receipt:
        """Make a body durable that was written already; in the loop's thread."""
        receipt = await self._store.accept(envelope, body, routes)
        name = (metrics.mails_copied if receipt.repeat else metrics.mails_accepted).labels(envelope.source)
        name.inc()
        if receipt.repeat:
            log.copied(receipt.id, envelope.source, envelope.sender, self.status.name)
        else:
            log.accepted(receipt.id, envelope.source, envelope.sender, list(routes), body.size, self.status.name)
        return receipt

    async def _accept(self, envelope: Envelope, body: Any, content: Iterable[bytes], routes: Sequence[str]) -> Receipt:
        try:
            for piece in content:
                await body.write(piece)
            return await self.accept(envelope, body, routes)
        finally:
            body.close()

    def _count(self, done: "Future[Receipt]") -> None:
        if done.cancelled() or done.exception() is not None:
            return
        if done.result().repeat:
            self.status.copies += 1
        else:
            self.status.taken += 1


class Delivery:
    """A mail that comes in pieces; a context manager. `write` what comes, then `finish`, or leave it and it is gone.

    A piece is taken while the next one is waited for: what was wrong with it is raised by the call after.
    """

    def __init__(self, ground: Ground, body: Any) -> None:
        self._ground = ground
        self._body = body
        self._last: Future[None] | None = None
        self._given = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        if not self._given:
            with suppress(Exception):  # it is given up in any case
                self._settle()
            self._body.close()

    @property
    def head(self) -> bytes:
        """The header block, as far as it has come."""
        self._settle()
        return bytes(self._body.head)

    @property
    def size(self) -> int:
        """The bytes so far."""
        self._settle()
        return int(self._body.size)

    def write(self, piece: bytes) -> None:
        """Take the next bytes; raises TooLarge and Full as `Body.write` does."""
        self._settle()
        self._last = self._ground.begin(self._body.write(piece))

    def finish(self, envelope: Envelope, routes: Sequence[str]) -> Receipt:
        """Return once the mail is durable."""
        return self.give(envelope, routes).result(COMMIT_SECONDS)

    def give(self, envelope: Envelope, routes: Sequence[str]) -> "Future[Receipt]":
        """Make the mail durable as `finish` does, without waiting: the future is as of `Ground.take`."""
        self._settle()
        self._given = True
        return self._ground.give(envelope, self._body, routes)

    def _settle(self) -> None:
        """Wait for the last piece."""
        last, self._last = self._last, None
        if last is not None:
            last.result(COMMIT_SECONDS)
