"""A Cention that is ill: each of its workspaces has a trouble of its own, until all get well.

It speaks as little of HTTP and JSON:API as makes errands, since most of what it says is wrong. Troubles that begin
before HTTP does have doors of their own.
"""

import asyncio
import json
import socket
import ssl
import threading
import time
from collections import Counter
from collections.abc import Callable, Coroutine, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from email.utils import formatdate
from enum import StrEnum
from http import HTTPStatus
from math import ceil
from typing import Any, TypeVar

import orjson

from tests.servers.certificate import Certificate

T = TypeVar("T")
_SECONDS = 30.0


class Door(StrEnum):
    """Where a workspace is called. Those that refuse, or take no connection, do so until all is well."""

    PLAIN = "plain"
    SELF_SIGNED = "self-signed"
    REFUSING = "refusing"
    BLACK_HOLE = "black hole"


@dataclass(frozen=True, slots=True)
class Trouble:
    """What a call meets: `answer` is said, if anything, and then the other side hangs up, or `hangs`.

    `made`: the errand is made all the same.
    """

    answer: Callable[[], bytes] = bytes
    made: bool = False
    hangs: bool = False


@dataclass(frozen=True, slots=True)
class Call:
    """A call that came, at a Unix time; so many of its workspace were under way with it, and had gone well before."""

    workspace: str
    mail: str
    token: str
    at: float
    at_once: int
    done: int


def reply(status: int, body: bytes = b"{}", *headers: str) -> bytes:
    """An answer in HTTP."""
    lines = [f"HTTP/1.1 {status} {HTTPStatus(status).phrase}", f"Content-Length: {len(body)}", *headers]
    return "\r\n".join([*lines, "", ""]).encode() + body


def refusal(status: int, detail: str) -> bytes:
    """An error as JSON:API has it."""
    return reply(status, json.dumps({"errors": [{"status": str(status), "detail": detail}]}).encode())


def created(errand: int) -> bytes:
    """The answer when all is well."""
    return reply(200, json.dumps({"data": {"type": "c3_new_errands", "id": str(errand)}}).encode())


def date_in(seconds: float) -> str:
    """A date in HTTP's form, no earlier than in so many seconds."""
    return formatdate(ceil(time.time() + seconds), usegmt=True)


class Cention:
    """It runs in a thread of its own. `calls` are all that came; `errands` were made: workspace and Message-ID of each.

    `troubles` are by workspace; one that has none is well from the beginning. `strangers` is what came to the host that
    redirections lead to. `pause` is how long a good answer takes, in seconds.
    """

    def __init__(self, troubles: Mapping[str, Trouble], certificate: Certificate, pause: float = 0.0) -> None:
        self.calls: list[Call] = []
        self.errands: list[tuple[str, str]] = []
        self.strangers: list[bytes] = []
        self.well = False
        self.troubles = dict(troubles)
        self._pause = pause
        self._at_once: Counter[str] = Counter()
        self._done: Counter[str] = Counter()
        self._tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._tls.load_cert_chain(certificate.certificate, certificate.key)
        self._sockets = {door: _bound() for door in Door}
        self._stuffing = _stuffed(self._sockets[Door.BLACK_HOLE])
        self._elsewhere = _bound()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="cention")
        self._servers: list[asyncio.Server] = []

    def url(self, workspace: str, door: Door = Door.PLAIN) -> str:
        """The base of a workspace's API."""
        return f"http{'s' if door is Door.SELF_SIGNED else ''}://127.0.0.1:{_port(self._sockets[door])}/s/{workspace}"

    @property
    def elsewhere(self) -> str:
        """Another host."""
        return f"http://127.0.0.1:{_port(self._elsewhere)}/"

    def start(self) -> None:
        """Take calls, and be ill."""
        self._thread.start()
        self._run(self._listen(Door.PLAIN))
        self._run(self._listen(Door.SELF_SIGNED, ssl=self._tls))
        self._run(self._listen_elsewhere())

    def get_well(self) -> None:
        """Have no more trouble."""
        self.well = True
        for one in self._stuffing:
            one.close()
        self._run(self._listen(Door.REFUSING))
        self._run(self._listen(Door.BLACK_HOLE))

    def stop(self) -> None:
        """End it."""
        self._run(self._end())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()
        for one in (*self._sockets.values(), *self._stuffing, self._elsewhere):
            one.close()

    def _run(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(_SECONDS)

    async def _listen(self, door: Door, **options: Any) -> None:
        self._servers.append(await asyncio.start_server(self._serve, sock=self._sockets[door], **options))

    async def _listen_elsewhere(self) -> None:
        async def hear(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            self.strangers.append(await reader.read(65536))
            writer.close()

        self._servers.append(await asyncio.start_server(hear, sock=self._elsewhere))

    async def _end(self) -> None:
        for server in self._servers:
            server.close()
        others = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            # A call whose caller has given up is at its end too.
            with suppress(ConnectionError, asyncio.IncompleteReadError):
                while await self._take(reader, writer):
                    pass
        finally:
            writer.close()

    async def _take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """Take a call; whether there may come another one over the connection."""
        head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:])}
        document = orjson.loads(await reader.readexactly(int(headers["content-length"])))
        workspace = head[0].split("/")[2]
        name = document["data"]["attributes"]["msg"]["message_id"]
        self._at_once[workspace] += 1
        at_once, done = self._at_once[workspace], self._done[workspace]
        self.calls.append(Call(workspace, name, headers["authorization"], time.time(), at_once, done))
        try:
            trouble = None if self.well else self.troubles.get(workspace)
            if trouble is None:
                await self._answer(workspace, name, writer)
                return True
            if trouble.made:
                self.errands.append((workspace, name))
            writer.write(trouble.answer())
            await writer.drain()
            if trouble.hangs:
                await reader.read()
            return False
        finally:
            self._at_once[workspace] -= 1

    async def _answer(self, workspace: str, name: str, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(self._pause)
        self.errands.append((workspace, name))
        self._done[workspace] += 1
        writer.write(created(len(self.errands)))
        await writer.drain()


@contextmanager
def running(cention: Cention) -> Iterator[Cention]:
    """Start it, and end it in any case."""
    cention.start()
    try:
        yield cention
    finally:
        cention.stop()


def _bound() -> socket.socket:
    """A socket with a free port that does not listen: who comes is refused."""
    made = socket.socket()
    made.bind(("127.0.0.1", 0))
    return made


def _port(made: socket.socket) -> int:
    port: int = made.getsockname()[1]
    return port


def _stuffed(made: socket.socket) -> list[socket.socket]:
    """Have it listen, its queue full: who comes next hears nothing, as from a host that is not there."""
    made.listen(0)
    callers = [socket.socket() for _ in range(3)]
    for caller in callers:
        caller.setblocking(False)  # noqa: FBT003 - the standard library's own form
        with suppress(BlockingIOError):
            caller.connect(made.getsockname())
    return callers
