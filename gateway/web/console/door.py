"""The one way in to the console: its pages and the sign-in, each with the guard round it."""

from collections.abc import Iterable

from starlette.routing import BaseRoute, Mount, Route

from gateway.web.console import signin
from gateway.web.console.guard import Guard, Needs
from gateway.web.console.people import People


def behind(pages: Iterable[BaseRoute], people: People) -> list[BaseRoute]:
    """Return the pages, and those of signing in, as `people` may have them.

    TypeError for a page that does not say by `guarded` or `unguarded` what it needs; mounted files are for all.
    """
    return [_with_guard(page, people) for page in (*pages, *signin.routes())]


def _with_guard(page: BaseRoute, people: People) -> BaseRoute:
    if not isinstance(page, Mount | Route):
        raise TypeError(f"{page!r}: expected a Route or a Mount")
    if isinstance(page, Route) and not isinstance(getattr(page.endpoint, "needs", None), Needs):
        raise TypeError(f"{page.path}: does not say what it needs; see gateway/web/console/guard.py")
    page.app = Guard(page.app, people)
    return page
