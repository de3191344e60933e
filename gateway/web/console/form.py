"""What a form of the console sends, read with bounds, and where its sender goes afterwards."""

from collections.abc import Callable

from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from gateway.errors import GatewayError, Permanent
from gateway.web.console import frame
from gateway.web.console.desk import Desk
from gateway.web.console.frame import Page, Viewer

MOST_FIELDS = 50
_LONGEST = 2_000
_DIGITS = 18

Work = Callable[[Viewer, FormData], str | Page]
"""Does what a form asks for, in a thread; returns the address to go to, or a page to show instead."""


async def shown(request: Request, desk: Desk, draw: Callable[[Viewer], Page]) -> Response:
    """Draw a page as `frame.shown` does; what cannot be at all is told as that, and not as a trouble that passes."""

    def drawn(viewer: Viewer) -> Page:
        try:
            return draw(viewer)
        except Permanent as error:
            return _not_done(error, 409)

    return await frame.shown(request, desk, drawn)


def _not_done(error: GatewayError, status: int) -> Page:
    return Page("wrong.html", {"title": "Not done", "sentence": str(error)}, status=status)


async def done(request: Request, desk: Desk, work: Work) -> Response:
    """Have a form's work done; where it cannot be, a page that says why."""
    form, viewer = await request.form(max_fields=MOST_FIELDS), frame.viewer_of(request)
    try:
        came = await desk.look(lambda: work(viewer, form))
    except GatewayError as error:
        return await refused(request, desk, error)
    if isinstance(came, str):
        return RedirectResponse(came, 303)
    page = came
    return await frame.shown(request, desk, lambda _viewer: page)


async def refused(request: Request, desk: Desk, error: GatewayError) -> Response:
    """Say why something was not done."""
    page = _not_done(error, 409 if isinstance(error, Permanent) else 503)
    return await frame.shown(request, desk, lambda _viewer: page)


def text(form: FormData, name: str, most: int = _LONGEST, *, lines: bool = False) -> str:
    """Return a field's text, "" where it is not there or a file; Permanent where it is longer than it may be.

    Of what has no `lines` only what can be printed is left: a reason stands in traces, logs and on terminals.
    """
    value = form.get(name, "")
    if not isinstance(value, str):
        return ""
    if len(value) > most:
        raise Permanent(f"{name}: may have {most} letters")
    if lines:
        return plain(value)
    return "".join(letter if letter.isprintable() else " " for letter in value).strip()


def plain(value: str) -> str:
    """Return a text with plain line ends, as one that a browser sends is compared with one of ours."""
    return value.replace("\r\n", "\n").replace("\0", "").strip()


def number(said: str) -> int | None:
    """Read a number of ours, None for anything else."""
    return int(said) if said.isascii() and said.isdecimal() and len(said) <= _DIGITS else None


def after(form: FormData, otherwise: str) -> str:
    """Return where to go afterwards: a page of ours, whatever the form says."""
    said = text(form, "next")
    ours = said.startswith("/") and not said.startswith(("//", "/\\")) and said.isprintable() and "\\" not in said
    return said if ours else otherwise
