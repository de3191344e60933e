"""Callbacks on their way: the POST, what may go wrong with it on order, and trying again."""

import asyncio
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, replace
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from urllib.parse import urlsplit

from gateway.simulator.callback import written
from gateway.simulator.errand import Delivery, Sent
from gateway.simulator.errands import State
from gateway.simulator.faults import Fault, Faults
from gateway.simulator.jsonapi import MEDIA_TYPE
from gateway.simulator.options import is_callback

TIMEOUT = 30.0
MOST_SHOWN = 64 * 1024


@dataclass(frozen=True, slots=True)
class Retries:
    """How often a callback is tried that is not answered 2xx: once, unless it is asked for.

    `waits` are the seconds before the second try, the third and so on; the last of them goes on.
    """

    tries: int = 1
    waits: tuple[float, ...] = (1.0,)

    def wait(self, tried: int) -> float | None:
        """Seconds to wait after so many tries, None when there is no other."""
        return self.waits[min(tried, len(self.waits)) - 1] if tried < self.tries else None


class Courier:
    """Brings callbacks where they belong, and notes each try. It lives in one event loop until it is stopped."""

    def __init__(self, state: State, faults: Faults, retries: Retries) -> None:
        self._state = state
        self._faults = faults
        self._retries = retries
        self._trying: set[asyncio.Task[None]] = set()
        self._stopping = asyncio.Event()

    async def bring(self, errand_id: str, number: int, sent: Sent, url: str) -> Delivery:
        """POST a callback, and note it; further tries are made in the background when this one fails."""
        delivery = await self._try(errand_id, number, sent, url)
        if not delivery.taken and self._retries.tries > 1:
            task = asyncio.create_task(self._again(errand_id, number, sent, url))
            self._trying.add(task)
            task.add_done_callback(self._trying.discard)
        return delivery

    def hurry(self) -> None:
        """Send at once what is to be late, and try nothing again."""
        self._stopping.set()

    async def stop(self) -> None:
        """Hurry; returns when no further try is under way."""
        self.hurry()
        await asyncio.gather(*self._trying)
        self._stopping = asyncio.Event()

    async def _again(self, errand_id: str, number: int, sent: Sent, url: str) -> None:
        tried = 1
        while (wait := self._retries.wait(tried)) is not None:
            if await self._stopped_within(wait) or (await self._try(errand_id, number, sent, url)).taken:
                return
            tried += 1

    async def _stopped_within(self, seconds: float) -> bool:
        try:
            await asyncio.wait_for(self._stopping.wait(), seconds)
        except TimeoutError:
            return False
        return True

    async def _try(self, errand_id: str, number: int, sent: Sent, url: str) -> Delivery:
        fault = self._faults.take("callback") or Fault()
        await self._stopped_within(fault.lateness(self._faults.chance))
        body = written(sent.document) if fault.body is None else fault.body.encode()
        delivery = await asyncio.to_thread(post, url, body, fault)
        self._state.delivered(errand_id, number, sent.setting, delivery)
        return delivery


def post(url: str, body: bytes, fault: Fault) -> Delivery:
    """POST a callback, and return what the other side said, or why it said nothing.

    It blocks, up to TIMEOUT seconds for each wait. No redirect is followed. Of a fault that cuts nothing is sent, or
    half of the body, or all of it and no answer waited for.
    """
    began = time.time()
    nothing = Delivery(began, url, 0.0)
    try:
        said = (
            replace(nothing, error="lost on order: nothing was sent") if _lost(fault) else _said(nothing, body, fault)
        )
    except (OSError, HTTPException, ValueError) as wrong:
        said = replace(nothing, error=f"{type(wrong).__name__}: {wrong}")
    return replace(said, seconds=max(0.0, time.time() - began))


def _lost(fault: Fault) -> bool:
    return fault.cut is True and not fault.after_create


def _said(delivery: Delivery, body: bytes, fault: Fault) -> Delivery:
    if not is_callback(delivery.url):
        return replace(delivery, error=f"{delivery.url!r} is not an http or https URL")
    parts = urlsplit(delivery.url)
    kind: Callable[..., HTTPConnection] = HTTPSConnection if parts.scheme == "https" else HTTPConnection
    with closing(kind(parts.hostname, parts.port, timeout=TIMEOUT)) as connection:
        connection.putrequest("POST", f"{parts.path or '/'}{f'?{parts.query}' if parts.query else ''}")
        headers = {"Content-Type": fault.content_type or MEDIA_TYPE, "Content-Length": str(len(body))}
        for name, value in (headers | fault.headers).items():
            connection.putheader(name, value)
        connection.endheaders()
        connection.send(body[: len(body) // 2] if fault.cut == "middle" else body)
        if fault.cut:
            part = "in the middle of the body" if fault.cut == "middle" else "before the answer"
            return replace(delivery, error=f"cut on order: the connection was closed {part}")
        response = connection.getresponse()
        return replace(delivery, status=response.status, body=response.read(MOST_SHOWN).decode("utf-8", "replace"))
