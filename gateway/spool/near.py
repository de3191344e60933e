"""The way into the spool for a command that only hands mail in: through the running gateway, or by itself."""

import asyncio
import socket
from collections.abc import AsyncIterator, Callable
from concurrent.futures import Future
from contextlib import asynccontextmanager, closing
from typing import TYPE_CHECKING, Any

from gateway.config.gateway import GatewaySection
from gateway.spool import link
from gateway.spool.accept import Acceptor
from gateway.spool.place import bodies_of, door_of
from gateway.spool.room import Room

if TYPE_CHECKING:
    from gateway.spool.writer import Change


@asynccontextmanager
async def acceptor(settings: GatewaySection) -> AsyncIterator[Acceptor]:
    """Have what takes mails in, linked to the gateway that has the spool open, or with a writer while none has.

    Only the latter needs a database's library, which takes longer to load than all else that a command does.
    """
    door = door_of(settings.store)
    near = link.connect(door) if door is not None else None
    async with _writing(settings) if near is None else _linked(near) as submit:
        bodies, folder = bodies_of(settings.store, settings.bodies, submit)
        with closing(Acceptor(bodies, submit, Room(folder, settings.min_free))) as taking:
            yield taking


@asynccontextmanager
async def _linked(near: socket.socket) -> "AsyncIterator[Callable[[Change[Any]], Future[Any]]]":
    near.setblocking(False)  # noqa: FBT003 - the standard library's own form
    _, joined = await asyncio.get_running_loop().create_connection(link.Link, sock=near)
    try:
        yield joined.submit
    finally:
        joined.close()


@asynccontextmanager
async def _writing(settings: GatewaySection) -> "AsyncIterator[Callable[[Change[Any]], Future[Any]]]":
    from gateway.spool.database import open_database
    from gateway.spool.writer import Writer

    with closing(open_database(settings.store)) as database, closing(Writer(database.writing)) as writer:
        yield writer.submit
