"""An accepting process: it speaks SMTP and LMTP, and hands mail over a link to the spool's process, which commits it.

It has no store, reads no settings file and obeys no signal: the main process gives it its sockets, its settings and its
orders, and when that one is gone it ends at once, since nobody could say "yes" any more.
"""

import asyncio
import ctypes
import gc
import pickle
import signal
import socket
from contextlib import suppress
from dataclasses import dataclass

import uvloop

from gateway import log as logging
from gateway import metrics
from gateway.config.settings import Settings
from gateway.recipients import recipients_of
from gateway.sources.admission import Admission, Tally
from gateway.sources.conversation import Context
from gateway.sources.listener import Listener, tls_context
from gateway.sources.openings import Sockets
from gateway.spool.accept import Acceptor
from gateway.spool.link import Link
from gateway.spool.place import bodies_of
from gateway.spool.room import Room
from gateway.spool.wire import Note

_TELL_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Post:
    """What an accepting process is given: its number, its end of the link, its sockets, the table of connections."""

    number: int
    link: socket.socket
    sockets: Sockets
    table: "ctypes.Array[ctypes.c_char]"
    settings: bytes


def main(post: Post) -> None:
    """Serve until told to stop, or until the main process is gone."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    # What is loaded now stays: the collector need not look at it again, nor at each few hundred objects of a mail.
    gc.freeze()
    gc.set_threshold(50_000)
    uvloop.run(_Accepting(post).serve())


class _Accepting:
    def __init__(self, post: Post) -> None:
        self._post = post
        self._settings = _read(post.settings)
        self._stop = asyncio.Event()
        _configure_log(self._settings)
        smtp = self._settings.smtp
        self._admission = Admission(
            smtp.max_connections, smtp.max_connections_per_address, Tally(post.table, post.number)
        )
        self._room: Room | None = None
        self._listener: Listener | None = None
        self._acceptor: Acceptor | None = None

    async def serve(self) -> None:
        loop = asyncio.get_running_loop()
        _, link = await loop.create_connection(lambda: Link(self._note), sock=self._post.link)
        spool = self._settings.gateway
        bodies, folder = bodies_of(spool.store, spool.bodies, link.submit)
        self._room = room = Room(folder, spool.min_free)
        self._acceptor = Acceptor(bodies, link.submit, room)
        self._listener = Listener(self._context())
        await self._listener.start(self._post.sockets)
        link.tell(Note("ready"))
        telling = loop.create_task(_tell(link))
        ends = [loop.create_task(self._stop.wait()), loop.create_task(link.lost.wait())]
        await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
        if self._stop.is_set():
            ending = loop.create_task(self._listener.stop())
            await asyncio.wait([ending, ends[1]], return_when=asyncio.FIRST_COMPLETED)
        telling.cancel()
        link.tell(Note("counted", metrics.snapshot()))
        link.close()
        await asyncio.wait([ends[1]], timeout=_TELL_SECONDS)

    def _context(self) -> Context:
        assert self._acceptor is not None
        return Context(
            hostname=self._settings.gateway.hostname,
            settings=self._settings.smtp,
            store=self._acceptor,
            route_of=recipients_of(self._settings).match,
            admission=self._admission,
            tls=tls_context(self._settings.smtp),
        )

    def _note(self, note: Note) -> None:
        if note.word == "stop":
            self._stop.set()
        elif note.word == "full" and self._room is not None:
            self._room.full = note.content
        elif note.word == "settings":
            self._settings = _read(note.content)
            _configure_log(self._settings)
            smtp = self._settings.smtp
            self._admission.limit(smtp.max_connections, smtp.max_connections_per_address)
            if self._listener is not None:
                self._listener.context = self._context()


def _configure_log(settings: Settings) -> None:
    """Have the log as the main process has it; where that cannot be written now, as it was before."""
    with suppress(OSError):
        logging.configure(settings.gateway.log, settings.gateway.log_level, settings.log.to, settings.log.levels)


async def _tell(link: Link) -> None:
    """Tell what was counted, now and then, when it has changed."""
    told: metrics.Samples = {}
    while True:
        await asyncio.sleep(_TELL_SECONDS)
        if (counted := metrics.snapshot()) != told:
            told = counted
            link.tell(Note("counted", counted))


def _read(settings: bytes) -> Settings:
    found: Settings = pickle.loads(settings)  # noqa: S301 - from the process that made this one
    return found
