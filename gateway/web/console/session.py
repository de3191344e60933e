"""A session: what a browser has (a cookie with a random key), and what the spool has (whose that is, by its hash)."""

import asyncio
import hashlib
import hmac
import re
import secrets
import time
from collections.abc import Callable
from concurrent.futures import Future
from functools import partial
from typing import Any, Protocol, TypeVar

from sqlalchemy import Connection
from starlette.requests import Request
from starlette.responses import Response

from gateway.config.console import ConsoleSection
from gateway.errors import Temporary
from gateway.spool import sessions
from gateway.spool.sessions import Session, digest_of
from gateway.web.console.turns import Turns

_T = TypeVar("_T")
_SESSION, _VISITOR = "cention-console", "cention-visitor"
_KEY = re.compile(r"[A-Za-z0-9_-]{43}")
_SEEN_EVERY = 60.0
_SECONDS = 10.0


class Store(Protocol):
    """The spool, as sessions need it."""

    def read(self, query: Callable[[Connection], _T]) -> _T:
        """Run a query."""

    def change(self, change: Callable[[Connection], _T]) -> "Future[_T]":
        """Commit a change."""


class Sessions:
    """All sessions; `settings` gives the settings in force, `clock` Unix seconds. Temporary where the spool is away."""

    def __init__(
        self, settings: Callable[[], ConsoleSection], store: Store, clock: Callable[[], float] = time.time
    ) -> None:
        self._settings, self._store, self._clock = settings, store, clock
        self._turns = Turns("sessions", 2, 1000, _SECONDS)

    async def begin(self, name: str, how: str, role: str, mark: str) -> str:
        """Begin a session; return its key, for a cookie."""
        key, now = new_key(), self._clock()
        begun = Session(digest_of(key), name, how, role, mark, now, now)
        settings = self._settings()
        await self.changed(partial(sessions.begin, begun=begun, idle=settings.idle, longest=settings.longest))
        return key

    async def find(self, key: str) -> Session | None:
        """Return the session of a key while it lasts."""
        wanted = partial(sessions.find, digest=digest_of(key))
        found: Session | None = await self._turns.take(lambda: self._store.read(wanted))
        return found if found is not None and self._lasts(found) else None

    async def all(self) -> list[Session]:
        """Return the sessions that last, those first that were seen last."""
        found: list[Session] = await self._turns.take(lambda: self._store.read(sessions.listed))
        return [one for one in found if self._lasts(one)]

    def _lasts(self, one: Session) -> bool:
        settings, now = self._settings(), self._clock()
        return now - one.seen <= settings.idle and now - one.began <= settings.longest

    async def seen(self, session: Session) -> None:
        """Let a session last, since somebody asks for something; once a minute is enough."""
        now = self._clock()
        if now - session.seen > _SEEN_EVERY:
            await self.changed(partial(sessions.seen, digest=session.digest, now=now))

    async def end(self, digest: str) -> None:
        """End the session whose key has this digest."""
        await self.changed(partial(sessions.end, digest=digest))

    async def changed(self, change: Callable[[Connection], Any]) -> None:
        """Have the spool commit a change; Temporary where it does not in time."""
        try:
            async with asyncio.timeout(_SECONDS):
                await asyncio.wrap_future(self._store.change(change))
        except TimeoutError as error:
            raise Temporary(f"the spool did not take it within {_SECONDS:g} s") from error


def new_key() -> str:
    """Return a key that nobody guesses: 256 random bits as 43 letters."""
    return secrets.token_urlsafe(32)


def derived(key: str, purpose: str) -> str:
    """Return what follows from a key for one purpose, and from which nobody gets the key."""
    return hmac.new(key.encode(), purpose.encode(), hashlib.sha256).hexdigest()


def session_key(request: Request, settings: ConsoleSection) -> str:
    """Return the key of the session that a browser says it has, "" for none."""
    return _cookie(request, _SESSION, settings)


def visitor_key(request: Request, settings: ConsoleSection) -> str:
    """Return the key of a browser that has no session, "" for none."""
    return _cookie(request, _VISITOR, settings)


def give_session(response: Response, key: str, settings: ConsoleSection) -> None:
    """Let the browser have a session; it needs no other key from then on."""
    _give(response, _SESSION, key, settings)
    _take(response, _VISITOR, settings)


def give_visitor(response: Response, key: str, settings: ConsoleSection) -> None:
    """Let a browser without a session have a key, which its forms are told by."""
    _give(response, _VISITOR, key, settings)


def take_all(response: Response, settings: ConsoleSection) -> None:
    """Let the browser forget all keys."""
    _take(response, _SESSION, settings)
    _take(response, _VISITOR, settings)


def _name(name: str, settings: ConsoleSection) -> str:
    """A name with this prefix is taken by browsers from this very host alone, and only by TLS."""
    return f"__Host-{name}" if settings.by_tls else name


def _cookie(request: Request, name: str, settings: ConsoleSection) -> str:
    found = request.cookies.get(_name(name, settings), "")
    return found if _KEY.fullmatch(found) else ""


def _give(response: Response, name: str, key: str, settings: ConsoleSection) -> None:
    response.set_cookie(_name(name, settings), key, path="/", secure=settings.by_tls, httponly=True, samesite="lax")


def _take(response: Response, name: str, settings: ConsoleSection) -> None:
    response.delete_cookie(_name(name, settings), path="/", secure=settings.by_tls, httponly=True, samesite="lax")
