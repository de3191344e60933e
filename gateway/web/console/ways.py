"""Routes, workspaces, smarthosts and sources: what is paused by whom and why; pausing, resuming, and trying them."""

from functools import partial

from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gateway import operate
from gateway.config.console import Role
from gateway.errors import GatewayError, Permanent
from gateway.spool.audit import Who
from gateway.web.console import form, frame
from gateway.web.console.desk import Desk
from gateway.web.console.frame import Page, Viewer
from gateway.web.console.guard import guarded


def routes(desk: Desk) -> list[Route]:
    """Return the page, and the addresses of its forms."""

    async def look(request: Request) -> Response:
        return await frame.shown(request, desk, lambda viewer: _page(desk, viewer))

    async def pause(request: Request) -> Response:
        return await form.done(request, desk, partial(_pause, desk))

    async def resume(request: Request) -> Response:
        return await form.done(request, desk, partial(_resume, desk))

    async def test(request: Request) -> Response:
        given, who = await request.form(max_fields=form.MOST_FIELDS), frame.viewer_of(request).person.who
        route = form.text(given, "route")
        if not route:
            return await form.done(request, desk, partial(_try_smarthost, desk))
        try:
            name = await operate.try_route(desk.spool, desk.plan(), route, who)
        except GatewayError as error:
            return await form.refused(request, desk, error)
        return await form.done(request, desk, lambda _viewer, _given: _tried(desk, route, name, who))

    return [
        Route("/ways", guarded(Role.LOOK, look), methods=["GET"]),
        Route("/pause", guarded(Role.ACT, pause), methods=["POST"]),
        Route("/resume", guarded(Role.ACT, resume), methods=["POST"]),
        Route("/test", guarded(Role.ACT, test), methods=["POST"]),
    ]


def _page(desk: Desk, viewer: Viewer) -> Page:
    """Return all that can be paused, and what is though it is in the settings no more."""
    paused = operate.paused(desk.spool)
    names = operate.pausable(desk.plan())
    names += [name for name in paused if name not in names]
    kinds: dict[str, list[tuple[str, str, object]]] = {}
    for name in names:
        kind, _, own = name.partition(":")
        kinds.setdefault(kind, []).append((name, own, paused.get(name)))
    return Page("ways.html", {"kinds": kinds, "may": viewer.person.may(Role.ACT)}, "Ways")


def _pause(desk: Desk, viewer: Viewer, given: FormData) -> str:
    name = operate.meant(operate.pausable(desk.plan()), form.text(given, "name"))
    if not operate.pause(desk.spool, name, form.text(given, "reason"), viewer.person.who):
        raise Permanent(f"{name} was paused already")
    return form.after(given, "/ways")


def _resume(desk: Desk, viewer: Viewer, given: FormData) -> str:
    name = form.text(given, "name")
    if not operate.resume(desk.spool, name, viewer.person.who):
        raise Permanent(f"{name} is not paused")
    return form.after(given, "/ways")


def _tried(desk: Desk, route: str, mail: str, who: Who) -> str:
    operate.write_down(desk.spool, route, mail, who)
    return f"/mail/{mail}"


def _try_smarthost(desk: Desk, viewer: Viewer, given: FormData) -> str:
    name, to, who = form.text(given, "smarthost"), form.text(given, "to"), viewer.person.who
    if "@" not in to:
        raise Permanent("to: expected the address that the test mail goes to")
    return f"/acts/{operate.try_smarthost(desk.spool, desk.plan(), name, to, form.text(given, 'from'), who)}"
