"""The bar over every page: the areas with what waits there, and where else to look."""

from dataclasses import dataclass
from typing import Any

from gateway.simulator.areas import Area
from gateway.simulator.desk import Desk
from gateway.simulator.pages.listing import Where


@dataclass(frozen=True, slots=True)
class Tab:
    """A link of the bar; `count` is how many wait there, None where that says nothing."""

    label: str
    address: str
    current: bool
    count: int | None = None


def bar(desk: Desk, *, where: Where | None = None, path: str = "") -> dict[str, Any]:
    """What `page.html` needs; `where` is what the list shows, `path` the page that is shown instead of it."""
    areas = [_area(desk, area, where) for area in desk.areas]
    closed = Tab("closed", f"/{Where(closed=True).suffix}", current=where is not None and where.closed)
    others = [Tab(name, f"/{name}", current=path == f"/{name}") for name in ("calls", "faults")]
    return {
        "tabs": [*areas, closed, *others],
        "query": where.query if where else "",
        "bases": sorted({f"{desk.origin}/s/{area.workspace}/capi/json/" for area in desk.areas}),
    }


def label(desk: Desk, area: Area) -> str:
    """What an area is called where there may be others."""
    return area.path if len({one.workspace for one in desk.areas}) > 1 else area.name


def _area(desk: Desk, area: Area, where: Where | None) -> Tab:
    waiting = len(desk.errands(area.path, state="open"))
    current = where is not None and where.area == area.path
    return Tab(label(desk, area), f"/{Where(area=area.path).suffix}", current, waiting)
