"""What goes round every page of the console: who may see it, what may be sent to it, and what a browser may do with it.

A page says what it needs: `guarded(Role.LOOK, endpoint)`, or `unguarded(endpoint)` for what anybody may have.
"""

import asyncio
import hmac
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import wraps
from urllib.parse import quote, urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gateway.config.console import LOOPBACK, ConsoleSection
from gateway.config.role import Role
from gateway.errors import GatewayError
from gateway.log import log
from gateway.web.console import paint, session
from gateway.web.console.people import People, Person

Endpoint = Callable[[Request], Awaitable[Response]]

MOST_SENT, MOST_OF_STRANGERS = 8_000_000, 20_000
SECONDS = 60
_SAFE = frozenset({"GET", "HEAD"})
POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; frame-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
# With no-referrer a browser says "Origin: null" to our own forms; this one tells others nothing either.
HEADERS = {
    "content-security-policy": POLICY,
    "cache-control": "no-store",
    "referrer-policy": "same-origin",
    "x-content-type-options": "nosniff",
    "x-dns-prefetch-control": "off",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
}


@dataclass(frozen=True, slots=True)
class Needs:
    """What a page needs of whoever asks for it: a role, None for nothing, and to be let read bodies."""

    role: Role | None
    bodies: bool = False


class _TooMuchError(Exception):
    """More was sent than a form may have."""

    def __init__(self, most: int) -> None:
        super().__init__()
        self.most = most


class Guard:
    """ASGI middleware round the console's pages, which finds `people` for `guarded`.

    A page may set a header of its own: the place of a customer's HTML has another policy.
    """

    def __init__(self, app: ASGIApp, people: People) -> None:
        self._app, self._people = app, people

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer the request, or refuse it."""

        async def sent(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        if not self._people.settings.enabled:
            raise HTTPException(404)
        scope["people"] = self._people
        if not is_ours(Headers(scope=scope).get("host", ""), self._people.settings):
            # A name that leads here and is not ours: another site's page would be "the same origin" (DNS rebinding).
            said = "This name is not the console's. Its name is console.address in the settings.\n"
            await PlainTextResponse(said, 421)(scope, receive, sent)
            return
        try:
            await self._app(scope, _bounded(receive, MOST_SENT), sent)
        except _TooMuchError as error:
            await PlainTextResponse(f"This form may have {error.most} bytes at most.\n", 413)(scope, receive, sent)


def is_ours(host: str, settings: ConsoleSection) -> bool:
    """Return whether the Host of a request is `console.address`, or this machine as it calls itself."""
    try:
        name = urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return False
    return name in LOOPBACK or bool(name and name == urlsplit(settings.address).hostname)


def guarded(role: Role, endpoint: Endpoint, *, bodies: bool = False) -> Endpoint:
    """Return the endpoint for those who have this role, and with `bodies` may read what mails say.

    Others are asked to sign in, or told that they may not. It has `person(request)`, which is `request.state.person`.
    What is sent to it came from one of our forms: the field `csrf`, or the header `X-CSRF-Token`, is the person's.
    """

    @wraps(endpoint)
    async def answer(request: Request) -> Response:
        people: People = request.scope["people"]
        before = session.visitor_key(request, people.settings)
        visitor = before or session.new_key()
        try:
            somebody = await people.person(request, visitor)
            response = await _let_in(Needs(role, bodies), somebody, request, endpoint)
        except GatewayError as error:
            return _not_now(request, error)
        if somebody is not None and not somebody.can_sign_out and not before:
            session.give_visitor(response, visitor, people.settings)
        return response

    answer.needs = Needs(role, bodies)  # type: ignore[attr-defined]
    return answer


def unguarded(endpoint: Endpoint) -> Endpoint:
    """Return the endpoint for anybody: the sign-in itself."""

    @wraps(endpoint)
    async def answer(request: Request) -> Response:
        try:
            return await endpoint(Request(request.scope, _bounded(request.receive, MOST_OF_STRANGERS)))
        except GatewayError as error:
            return _not_now(request, error)

    answer.needs = Needs(None)  # type: ignore[attr-defined]
    return answer


def person(request: Request) -> Person:
    """Return who asks, in an endpoint that is guarded."""
    found: Person = request.state.person
    return found


async def still_there(request: Request) -> bool:
    """Return whether whoever asked for a live page may still have it: their session lasts, their role is no other."""
    people: People = request.scope["people"]
    try:
        now = await people.person(request, session.visitor_key(request, people.settings))
    except GatewayError:
        return False
    return now is not None and (now.name, now.role) == (person(request).name, person(request).role)


async def _let_in(needs: Needs, somebody: Person | None, request: Request, endpoint: Endpoint) -> Response:
    if somebody is None:
        return _to_sign_in(request)
    request.state.person, request.state.csrf = somebody, somebody.csrf
    if needs.role is not None and not somebody.may(needs.role):
        said = f'This needs the role "{needs.role}"; {somebody.name} has "{somebody.role}".'
        return await _refused(request, somebody, said)
    if needs.bodies and not somebody.bodies:
        said = f'What mails say is kept from the role "{somebody.role}" here (console.hide_bodies).'
        return await _refused(request, somebody, said)
    if request.method not in _SAFE and not await was_sent_by(request, somebody.csrf):
        said = "This form was not sent from a page of yours, or that page is old: go back, load it again, and send it."
        return paint.said(request, "Not sent from here", said, 403)
    return await endpoint(request)


def _not_now(request: Request, error: GatewayError) -> Response:
    log.trouble("console", error)
    return paint.said(request, "Not now", "The gateway cannot answer just now. Its log says why.", 503)


async def _refused(request: Request, somebody: Person, said: str) -> Response:
    people: People = request.scope["people"]
    await people.tell(request, somebody.name, "refused", said, path=request.url.path)
    return paint.said(request, "Not for you", said, 403)


def _to_sign_in(request: Request) -> Response:
    """Ask a browser to sign in, and to come back; tell a program that it has to."""
    if request.method not in _SAFE or "text/html" not in request.headers.get("accept", "text/html"):
        return PlainTextResponse("Sign in first.\n", 401, {"WWW-Authenticate": "Console"})
    root = request.scope.get("root_path", "")
    wanted = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    return RedirectResponse(f"{root}/sign-in?next={quote(wanted, safe='')}", 303)


async def was_sent_by(request: Request, token: str) -> bool:
    """Return whether what is sent has this token, and no other site's page sent it."""
    if not _same_site(request):
        return False
    given: object = request.headers.get("x-csrf-token")
    if given is None:
        try:
            async with asyncio.timeout(SECONDS):
                given = (await request.form()).get("csrf")
        except (ClientDisconnect, TimeoutError):
            return False
    return isinstance(given, str) and hmac.compare_digest(given.encode(), token.encode())


def _same_site(request: Request) -> bool:
    """Return whether a browser says that a page of ours sent this; one that says nothing is believed (RFC 6454)."""
    site = request.headers.get("sec-fetch-site")
    if site is not None:
        return site == "same-origin"
    origin = request.headers.get("origin")
    return origin is None or urlsplit(origin).netloc == request.headers.get("host")


def _bounded(receive: Receive, most: int) -> Receive:
    size = 0

    async def received() -> Message:
        nonlocal size
        message = await receive()
        size += len(message.get("body", b""))
        if size > most:
            raise _TooMuchError(most)
        return message

    return received
