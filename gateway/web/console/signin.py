"""The sign-in: a form for names and passwords, the way to an OpenID provider and back, and the sign-out.

A wrong name and a wrong password get the same answer in the same time. After too many wrong tries nothing is tried any
more for a while, from that address or by that name.
"""

from urllib.parse import quote

from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from gateway.config.role import Role
from gateway.errors import GatewayError, Refused
from gateway.log import log
from gateway.spool.sessions import digest_of
from gateway.web.console import paint, proxyuser, session
from gateway.web.console.guard import guarded, person, unguarded, was_sent_by
from gateway.web.console.password import is_right
from gateway.web.console.people import People, mark_of

_LONGEST_PATH = 1000
_WRONG = "No such name, or another password."


def routes() -> list[Route]:
    """Return the addresses of signing in and out."""
    return [
        Route("/sign-in", unguarded(_form), methods=["GET"]),
        Route("/sign-in", unguarded(_sign_in), methods=["POST"]),
        Route("/sign-in/openid", unguarded(_to_provider), methods=["GET"]),
        Route("/sign-in/back", unguarded(_from_provider), methods=["GET"]),
        Route("/sign-out", guarded(Role.LOOK, _sign_out), methods=["POST"]),
    ]


async def _form(request: Request) -> Response:
    return await _asked(request, then=request.query_params.get("next", ""))


async def _asked(
    request: Request, trouble: str = "", status: int = 200, name: str = "", then: str = "", retry_after: int = 0
) -> Response:
    """Ask for name and password, or whatever the settings have people sign in by."""
    people: People = request.scope["people"]
    settings = people.settings
    visitor = session.visitor_key(request, settings) or session.new_key()
    response = paint.page(
        request,
        "sign-in.html",
        status,
        trouble=trouble,
        typed=name,
        next=_path(then),
        csrf=session.derived(visitor, "sign-in"),
        local=settings.local,
        label=settings.oidc.label if settings.oidc else "",
        otherwise=_otherwise(request, people),
    )
    if retry_after:
        response.headers["Retry-After"] = str(retry_after)
    session.give_visitor(response, visitor, settings)
    return response


def _otherwise(request: Request, people: People) -> str:
    """Say to somebody why there is nothing to sign in by here."""
    named = proxyuser.named(request, people.settings)
    if named is not None:
        return f"You are {named.name}, but have no role here: see console.header in the settings."
    if people.settings.open:
        return "The console is open on this machine only, and not through a proxy."
    return "Sign in where you came from: the proxy before the console did not say who you are."


async def _sign_in(request: Request) -> Response:
    """Begin a session for somebody whose password is right."""
    people: People = request.scope["people"]
    visitor = session.visitor_key(request, people.settings)
    if not (visitor and await was_sent_by(request, session.derived(visitor, "sign-in"))):
        return await _asked(request, "That form was old, or your browser keeps no cookies. Please try again.", 403)
    form = await request.form()
    name, password, then = (_field(form, key) for key in ("name", "password", "next"))
    address = proxyuser.address(request, people.settings)
    if wait := people.tries.wait(address, name):
        trouble = f"Too many wrong tries. Again in {max(1, round(wait / 60))} min."
        return await _asked(request, trouble, 429, name, then, int(wait) + 1)
    people.tries.wrong(address, name)
    users = await people.users()
    hashes = {known: user.password for known, user in users.items()}
    if not await people.at_passwords.take(lambda: is_right(hashes, name, password)):
        # Somebody may have typed the password where the name belongs: a stranger's name is written nowhere.
        await people.tell(request, name if name in users else "", "refused", "wrong name or password")
        return await _asked(request, _WRONG, 403, name, then)
    people.tries.right(address, name)
    return await _begun(request, name, "password", users[name].role, mark_of(users[name].password), then)


async def _begun(request: Request, name: str, how: str, role: Role, mark: str, then: str) -> Response:
    people: People = request.scope["people"]
    if before := session.session_key(request, people.settings):
        await people.sessions.end(digest_of(before))
    key = await people.sessions.begin(name, how, role.value, mark)
    await people.tell(request, name, "sign-in", how=how, role=role.value)
    response = RedirectResponse(_path(then) or _home(request), 303)
    session.give_session(response, key, people.settings)
    return response


async def _to_provider(request: Request) -> Response:
    people: People = request.scope["people"]
    visitor = session.visitor_key(request, people.settings) or session.new_key()
    then = _path(request.query_params.get("next", ""))
    try:
        way = await people.at_provider.take(lambda: people.provider.way(visitor, then))
    except GatewayError as error:
        return await _no_provider(request, error)
    response = RedirectResponse(way, 303)
    session.give_visitor(response, visitor, people.settings)
    return response


async def _from_provider(request: Request) -> Response:
    people: People = request.scope["people"]
    visitor = session.visitor_key(request, people.settings)
    try:
        query = dict(request.query_params)
        named, then = await people.at_provider.take(lambda: people.provider.who(visitor, query))
    except Refused as error:
        await people.tell(request, "", "refused", str(error))
        return await _asked(request, f"Not signed in: {error}.", 403)
    except GatewayError as error:
        return await _no_provider(request, error)
    oidc = people.settings.oidc
    if named.role is None or oidc is None:
        await people.tell(request, named.name, "refused", "no role")
        return await _asked(request, f"{named.name} has no role here: see console.oidc in the settings.", 403)
    mark = mark_of(oidc.issuer, oidc.client_id)
    return await _begun(request, named.name, "openid", named.role, mark, then)


async def _no_provider(request: Request, error: GatewayError) -> Response:
    log.trouble("OpenID provider", error)
    return await _asked(request, "The provider cannot be asked just now. The log says why.", 503)


async def _sign_out(request: Request) -> Response:
    people: People = request.scope["people"]
    if key := session.session_key(request, people.settings):
        await people.sessions.end(digest_of(key))
        await people.tell(request, person(request).name, "sign-out")
    response = RedirectResponse(f"{request.scope.get('root_path', '')}/sign-in", 303)
    session.take_all(response, people.settings)
    return response


def _home(request: Request) -> str:
    return f"{request.scope.get('root_path', '')}/"


def _field(form: FormData, name: str) -> str:
    found = form.get(name)
    return found if isinstance(found, str) else ""


def _path(text: str) -> str:
    """Return a path of ours, "" for what may lead elsewhere, as `//host` does."""
    inside = text.startswith("/") and not text.startswith(("//", "/\\"))
    safe = inside and len(text) <= _LONGEST_PATH and text.isprintable() and "\\" not in text
    return quote(text, safe="/?&=%:+,;@~!$'()*") if safe else ""
