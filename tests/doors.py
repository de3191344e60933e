"""The console's door with a few plain pages behind it, on a free port, and browsers that come to it."""

import asyncio
import re
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

import requests
from argon2 import PasswordHasher
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route

from gateway.config.console import ConsoleSection, Role
from gateway.config.units import Listen
from gateway.spool import audit, sessions, tables
from gateway.spool.sessions import Session, digest_of
from gateway.spool.spool import Spool
from gateway.web.console.door import behind
from gateway.web.console.guard import guarded, person, still_there
from gateway.web.console.people import People
from gateway.web.console.tries import Tries
from gateway.web.server import WebServer

PASSWORD = "correct horse battery"
# As quick as Argon2 can be: what is shown here is not how long guessing takes.
HASH = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(PASSWORD)


def user(role: str = "look", password: str = HASH) -> dict[str, str]:
    return {"role": role, "password": password}


async def whoami(request: Request) -> Response:
    one = person(request)
    return PlainTextResponse(f"{one.name} {one.role} {one.how} {one.address} {one.csrf}")


async def done(request: Request) -> Response:
    return PlainTextResponse(f"done: {(await request.form()).get('what')}")


async def live(request: Request) -> Response:
    """Say ten times a second that somebody is there, for as long as they are."""

    async def pieces() -> AsyncIterator[str]:
        while await still_there(request):
            yield "data: there\n\n"
            await asyncio.sleep(0.1)

    return StreamingResponse(pieces(), media_type="text/event-stream")


class Browser(requests.Session):
    """Somebody before it. Redirects are followed; what a page's form has goes along with what is sent."""

    def __init__(self, base: str) -> None:
        super().__init__()
        self.base = base
        self.headers["Accept"] = "text/html"

    def see(self, path: str, **more: Any) -> requests.Response:
        return self.get(f"{self.base}{path}", timeout=20, **more)

    def sends(self, path: str, **fields: Any) -> requests.Response:
        headers = fields.pop("headers", None)
        return self.post(f"{self.base}{path}", fields, timeout=20, headers=headers)

    def signs_in(
        self, name: str, password: str = PASSWORD, path: str = "/sign-in?next=/", **more: Any
    ) -> requests.Response:
        return self.sends("/sign-in", **(hidden(self.see(path)) | {"name": name, "password": password} | more))

    def csrf(self) -> str:
        return self.see("/").text.split()[-1]


def hidden(page: requests.Response) -> dict[str, str]:
    return dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', page.text))


class Door:
    """One that runs; `settings` can be put in its place while it does."""

    def __init__(self, loop: asyncio.AbstractEventLoop, folder: Path, **console: Any) -> None:
        self.settings = ConsoleSection.model_validate(console)
        self.spool = Spool(f"sqlite:///{folder / 'spool.db'}")
        self.people = People(lambda: self.settings, self.spool)
        pages = [
            Route("/", guarded(Role.LOOK, whoami), methods=["GET"]),
            Route("/words", guarded(Role.LOOK, whoami, bodies=True), methods=["GET"]),
            Route("/act", guarded(Role.ACT, done), methods=["POST"]),
            Route("/administer", guarded(Role.ADMINISTER, whoami), methods=["GET"]),
            Route("/live", guarded(Role.LOOK, live), methods=["GET"]),
        ]
        self._loop, self._done = loop, 0
        self._server = WebServer(behind(pages, self.people), Listen("127.0.0.1", 0))
        listen = asyncio.run_coroutine_threadsafe(self._server.start(), loop).result(10)
        self.base = f"http://{listen}"

    def browser(self) -> Browser:
        return Browser(self.base)

    def set(self, **console: Any) -> None:
        self.settings = ConsoleSection.model_validate(console)

    def fresh(self, **console: Any) -> Self:
        """The same for another test: with these settings, and nothing tried or done yet."""
        self.set(**console)
        self.people.tries = Tries()
        self._done = len(self._rows())
        return self

    def acts(self) -> list[tuple[str, str]]:
        """Who did what, the newest last."""
        return [(row["who"], row["act"]) for row in self._rows()[self._done :]]

    def session(self, key: str) -> Session:
        """What the spool has of a browser's session."""
        found = self.spool.read(lambda connection: sessions.find(connection, digest_of(key)))
        assert found is not None
        return found

    def aged(self, key: str, seen: float, began: float) -> None:
        """Have it begun, and seen last, so many seconds earlier."""
        before = self.session(key)
        statement = tables.session.update().where(tables.session.c.digest == before.digest)
        values = {"seen": before.seen - seen, "began": before.began - began}
        self.spool.change(lambda connection: connection.execute(statement.values(values))).result()

    def _rows(self) -> list[dict[str, Any]]:
        self.spool.change(lambda _: None).result()
        return self.spool.read(lambda connection: audit.page(connection, most=1000)).rows[::-1]

    def close(self) -> None:
        asyncio.run_coroutine_threadsafe(self._server.stop(), self._loop).result(10)
        self.spool.close()


@contextmanager
def door(loop: asyncio.AbstractEventLoop, folder: Path, **console: Any) -> Iterator[Door]:
    opened = Door(loop, folder, **console)
    try:
        yield opened
    finally:
        opened.close()
