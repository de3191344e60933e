"""The front as the main process sees it: who takes SMTP and LMTP connections, this process or accepting ones.

Accepting processes are joined to the spool by links. One that ends unasked is started again; its sockets stay open here
meanwhile, so that clients wait and are not refused.
"""

import asyncio
import multiprocessing
import os
import pickle
import socket
import sys
from collections.abc import Callable, Sequence
from multiprocessing import forkserver
from multiprocessing.process import BaseProcess
from multiprocessing.sharedctypes import RawArray
from typing import Any

from gateway import accepting
from gateway.config.settings import Settings
from gateway.errors import SettingsError
from gateway.log import log
from gateway.metrics import Others
from gateway.sources.admission import Admission, Tally
from gateway.sources.conversation import Context
from gateway.sources.listener import Listener
from gateway.sources.openings import Sockets
from gateway.spool.hub import Hub, Port
from gateway.spool.wire import Note

_START_SECONDS = 60.0
_AGAIN_SECONDS = 1.0


class OwnFront:
    """SMTP and LMTP in the main process itself (`smtp.processes = 0`)."""

    def __init__(self, admission: Admission, context: Callable[[], Context]) -> None:
        self._admission = admission
        self._context = context
        self._listener = Listener(context())

    async def start(self, sockets: Sequence[Sockets]) -> None:
        """Take connections from the sockets of the one row."""
        await self._listener.start(sockets[0])

    def reload(self, settings: Settings) -> None:
        """Use new settings for what begins now."""
        self._admission.limit(settings.smtp.max_connections, settings.smtp.max_connections_per_address)
        self._listener.context = self._context()

    def full(self, reason: str) -> None:
        """Nothing to do: the listener asks the spool itself."""

    def trouble(self) -> str:
        """Nothing can be wrong here that is not wrong with the whole process."""
        return ""

    async def stop(self) -> None:
        """Finish the mails in hand; the caller bounds the wait."""
        await self._listener.stop()


class Accepting:
    """One accepting process, started again when it ends unasked."""

    def __init__(self, front: "ProcessFront", number: int, sockets: Sockets) -> None:
        self._front = front
        self._number = number
        self._sockets = sockets
        self._port: Port | None = None
        self._process: BaseProcess | None = None
        self._ready = asyncio.Event()
        self._life: asyncio.Task[None] | None = None
        self._loop = asyncio.get_running_loop()
        self.up = False

    async def start(self) -> None:
        """Start it and wait until it listens; SettingsError when it does not come up."""
        self._life = self._loop.create_task(self._live())
        try:
            async with asyncio.timeout(_START_SECONDS):
                await self._ready.wait()
        except TimeoutError as error:
            raise SettingsError([f"smtp.processes: accepting process {self._number} does not come up"]) from error

    def tell(self, note: Note) -> None:
        """Tell it something."""
        if self._port is not None:
            self._port.tell(note)

    async def stop(self) -> None:
        """Have it finish the mails in hand and end."""
        self.tell(Note("stop"))
        if self._life is not None:
            await self._life

    def kill(self) -> None:
        """End it now."""
        if self._process is not None and self._process.is_alive():
            self._process.kill()

    async def _live(self) -> None:
        while not self._front.is_stopping():
            ended = await self._once()
            self.up = False
            self._front.others.ends(self._number)
            self._front.tally(self._number).clear()
            if self._front.is_stopping():
                return
            log.accepting_ended(self._number, ended)
            await asyncio.sleep(_AGAIN_SECONDS)

    async def _once(self) -> int | None:
        """Run it to its end; return its exit code."""
        near, far = socket.socketpair()
        self._port = self._front.hub.join(near, self._note)
        post = accepting.Post(self._number, far, self._sockets, self._front.table, self._front.settings)
        self._process = self._front.context.Process(target=accepting.main, args=(post,), name="accepting")
        with far:
            await self._loop.run_in_executor(None, self._process.start)
        ended = asyncio.Event()
        self._loop.add_reader(self._process.sentinel, ended.set)
        try:
            await ended.wait()
        finally:
            self._loop.remove_reader(self._process.sentinel)
        self._process.join()
        return self._process.exitcode

    def _note(self, note: Note) -> None:
        """Take what it says; called in its link's thread."""
        if note.word == "ready":
            self.up = True
            self.tell(Note("full", self._front.is_full))
            self._loop.call_soon_threadsafe(self._ready.set)
        elif note.word == "counted":
            self._front.others.says(self._number, note.content)


class ProcessFront:
    """All accepting processes. `stopping` says that their end is wanted; `is_full` is why no mail is taken now."""

    def __init__(self, hub: Hub, others: Others, context: Any, settings: Settings) -> None:
        self.hub = hub
        self.others = others
        self.context = context
        self.stopping = False
        self.is_full = ""
        self.settings = pickle.dumps(settings)
        self._count = settings.smtp.processes
        self.table = RawArray("c", Tally.size(self._count))
        self._all: list[Accepting] = []

    def is_stopping(self) -> bool:
        """Say whether the processes' end is wanted by now."""
        return self.stopping

    def tally(self, number: int) -> Tally:
        """Return a process's row of the table of connections."""
        return Tally(self.table, number)

    async def start(self, sockets: Sequence[Sockets]) -> None:
        """Start them all, each with its row of sockets."""
        self._all = [Accepting(self, number, row) for number, row in enumerate(sockets)]
        await asyncio.gather(*(one.start() for one in self._all))

    def reload(self, settings: Settings) -> None:
        """Have them use new settings for what begins now."""
        self.settings = pickle.dumps(settings)
        for one in self._all:
            one.tell(Note("settings", self.settings))

    def full(self, reason: str) -> None:
        """Have them take no mail for this reason, "" to take mail again."""
        if reason != self.is_full:
            self.is_full = reason
            for one in self._all:
                one.tell(Note("full", reason))

    def trouble(self) -> str:
        """Say which processes do not take connections."""
        down = [str(number) for number, one in enumerate(self._all) if not one.up]
        return f"accepting process {', '.join(down)} is being started again" if down else ""

    async def stop(self) -> None:
        """Have them finish the mails in hand and end; when the wait is cut off, they are ended."""
        self.stopping = True
        try:
            await asyncio.gather(*(one.stop() for one in self._all))
        finally:
            for one in self._all:
                one.kill()


Front = OwnFront | ProcessFront


def process_context() -> Any:
    """Return how child processes are made: by a server without threads, which has our modules loaded already.

    It is started with our own path: by itself it would look for modules in the working directory first.
    """
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["gateway.flow.readers", "gateway.accepting"])
    ours = {"PYTHONSAFEPATH": "1", "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    before = {name: os.environ.get(name) for name in ours}
    os.environ.update(ours)
    try:
        forkserver.ensure_running()
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
    return context
