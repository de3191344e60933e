"""What the API was sent, and what is to go wrong with it."""

import re
import time
from dataclasses import dataclass
from http import HTTPStatus
from itertools import islice
from typing import Any, get_args

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from gateway.simulator.calls import Call, Calls
from gateway.simulator.desk import Desk
from gateway.simulator.faults import Fault, Faults, Target, faults_shape
from gateway.simulator.pages import jsonview, paint
from gateway.simulator.pages.bar import bar
from gateway.simulator.pages.view import Chip
from gateway.simulator.pages.words import When, size, when

MOST_SHOWN = 200
LONGEST_PATH = 300
WHATS: dict[str, tuple[str, dict[str, Any]]] = {
    "503": ("503, try again later", {"status": 503}),
    "500": ("500, something is broken", {"status": 500}),
    "422": ("422, refused", {"status": 422}),
    "413": ("413, too large", {"status": 413}),
    "401": ("401, token refused", {"status": 401}),
    "cut": ("the connection is cut", {"cut": True}),
    "middle": ("cut in the middle", {"cut": "middle"}),
    "late": ("only late", {}),
}


@dataclass(frozen=True, slots=True)
class Shown:
    """A call as a row."""

    when: When
    method: str
    path: str
    answered: Chip
    size: str
    errand: str


class Traffic:
    """The handlers of calls and faults."""

    def __init__(self, desk: Desk, faults: Faults, calls: Calls) -> None:
        self._desk = desk
        self._faults = faults
        self._calls = calls

    async def calls(self, _request: Request) -> Response:
        """The last calls, newest first."""
        now = time.time()
        shown = [_shown(call, now) for call in islice(reversed(self._calls), MOST_SHOWN)]
        return paint.page("calls.html", calls=shown, count=len(self._calls), **bar(self._desk, path="/calls"))

    async def faults(self, _request: Request) -> Response:
        """The faults in force, and a form to order one."""
        return self._page()

    async def order(self, request: Request) -> Response:
        """Put the fault of the form in force, before the others."""
        async with request.form() as form:
            given = {name: str(form.get(name, "")) for name in ("target", "what", "calls", "delay")}
        asked = _asked(given)
        if flaws := tuple(faults_shape(asked)):
            said = "; ".join(f"{flaw.pointer.removeprefix('/') or 'this'} {flaw.said}" for flaw in flaws)
            return self._page(422, wrong=f"Not ordered: {said}.")
        self._faults.put_first(Fault(**asked))
        return RedirectResponse("/faults", 303)

    async def clear(self, _request: Request) -> Response:
        """Put no fault in force."""
        self._faults.replace([])
        return RedirectResponse("/faults", 303)

    def _page(self, status: int = 200, wrong: str = "") -> Response:
        said = {
            "faults": [jsonview.line(fault) for fault in self._faults.shown()],
            "targets": get_args(Target),
            "whats": [(value, label) for value, (label, _) in WHATS.items()],
            "wrong": wrong,
        }
        return paint.page("faults.html", status, **said, **bar(self._desk, path="/faults"))


def _asked(given: dict[str, str]) -> dict[str, Any]:
    """The form as a fault; what is no number stays a text, for the check to name."""
    _, does = WHATS.get(given["what"], ("", {"status": given["what"]}))
    asked: dict[str, Any] = {"target": given["target"], **does}
    calls, delay = given["calls"].strip(), given["delay"].strip()
    if calls:
        asked["calls"] = int(calls) if re.fullmatch("[0-9]{1,9}", calls) else calls
    if delay:
        asked["delay"] = float(delay) if re.fullmatch(r"[0-9]{0,4}\.?[0-9]{0,3}", delay) and delay != "." else delay
    return asked


def _shown(call: Call, now: float) -> Shown:
    failed = call.status is not None and call.status >= HTTPStatus.BAD_REQUEST
    answered = (
        Chip("not answered", "wait") if call.status is None else Chip(str(call.status), "bad" if failed else "good")
    )
    path = call.path[:LONGEST_PATH]
    return Shown(when(call.at, now), call.method, path, answered, size(call.size), call.errand_id or "")
