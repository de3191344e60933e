"""One mail or answer: its steps, the whole road of its errand, what it says, its parts, and what would become of it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from gateway import operate
from gateway.errors import GatewayError
from gateway.spool import query
from gateway.status import steps
from gateway.status.steps import Way
from gateway.web.console import acting, content, frame, mails
from gateway.web.console.desk import Desk
from gateway.web.console.frame import Endpoint, Page, Viewer
from gateway.web.console.sight import Asked, File, Seen

LARGE = 2_000_000
"""Bytes of a mail from which on it is read only when somebody asks for that."""

_HIDDEN = "What it says is kept from your role (console.hide_bodies)."
_NOBODY = "Nothing is known of that: it may have been forgotten, as gateway.retention and gateway.history say."


@dataclass(frozen=True, slots=True)
class Found:
    """What a name means: its trace, and those of all that belongs to the same errands, it among them."""

    name: str
    trace: Mapping[str, Any]
    joined: Sequence[Mapping[str, Any]]

    @property
    def row(self) -> Mapping[str, Any]:
        """The mail's or callback's own row."""
        row: Mapping[str, Any] = self.trace.get("mail") or self.trace["callback"]
        return row

    @property
    def is_answer(self) -> bool:
        """Whether it is an answer."""
        return "callback" in self.trace


def endpoint(desk: Desk) -> Endpoint:
    """Return the handler of `/mail/NAME`: an id of ours, a job's number, a Message-ID, or `#` and an errand's."""

    async def one(request: Request) -> Response:
        return await frame.shown(request, desk, lambda viewer: page(desk, viewer, request))

    return one


def html(desk: Desk) -> Endpoint:
    """Return the handler of a mail's HTML, for a frame in which nothing runs and that asks nobody for anything."""
    return _content(desk, lambda found, request: content.page(_file(desk, found, html=True), request))


def file(desk: Desk) -> Endpoint:
    """Return the handler of a file of a mail."""
    return _content(
        desk, lambda found, request: content.download(_file(desk, found, place=request.path_params["place"]))
    )


def raw(desk: Desk) -> Endpoint:
    """Return the handler of the bytes of a mail, or the document of an answer, as they came."""

    def download(found: Found, _request: Request) -> Response:
        return content.raw(found.name, operate.raw(desk.spool, found.name), answer=found.is_answer)

    return _content(desk, download)


def _content(desk: Desk, answer: Callable[[Found, Request], Response]) -> Endpoint:
    """Answer with what a mail says; the guard lets in whoever may see that."""

    async def answered(request: Request) -> Response:
        def look() -> Response | None:
            found = find(desk, request.path_params["name"])
            return answer(found, request) if found is not None else None

        try:
            response = await desk.look(look)
        except GatewayError as error:
            sentence = str(error)
            return await frame.shown(request, desk, lambda _viewer: frame.missing(sentence))
        return response or await frame.shown(request, desk, lambda _viewer: frame.missing(_NOBODY))

    return answered


def find(desk: Desk, name: str) -> Found | None:
    """Return what a name means; None where nothing is known of it."""
    subjects = desk.spool.read(partial(query.subjects, name=name))
    joined = operate.traces(desk.spool, name)
    for trace in joined:
        if (trace.get("mail") or trace["callback"])["id"] == (subjects or [""])[0]:
            return Found(subjects[0], trace, joined)
    return None


def page(desk: Desk, viewer: Viewer, request: Request) -> Page:
    """Return the page, with the list that it was chosen from beside it."""
    found = find(desk, request.path_params["name"])
    if found is None:
        return frame.missing(_NOBODY)
    ways = steps.ways(found.joined)
    way = next(one for one in ways if one.id == found.name)
    wanted = found.row.get("size", 0) <= LARGE or "read" in request.query_params
    hidden = not viewer.person.bodies
    seen, trouble = _seen(desk, found) if wanted and not hidden else (None, _HIDDEN if hidden else "")
    values = {
        "mail": found.row,
        "answer": found.is_answer,
        "way": way,
        "road": [_stop(one, trace, found.name) for one, trace in zip(ways, found.joined, strict=True)],
        "took": [f"+{one.at - way.steps[0].at:.3f} s" for one in way.steps],
        "errand": _errand(found),
        "seen": seen,
        "trouble": trouble,
        "unread": not wanted and not hidden,
        "remote": "remote" in request.query_params,
        "signs": mails.LEVELS,
        "suffix": f"?{request.url.query}" if request.url.query else "",
        "acting": acting.offered(desk, viewer, found.trace),
    }
    listed = mails.listed(desk, viewer, request, found.name)
    return Page("mail.html", listed | values, mails.tab_of(listed["query"]))


def _seen(desk: Desk, found: Found) -> tuple[Seen | None, str]:
    """Return what a mail says, or why that cannot be told."""
    try:
        return desk.reader.seen(found.name, desk.plan().settings, asked_of(desk, found)), ""
    except GatewayError as error:
        return None, str(error)


def _file(desk: Desk, found: Found, place: int | None = None, *, html: bool = False) -> File:
    asked = asked_of(desk, found, place, html=html)
    return desk.reader.file(found.name, desk.plan().settings, asked)


def asked_of(desk: Desk, found: Found, place: int | None = None, *, html: bool = False) -> Asked:
    """Say how it came, for what would become of it: an answer goes by the route of the mail that it answers."""
    mine = found.trace if not found.is_answer else next((one for one in found.joined if "mail" in one), found.trace)
    route = next((row["route"] for row in mine["jobs"] if row["route"]), "")
    if found.is_answer:
        return Asked(document=True, route=route, place=place, html=html)
    match = desk.plan().recipients.match
    recipients = tuple(one for one in found.row["recipients"] if match(one) == route)
    return Asked(route=route, recipients=recipients, reverse_path=found.row["sender"], place=place, html=html)


def _errand(found: Found) -> str:
    """Return the number of the errand that it made, or that it answers."""
    if found.is_answer:
        return str(found.row["errand"])
    made = (row["result"] for row in found.trace["jobs"] if row["kind"] == "errand" and row.get("result"))
    return next(made, "")


def _stop(way: Way, trace: Mapping[str, Any], chosen: str) -> dict[str, Any]:
    """Return a mail or answer as a stop on the road of its errand."""
    row = trace.get("mail") or trace["callback"]
    states = [one.state for one in way.recipients] or [one.state for one in way.jobs]
    return {
        "name": way.id,
        "title": way.title,
        "people": way.people,
        "kind": "answer" if way.kind == "answer" else row.get("kind") or "mail",
        "at": row["received_at"],
        "state": ", ".join(dict.fromkeys(states)) or "kept",
        "sign": mails.LEVELS[way.level],
        "chosen": way.id == chosen,
        "recipients": way.recipients,
    }
