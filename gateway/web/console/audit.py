"""The audit: who did what, when and why; one act with the jobs that it moved, and taking it back."""

from functools import partial

from sqlalchemy import Connection
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gateway.config.console import Role
from gateway.spool import acts, audit, query
from gateway.web.console import form, frame, mails
from gateway.web.console.desk import Desk
from gateway.web.console.frame import Page
from gateway.web.console.guard import guarded

_MOST = 100
_SHOWN = 50


def routes(desk: Desk) -> list[Route]:
    """Return the list and the page of an act."""

    async def listed(request: Request) -> Response:
        return await frame.shown(request, desk, lambda _viewer: _list(desk, request))

    async def one(request: Request) -> Response:
        return await frame.shown(request, desk, lambda _viewer: _one(desk, request.path_params["number"]))

    return [
        Route("/acts", guarded(Role.ACT, listed), methods=["GET"]),
        Route("/acts/{number:int}", guarded(Role.ACT, one), methods=["GET"]),
    ]


def _list(desk: Desk, request: Request) -> Page:
    below = form.number(request.query_params.get("below", ""))
    found = desk.spool.read(partial(audit.page, below=below, most=_MOST))
    return Page("audit.html", {"rows": found.rows, "next": found.below, "below": below}, "Acts")


def _one(desk: Desk, number: int) -> Page:
    def look(connection: Connection) -> Page:
        row = audit.one(connection, number)
        if row is None:
            return frame.missing(f"There is no act {number}: it may have been forgotten.")
        ids = acts.jobs_of(connection, number, _SHOWN)
        jobs = [mails.as_row(one) for one in query.listed(connection, ids)]
        return Page("act.html", {"act": row, "rows": jobs, "undoable": acts.undoable(connection, number)}, "Acts")

    return desk.spool.read(look)
