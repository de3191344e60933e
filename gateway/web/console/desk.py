"""What the pages stand on: the settings in force, the spool, what the gateway says of itself, what reads mails.

All looks are taken in threads of the console's own, so that a slow one holds neither the event loop nor the worker.
"""

import asyncio
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from gateway.errors import GatewayError, Temporary
from gateway.plan import Plan
from gateway.spool.spool import Spool
from gateway.status.live import live_of
from gateway.status.overview import overview
from gateway.status.standing import Overview
from gateway.status.stored import look
from gateway.web.console.reading import Reader

T = TypeVar("T")
_THREADS = 4
_SECONDS = 20.0
_FRESH = 1.0


class Desk:
    """`plan` gives the settings in force, `document` what /readyz says. `close` ends what reads mails."""

    def __init__(self, plan: Callable[[], Plan], spool: Spool, document: Callable[[], dict[str, Any]]) -> None:
        self.plan = plan
        self.spool = spool
        self.reader = Reader(plan().settings.worker, spool)
        self._document = document
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="console")
        self._lock = threading.Lock()
        self._closed = False
        self._overview: tuple[float, Overview] | None = None

    async def look(self, work: Callable[[], T]) -> T:
        """Do something in a thread; Temporary when it takes too long, or the gateway is being stopped."""
        if self._closed:
            raise Temporary("the gateway is being stopped")
        try:
            async with asyncio.timeout(_SECONDS):
                return await asyncio.get_running_loop().run_in_executor(self._threads, work)
        except TimeoutError as error:
            raise Temporary(f"no answer within {_SECONDS:g} s") from error

    def overview(self) -> Overview:
        """Say how all stands. Whoever asks within the same second is told the same."""
        with self._lock:
            if self._overview is None or time.monotonic() - self._overview[0] > _FRESH:
                self._overview = time.monotonic(), self._looked()
            return self._overview[1]

    def _looked(self) -> Overview:
        plan = self.plan()
        stored = look(self.spool, plan.settings.lanes())
        try:
            document = self._document()
        except GatewayError as error:
            document = {"parts": {"spool": str(error)}}
        return overview(plan, stored, live_of(document), time.time())

    def close(self) -> None:
        """End the reading processes and threads."""
        self._closed = True
        self.reader.close()
        self._threads.shutdown(wait=False, cancel_futures=True)
