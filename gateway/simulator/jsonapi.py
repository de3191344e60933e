"""What the simulator says over HTTP: JSON:API documents and errors (contract, Transport), and plain JSON."""

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from itertools import islice
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import Response

from gateway.simulator.shape import Check, Flaw

MEDIA_TYPE = "application/vnd.api+json"
MOST_ERRORS = 100
MOST_RECEIVED = 256_000_000
STATUSES = frozenset(HTTPStatus)


class Refusal(Exception):
    """An answer other than success; `response` is what the client gets."""

    def __init__(self, response: Response) -> None:
        super().__init__(response.status_code)
        self.response = response


def document(status: int, value: Any) -> Response:
    """A JSON:API document as it goes out."""
    return Response(orjson.dumps(value), status, media_type=MEDIA_TYPE)


def plain(value: Any, status: int = 200) -> Response:
    """Plain JSON: what the simulator says about itself."""
    return Response(orjson.dumps(value), status, media_type="application/json")


def error(status: int, detail: str, headers: Mapping[str, str] | None = None) -> Response:
    """A JSON:API document with one error."""
    response = document(status, {"errors": [_error(status, detail)]})
    response.headers.update(headers or {})
    return response


def flawed(flaws: Sequence[Flaw], section: str) -> Response:
    """An error for each flaw: `source.pointer` leads to the member, `detail` names the section that says so.

    A member that is missing is pointed at by where it should be. The status is the one that all flaws share, or 422.
    """
    statuses = {flaw.status for flaw in flaws}
    status = statuses.pop() if len(statuses) == 1 else 422
    errors = [
        _error(flaw.status, f"{_member(flaw)} {flaw.said} ({section}{_row(flaw)})")
        | {"source": {"pointer": flaw.pointer}}
        for flaw in flaws
    ]
    return document(status, {"errors": errors})


def read(
    body: bytes | bytearray, check: Check, section: str, *, unreadable: int = 400, ignore_unknown: bool = False
) -> Any:
    """The value in a body, when it is JSON and of the shape that is asked for; Refusal otherwise."""
    try:
        value = orjson.loads(body)
    except orjson.JSONDecodeError as wrong:
        raise Refusal(error(unreadable, f"The body is not JSON: {wrong}")) from wrong
    found = (flaw for flaw in check(value) if not (flaw.unknown and ignore_unknown))
    if flaws := list(islice(found, MOST_ERRORS)):
        raise Refusal(flawed(flaws, section))
    return value


async def received(request: Request, check: Check, section: str) -> Any:
    """What somebody asks of the simulator itself, when it is of this shape; Refusal otherwise, or of too much of it."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MOST_RECEIVED:
            raise Refusal(error(413, f"At most {MOST_RECEIVED} bytes are taken."))
    return read(body, check, section, unreadable=422)


def _error(status: int, detail: str) -> dict[str, Any]:
    title = HTTPStatus(status).phrase if status in STATUSES else "Error"
    return {"status": str(status), "title": title, "detail": detail}


def _row(flaw: Flaw) -> str:
    """The row of the section's table that speaks of the member: ", msg.attachments"."""
    names = [str(step) for step in flaw.path[2:4]] if flaw.path[:2] == ("data", "attributes") else []
    return f", {'.'.join(names)}" if names else ""


def _member(flaw: Flaw) -> str:
    steps = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in flaw.path)
    return steps.removeprefix(".").removeprefix("data.attributes.") or "the document"
