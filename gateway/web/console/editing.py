"""Editing a parked or held mail: the fields of its document as they would be posted, and posting them changed."""

import json
from collections.abc import Mapping
from functools import partial
from typing import Any

from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gateway.config.console import Role
from gateway.errors import Permanent
from gateway.flow.edit import FIELDS
from gateway.spool.acts import Act, possible
from gateway.web.console import acting, form, mail
from gateway.web.console.desk import Desk
from gateway.web.console.frame import Page, Viewer
from gateway.web.console.guard import guarded

_LONGEST = 300_000
_NAMES = {"html": "html_body"}
LABELS = {"from": "From (address)", "name": "From (name)", "subject": "Subject", "body": "Text", "html": "HTML"}


def routes(desk: Desk) -> list[Route]:
    """Return the addresses by which a mail is edited; what it says can be read there."""

    async def look(request: Request) -> Response:
        name = request.path_params["name"]
        return await form.shown(request, desk, lambda _viewer: page(desk, name))

    async def post(request: Request) -> Response:
        return await form.done(request, desk, partial(_post, desk, request.path_params["name"]))

    return [
        Route("/mail/{name}/edit", guarded(Role.ACT, look, bodies=True), methods=["GET"]),
        Route("/mail/{name}/edit", guarded(Role.ACT, post, bodies=True), methods=["POST"]),
    ]


def page(desk: Desk, name: str) -> Page:
    """Return the form with the fields as they would be posted now."""
    found = _found(desk, name)
    values = _values(desk, found)
    shown = [(field, LABELS[field], values[field]) for field in FIELDS if field in values]
    return Page("edit.html", {"mail": found.row, "job": _job(found), "shown": shown, "error": ""}, "Parked")


def _post(desk: Desk, name: str, viewer: Viewer, given: FormData) -> str | Page:
    """Post what is another field now; what is as it was is left to what reading and rules make of it."""
    found = _found(desk, name)
    values = _values(desk, found)
    sent = {field: form.text(given, f"field-{field}", _LONGEST, lines=True) for field in values}
    changed = {field: value for field, value in sent.items() if value != form.plain(values[field])}
    job = _job(found)
    error = _refusal(desk, viewer, job, changed, form.text(given, "reason"))
    if not error:
        return f"/mail/{found.name}"
    shown = [(field, LABELS[field], sent[field]) for field in FIELDS if field in values]
    return Page("edit.html", {"mail": found.row, "job": job, "shown": shown, "error": error}, "Parked", 409)


def _refusal(desk: Desk, viewer: Viewer, job: Mapping[str, Any], changed: Mapping[str, str], reason: str) -> str:
    """Post a mail so; return why that cannot be, "" where it can."""
    if not changed:
        return "nothing is changed; to post it as it is, retry it"
    try:
        acting.carried_out(desk, [str(job["id"])], changed, viewer, reason)
    except Permanent as refused:
        return str(refused)
    return ""


def _found(desk: Desk, name: str) -> mail.Found:
    found = mail.find(desk, name)
    if found is None or found.is_answer:
        raise Permanent("there is no such mail")
    return found


def _job(found: mail.Found) -> Mapping[str, Any]:
    for row in found.trace["jobs"]:
        if row["kind"] == "errand" and Act.EDIT in possible(row["state"]):
            return dict(row)
    raise Permanent("only a mail that is parked or held can be edited")


def _values(desk: Desk, found: mail.Found) -> dict[str, str]:
    """Return the fields as they would be posted; long ones cannot be edited here and are left out."""
    _job(found)
    seen = desk.reader.seen(found.name, desk.plan().settings, mail.asked_of(desk, found))
    try:
        message = json.loads(seen.document)["data"]["attributes"]["msg"]
    except (ValueError, KeyError, TypeError):
        message = {"subject": found.row.get("subject", ""), "from": found.row.get("from_address", ""), "name": ""}
    values = {field: message.get(_NAMES.get(field, field)) for field in FIELDS}
    edited = _job(found)["detail"].get("edited", {})
    return {field: text for field, text in (values | edited).items() if isinstance(text, str) and len(text) < _LONGEST}
