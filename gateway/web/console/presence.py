"""Who is signed in just now, for who administers: each session with its beginning and its way, and an end to it."""

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from gateway.config.role import Role
from gateway.spool.sessions import Session
from gateway.web.console import form, frame
from gateway.web.console.desk import Desk
from gateway.web.console.frame import Page
from gateway.web.console.guard import guarded, person
from gateway.web.console.people import People
from gateway.web.console.usersfile import Users

_LONGEST = 64


def routes(desk: Desk) -> list[Route]:
    """Return the page, and the address of its forms."""

    async def look(request: Request) -> Response:
        people: People = request.scope["people"]
        page = _page(await people.signed_in(), await people.users())
        return await frame.shown(request, desk, lambda _viewer: page)

    return [
        Route("/people", guarded(Role.ADMINISTER, look), methods=["GET"]),
        Route("/people/end", guarded(Role.ADMINISTER, _end), methods=["POST"]),
    ]


def _page(present: list[tuple[Session, Role]], users: Users) -> Page:
    known = {name: user.role for name, user in sorted(users.items())}
    return Page("people.html", {"present": present, "users": known}, "People")


async def _end(request: Request) -> Response:
    people: People = request.scope["people"]
    digest = form.text(await request.form(), "session", _LONGEST)
    ended = next((one for one, _ in await people.signed_in() if one.digest == digest), None)
    if ended is not None:
        await people.sessions.end(digest)
        await people.tell(request, person(request).name, "end session", target=ended.name)
    return RedirectResponse("/people", 303)
