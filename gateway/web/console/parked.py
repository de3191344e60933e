"""Parked: a workbench of what waits for a person, by reason, each with what to do."""

import re

from markupsafe import Markup, escape
from sqlalchemy import Connection
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gateway.config.console import Role
from gateway.errors import GatewayError, Reason
from gateway.flow.advice import Advice, advice
from gateway.model import JobState
from gateway.spool import parked, query
from gateway.spool.acts import Act
from gateway.web.console import acting, form, frame, mails
from gateway.web.console.desk import Desk
from gateway.web.console.frame import Page, Viewer
from gateway.web.console.guard import guarded

_CODE = re.compile(r"`([^`]+)`")


def routes(desk: Desk) -> list[Route]:
    """Return the workbench, a page for each reason, and what the documentation says of all."""

    async def workbench(request: Request) -> Response:
        return await frame.shown(request, desk, lambda _viewer: _workbench(desk))

    async def group(request: Request) -> Response:
        return await frame.shown(request, desk, lambda viewer: _group(desk, viewer, request))

    async def reasons(request: Request) -> Response:
        return await frame.shown(request, desk, lambda _viewer: _reasons())

    return [
        Route("/parked", guarded(Role.LOOK, workbench), methods=["GET"]),
        Route("/parked/{reason}", guarded(Role.LOOK, group), methods=["GET"]),
        Route("/reasons", guarded(Role.LOOK, reasons), methods=["GET"]),
    ]


def _workbench(desk: Desk) -> Page:
    groups = desk.spool.read(parked.groups)
    shown = [(one, _told(one.reason), one.state is JobState.PARKED) for one in groups]
    return Page("parked.html", {"groups": shown}, "Parked")


def _group(desk: Desk, viewer: Viewer, request: Request) -> Page:
    try:
        reason = acting.reason_of(request.path_params["reason"])
    except GatewayError as error:
        return frame.missing(str(error))
    below = form.number(request.query_params.get("below", ""))

    def look(connection: Connection) -> tuple[list[int], list[dict[str, object]], int]:
        ids = parked.waiting(connection, reason, below, mails.MOST_ROWS + 1)
        count = sum(one.count for one in parked.groups(connection) if one.reason is reason)
        return ids, query.listed(connection, ids[: mails.MOST_ROWS]), count

    ids, rows, count = desk.spool.read(look)
    held = reason in parked.HOLDS.values()
    words = (Act.RELEASE, Act.DISCARD) if held else (Act.RETRY, Act.HOLD, Act.DISCARD)
    values = {
        "reason": reason.value,
        "advice": _told(reason),
        "count": count,
        "rows": [mails.as_row(row) for row in rows],
        "acts": [(act.value, acting.LABELS[act]) for act in words],
        "next": ids[mails.MOST_ROWS - 1] if len(ids) > mails.MOST_ROWS else None,
        "below": below,
        "may": viewer.person.may(Role.ACT),
    }
    return Page("parked-group.html", values, "Parked")


def _reasons() -> Page:
    return Page("reasons.html", {"reasons": [(reason.value, _told(reason)) for reason in advice()]}, "Parked")


def _told(reason: Reason) -> dict[str, object]:
    """Return what to do for a reason, as HTML."""
    one: Advice = advice()[reason]
    return {"title": one.title, "happened": _html(one.happened), "steps": [_html(step) for step in one.steps]}


def _html(text: str) -> Markup:
    return Markup(_CODE.sub(r"<code>\1</code>", str(escape(text))))  # noqa: S704 - escaped just now
