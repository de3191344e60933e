"""A link's far end: a process without a store sends its changes to the one that has it, and awaits the commit.

`Link.submit` is what `Writer.submit` is in the spool's own process: the future holds the result after the commit.
"""

import asyncio
import itertools
import socket
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, cast

from gateway.errors import Temporary
from gateway.spool.wire import Answer, Frames, Message, Note, Request, Unreadable, frame

if TYPE_CHECKING:
    from gateway.spool.writer import Change

T = TypeVar("T")
_SECONDS = 5.0


class Link(asyncio.Protocol):
    """One end of a link, in an event loop. `on_note` gets what the spool's process tells; `lost` is set at its end."""

    def __init__(self, on_note: Callable[[Note], None] = lambda _: None) -> None:
        self.lost = asyncio.Event()
        self._on_note = on_note
        self._frames = Frames()
        self._numbers = itertools.count(1)
        self._waiting: dict[int, Future[Any]] = {}
        self._leaving: list[bytes] = []
        self._loop = asyncio.get_running_loop()
        self._thread = threading.get_ident()
        self._transport: asyncio.WriteTransport | None = None

    def submit(self, change: "Change[T]") -> "Future[T]":
        """Have a change committed; the future holds its result after the commit, or an error of the family."""
        future: Future[T] = Future()
        number = next(self._numbers)
        content = frame(Request(number, change))
        if threading.get_ident() == self._thread:
            self._send(content, number, future)
        else:
            self._loop.call_soon_threadsafe(self._send, content, number, future)
        return future

    def tell(self, note: Note) -> None:
        """Tell the spool's process something. Called in the event loop."""
        if self._transport is not None:
            self._transport.write(frame(note))

    def close(self) -> None:
        """End the link, once what was told has left."""
        self._leave()
        if self._transport is not None:
            self._transport.close()

    def _send(self, content: bytes, number: int, future: "Future[Any]") -> None:
        if self._transport is None:
            future.set_exception(Temporary("the spool's process is gone"))
            return
        self._waiting[number] = future
        if not self._leaving:
            # What is sent in one turn of the loop leaves together: each write wakes the other side, and costs as much.
            self._loop.call_soon(self._leave)
        self._leaving.append(content)

    def _leave(self) -> None:
        leaving, self._leaving = self._leaving, []
        if self._transport is not None:
            self._transport.writelines(leaving)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Remember the way to the other side."""
        self._transport = cast("asyncio.WriteTransport", transport)

    def data_received(self, data: bytes) -> None:
        """Settle what was answered; a frame that is none ends the link."""
        try:
            messages = self._frames.feed(data)
        except Unreadable:
            if self._transport is not None:
                self._transport.abort()
            return
        for message in messages:
            self._take(message)

    def _take(self, message: Message) -> None:
        if isinstance(message, Answer):
            future = self._waiting.pop(message.number)
            if message.error is not None:
                future.set_exception(message.error)
            else:
                future.set_result(message.result)
        elif isinstance(message, Note):
            self._on_note(message)

    def connection_lost(self, _error: Exception | None) -> None:
        """Whether what was under way is committed is not known: to the sender that is "try again"."""
        self._transport = None
        waiting, self._waiting = self._waiting, {}
        for future in waiting.values():
            future.set_exception(Temporary("the spool's process is gone"))
        self.lost.set()


def connect(path: Path) -> socket.socket | None:
    """Return a connection to the gateway that has the spool open, None when none runs."""
    near = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_CLOEXEC)
    near.settimeout(_SECONDS)
    try:
        near.connect(str(path))
    except OSError:
        near.close()
        return None
    return near


@contextmanager
def joined(near: socket.socket) -> Iterator[Link]:
    """Run a link in a thread of its own, for a command that has no event loop."""
    near.setblocking(False)  # noqa: FBT003 - the standard library's own form
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="link", daemon=True)
    thread.start()

    async def begin() -> Link:
        _, link = await loop.create_connection(Link, sock=near)
        return link

    async def end(link: Link) -> None:
        link.close()
        await link.lost.wait()

    try:
        link = asyncio.run_coroutine_threadsafe(begin(), loop).result(_SECONDS)
        try:
            yield link
        finally:
            asyncio.run_coroutine_threadsafe(end(link), loop).result(_SECONDS)
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        near.close()
        loop.close()
