"""What a message brought: its HTML, in a place where nothing of it runs, and its files."""

from urllib.parse import quote

import pybase64
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response

from gateway.simulator.conversation import conversation
from gateway.simulator.desk import Desk
from gateway.simulator.errand import Entry, File
from gateway.simulator.pages import frame, view


class Message:
    """The handlers of what strangers wrote. Guard gives these answers a policy of their own."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    async def html(self, request: Request) -> Response:
        """The HTML of an entry, its pictures led to their files."""
        entry = self._entry(request)
        if entry is None:
            return _nothing()
        base = request.url.path.removesuffix("/html")
        files = [
            (file.content_id, f"{base}/files/{place}")
            for place, file in enumerate(entry.files, start=1)
            if file.content_id
        ]
        return HTMLResponse(frame.document(entry.html_body, files))

    async def file(self, request: Request) -> Response:
        """A file of an entry: a picture that any browser knows to be looked at, anything else to be kept."""
        entry, place = self._entry(request), request.path_params["place"]
        if entry is None or not 1 <= place <= len(entry.files):
            return _nothing()
        file = entry.files[place - 1]
        kind = file.content_type.lower()
        shown = kind in view.PICTURES
        headers = {"content-disposition": _disposition(file, "inline" if shown else "attachment")}
        return Response(pybase64.b64decode(file.content), headers=headers, media_type=kind if shown else BYTES)

    def _entry(self, request: Request) -> Entry | None:
        errand, key = self._desk.errand(request.path_params["id"]), request.path_params["key"]
        entries = conversation(errand) if errand else ()
        return next((entry for entry in entries if view.key(entry) == key), None)


BYTES = "application/octet-stream"


def _disposition(file: File, kind: str) -> str:
    """The header with the file's name (RFC 6266); what could be taken for a folder or a line's end is encoded."""
    return f"{kind}; filename*=UTF-8''{quote(file.name.encode('utf-8', 'replace'), safe='')}"


def _nothing() -> Response:
    return PlainTextResponse("There is no such part of an errand here.\n", 404)
