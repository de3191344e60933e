"""The console's pages and where each is found: every one behind the guard, with the role that it needs."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from starlette.routing import BaseRoute, Mount, Route

from gateway import look
from gateway.config.role import Role
from gateway.plan import Plan
from gateway.spool.spool import Spool
from gateway.web.console import acting, audit, editing, mail, mails, overview, parked, presence, ways
from gateway.web.console.desk import Desk
from gateway.web.console.guard import guarded
from gateway.web.console.live import Live

_STATIC = str(Path(__file__).parent / "static")


class Console:
    """The pages, and what they stand on; `close` ends streams and reading processes."""

    def __init__(self, plan: Callable[[], Plan], spool: Spool, document: Callable[[], dict[str, Any]]) -> None:
        self.desk = Desk(plan, spool, document)
        self._live = Live(self.desk)

    def routes(self) -> list[BaseRoute]:
        """Return all of it; the look alone is for everybody."""
        pages = {
            "/": overview.endpoint(self.desk),
            "/mail": mails.endpoint(self.desk),
            "/complete": mails.completion(self.desk),
            "/live": self._live.stream,
        }
        bodies = {
            "/mail/{name}/html": mail.html(self.desk),
            "/mail/{name}/files/{place:int}": mail.file(self.desk),
            "/mail/{name}/raw": mail.raw(self.desk),
        }
        return [
            *(Route(path, guarded(Role.LOOK, page), methods=["GET"]) for path, page in pages.items()),
            *(Route(path, guarded(Role.LOOK, page, bodies=True), methods=["GET"]) for path, page in bodies.items()),
            *(route for room in (acting, audit, editing, parked, presence, ways) for route in room.routes(self.desk)),
            # The last of them, since a Message-ID may have anything in it.
            Route("/mail/{name:path}", guarded(Role.LOOK, mail.endpoint(self.desk)), methods=["GET"]),
            Mount("/look", look.served(_STATIC)),
        ]

    def close(self) -> None:
        """End what runs for the pages."""
        self._live.close()
        self.desk.close()
