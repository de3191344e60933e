"""Lists of mails and answers: a search that explains and completes itself, newest first, page by page."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from gateway.config.settings import Settings
from gateway.spool import delivery, search
from gateway.spool.delivery import Fate
from gateway.spool.wanted import KEYS, Around, complete, parse
from gateway.status.standing import Level
from gateway.web.console import frame
from gateway.web.console.desk import Desk
from gateway.web.console.frame import Endpoint, Page, Viewer
from gateway.web.console.words import Clock

MOST_ROWS = 50
_LONGEST = 500
_COMPLETIONS = 12
_NUMBER_DIGITS = 18
_NONE: Mapping[str, Sequence[Mapping[str, Any]]] = {}
SIGNS: Mapping[str, str] = {"done": "good", "parked": "bad", "discarded": ""}
LEVELS: Mapping[Level, str] = {Level.OK: "good", Level.WARNING: "wait", Level.WRONG: "bad"}


def endpoint(desk: Desk) -> Endpoint:
    """Return the handler of `/mail`: what a search (`q`) finds below a job (`below`)."""

    async def mails(request: Request) -> Response:
        return await frame.shown(request, desk, lambda viewer: page(desk, viewer, request))

    return mails


def completion(desk: Desk) -> Endpoint:
    """Return the handler of `/complete`: how a search that is being typed may go on, as a JSON list."""

    async def completed(request: Request) -> Response:
        text = query_of(request)
        return JSONResponse(complete(text, around(desk.plan().settings, frame.viewer_of(request).clock))[:_COMPLETIONS])

    return completed


def query_of(request: Request) -> str:
    """Return the search that an address has, bounded."""
    return request.query_params.get("q", "").replace("\0", "")[:_LONGEST].strip()


def around(settings: Settings, clock: Clock) -> Around:
    """Return what a search is read with: dates in the viewer's zone, names of routes and ways in."""
    sources = ["smtp", "lmtp", "pipe", *settings.fetched()]
    return Around(clock.now, clock.zone, {"route": [route.name for route in settings.route], "source": sources})


def listed(desk: Desk, viewer: Viewer, request: Request, chosen: str = "") -> dict[str, Any]:
    """Return what `rows.html` shows: the rows of the address's search, what it means, and where its next page is."""
    query, below = query_of(request), _below(request)
    wanted = parse(query, around(desk.plan().settings, viewer.clock))
    found = desk.spool.read(lambda connection: search.page(connection, wanted, below, MOST_ROWS))
    answers = [row["callback_id"] for row in found.rows if "callback_id" in row]
    fates = desk.spool.read(lambda connection: _fates(connection, answers))
    return {
        "query": query,
        "explained": str(wanted),
        "troubles": wanted.troubles,
        "rows": [as_row(row, fates, chosen) for row in found.rows],
        "below": below,
        "next": found.below,
        "keys": KEYS,
    }


def page(desk: Desk, viewer: Viewer, request: Request) -> Page:
    """Return the list alone."""
    values = listed(desk, viewer, request)
    return Page("mails.html", values, tab_of(values["query"]))


def tab_of(query: str) -> str:
    """Return the tab that a search belongs to."""
    return {"kind:answer": "Answers", "state:parked": "Parked"}.get(query, "Mail")


def _below(request: Request) -> int | None:
    text = request.query_params.get("below", "")
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= _NUMBER_DIGITS else None


def _fates(connection: Connection, answers: Sequence[str]) -> dict[str, list[dict[str, Any]]]:
    return delivery.of_answers(connection, answers) if answers else {}


def as_row(
    row: Mapping[str, Any], fates: Mapping[str, Sequence[Mapping[str, Any]]] = _NONE, chosen: str = ""
) -> dict[str, Any]:
    """Return a job as a row of the list: what it is about, who wrote to whom, and how it stands."""
    name = row.get("mail_id") or row.get("callback_id", "")
    answered = fates.get(name, ())
    state, sign = _state(row, answered)
    errand = row.get("errand") or (row.get("result") if row["kind"] == "errand" else "")
    if "callback_id" in row:
        people = ", ".join(one["recipient"] for one in answered if "recipient" in one) or row["workspace"]
        subject = f"{'Copy of the answer' if row['kind'] == 'copy' else 'Answer'} to #{errand}"
    else:
        people, subject = row.get("from_address") or row.get("sender") or "<>", row.get("subject") or ""
    return {
        "id": row["id"],
        "name": name,
        "subject": subject,
        "people": people,
        "route": row["route"],
        "errand": errand or "",
        "state": state,
        "sign": sign,
        "why": row.get("error", "") if row["state"] != "done" else "",
        "at": row["created_at"],
        "answer": row["kind"] != "errand",
        "chosen": name == chosen,
    }


def _state(row: Mapping[str, Any], fates: Sequence[Mapping[str, Any]]) -> tuple[str, str]:
    """Say how a job stands; what came back of an answer after it had left goes before "done"."""
    states = {one["state"] for one in fates}
    for fate in (Fate.COMPLAINED, Fate.BOUNCED, Fate.FAILED):
        if fate in states and row["state"] != "parked":
            return fate.value, "bad"
    if Fate.DELAYED in states and row["state"] == "done":
        return "delayed", "wait"
    return row["state"], SIGNS.get(row["state"], "wait")
