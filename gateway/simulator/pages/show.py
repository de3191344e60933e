"""What an agent looks at: the list with an errand beside it, and the errand's documents."""

import time
from collections.abc import Sequence
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from gateway.simulator import jsonapi
from gateway.simulator.desk import Desk
from gateway.simulator.errand import Errand
from gateway.simulator.faults import Faults
from gateway.simulator.pages import archive, listing, paint, view
from gateway.simulator.pages.bar import bar, label
from gateway.simulator.pages.composed import Written
from gateway.simulator.pages.documents import Document, documents
from gateway.simulator.pages.listing import Where

LONGEST_QUERY = 200


class Show:
    """The handlers of what is read; `desk_page` draws the page for those that write as well."""

    def __init__(self, desk: Desk, faults: Faults) -> None:
        self._desk = desk
        self._faults = faults

    async def front(self, request: Request) -> Response:
        """The list alone."""
        return self.desk_page(self.where(request, None), None)

    async def errand(self, request: Request) -> Response:
        """An errand, with the list beside it."""
        errand = self._desk.errand(request.path_params["id"])
        return self.desk_page(self.where(request, errand), errand) if errand else self.missing()

    async def json(self, request: Request) -> Response:
        """An errand's documents both ways, laid out to be read."""
        errand = self._desk.errand(request.path_params["id"])
        if errand is None:
            return self.missing()
        where, now = self.where(request, errand), time.time()
        said: dict[str, Any] = {
            "chosen": view.chosen(errand, now),
            "suffix": where.suffix,
            "documents": documents(errand, now),
        }
        return paint.page("json.html", **bar(self._desk, where=where), **said)

    async def document(self, request: Request) -> Response:
        """One of these documents, whole."""
        errand = self._desk.errand(request.path_params["id"])
        found = self._document(errand, request.path_params["key"]) if errand else None
        return jsonapi.plain(found.value) if found else self.missing()

    async def archive(self, request: Request) -> Response:
        """An archive image."""
        name = request.path_params["name"]
        if name not in archive.NAMES:
            return self.missing()
        return Response(archive.content(name), media_type="image/png")

    def missing(self) -> Response:
        """404, as a page."""
        return paint.page("wrong.html", 404, sentence="There is no such errand here.", **bar(self._desk))

    def where(self, request: Request, errand: Errand | None) -> Where:
        """What the list shows: what the address asks for, or else where the errand is, or the first area."""
        asked = request.query_params
        query = asked.get("q", "").replace("\0", "")[:LONGEST_QUERY].strip()
        areas = [area.path for area in self._desk.areas]
        if query:
            return Where(query=query)
        if asked.get("closed"):
            return Where(closed=True)
        if asked.get("area") in areas:
            return Where(area=asked["area"])
        if errand is None:
            return Where(area=areas[0])
        return Where(closed=True) if errand.state == "closed" else Where(area=errand.area.path)

    def desk_page(
        self,
        where: Where,
        errand: Errand | None,
        status: int = 200,
        *,
        written: Written | None = None,
        wrong: str = "",
        notice: str = "",
    ) -> Response:
        """The list and the errand; `written` is put into the form again, `wrong` and `notice` say why."""
        now, listed = time.time(), self._listed(where)
        said: dict[str, Any] = {
            "heading": self._heading(where),
            "rows": listing.rows(listed, where, errand.id if errand else "", now),
            "more": max(0, len(listed) - listing.MOST_ROWS),
            "suffix": where.suffix,
            "address": f"/errands/{errand.id}{where.suffix}" if errand else f"/{where.suffix}",
            "chosen": view.chosen(errand, now) if errand else None,
            "written": written or Written(),
            "archive": archive.NAMES,
            "failing": self._failing(),
            "wrong": wrong,
            "notice": notice,
        }
        return paint.page("desk.html", status, **bar(self._desk, where=where), **said)

    def _listed(self, where: Where) -> Sequence[Errand]:
        if where.query:
            return self._desk.errands(search=where.query)
        if where.closed:
            return self._desk.errands(state="closed")
        return [errand for errand in self._desk.errands(where.area) if errand.state != "closed"]

    def _heading(self, where: Where) -> str:
        if where.query:
            return f"Search: {where.query}"
        areas = {area.path: label(self._desk, area) for area in self._desk.areas}
        return "closed" if where.closed else areas[where.area]

    def _failing(self) -> bool:
        """Whether the next callback is to be lost."""
        return any(fault.get("target") == "callback" and fault.get("cut") for fault in self._faults.shown())

    @staticmethod
    def _document(errand: Errand, key: str) -> Document | None:
        return next((document for document in documents(errand, time.time()) if document.key == key), None)
