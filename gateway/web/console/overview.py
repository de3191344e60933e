"""The first page: whether all is right, what waits and since when, how each part stands, the last day and month."""

import time
from collections.abc import Mapping

from starlette.requests import Request
from starlette.responses import Response

from gateway.spool import nodes, pulse
from gateway.spool.pulse import HOUR, MINUTE
from gateway.web.console import frame
from gateway.web.console.desk import Desk
from gateway.web.console.frame import Endpoint, Page, Viewer
from gateway.web.console.pictures import Line, Picture, picture, spread

_DAY_MINUTES, _MONTH_HOURS = 24 * 60, 30 * 24
_LINES = (
    ("accepted", "mails accepted", "came"),
    ("errand", "errands created", "done"),
    ("sent", "answers sent", "left"),
)
_ALSO = ("later", "parked")


def endpoint(desk: Desk) -> Endpoint:
    """Return the handler of `/`."""

    async def overview(request: Request) -> Response:
        return await frame.shown(request, desk, lambda viewer: _page(desk, viewer))

    return overview


def _page(desk: Desk, viewer: Viewer) -> Page:
    now = int(viewer.clock.now)
    begin = now - now % MINUTE - (_DAY_MINUTES - 1) * MINUTE
    month = now - now % HOUR - (_MONTH_HOURS - 1) * HOUR
    minutes = desk.spool.read(lambda connection: pulse.series(connection, MINUTE, begin))
    hours = desk.spool.read(lambda connection: pulse.series(connection, HOUR, month))
    found = desk.overview()
    values = {
        "stand": found,
        "nodes": desk.spool.read(nodes.listed),
        "silent": time.time() - nodes.SILENT,
        "today": {fact: sum(minutes.get(fact, {}).values()) for fact in (*(fact for fact, *_ in _LINES), *_ALSO)},
        "day": _drawn("Last 24 hours by the minute", minutes, begin, MINUTE, _DAY_MINUTES),
        "month": _drawn("Last 30 days by the hour", hours, month, HOUR, _MONTH_HOURS),
        "day_marks": [viewer.clock.when(begin + hour * HOUR) for hour in (0, 6, 12, 18, 24)],
        "month_marks": [viewer.clock.when(month + day * 24 * HOUR) for day in (0, 10, 20, 29)],
    }
    return Page("overview.html", values, "Overview")


def _drawn(title: str, counts: Mapping[str, Mapping[int, int]], begin: int, seconds: int, spans: int) -> Picture:
    lines = [Line(name, sign, spread(counts.get(fact, {}), begin, seconds, spans)) for fact, name, sign in _LINES]
    return picture(title, lines)
