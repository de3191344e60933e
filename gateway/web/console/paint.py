"""The pages that anybody may see: the sign-in, and what somebody is told who may not have another one."""

from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

_TEMPLATES = Environment(
    loader=PackageLoader("gateway.web.console"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


def page(request: Request, name: str, status: int = 200, **values: Any) -> Response:
    """Return the template `name` with these values; it knows as `root` where the console is."""
    root = request.scope.get("root_path", "")
    return HTMLResponse(_TEMPLATES.get_template(name).render(root=root, **values), status)


def said(request: Request, heading: str, sentence: str, status: int) -> Response:
    """Return a page that says one thing."""
    return page(request, "told.html", status, heading=heading, sentence=sentence)
