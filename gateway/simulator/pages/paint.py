"""Templates made into pages."""

from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.responses import HTMLResponse, Response

TEMPLATES = Environment(
    loader=PackageLoader("gateway.simulator.pages"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


def page(name: str, status: int = 200, **values: Any) -> Response:
    """The template `name` with these values."""
    return HTMLResponse(TEMPLATES.get_template(name).render(values), status)
