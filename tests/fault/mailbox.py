"""A smarthost that remembers when each mail arrived; how often it is told to come again is up to the test."""

import email
import random
import threading
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, cast

import uvloop
from aiosmtpd.smtp import SMTP, Envelope, Session


class Mailbox:
    """What arrived: the times (Unix) at which each Message-ID had its final dot, and its text."""

    def __init__(self, seed: str, later: float) -> None:
        self.arrived: dict[str, list[float]] = defaultdict(list)
        self.texts: dict[str, str] = {}
        self.port = 0
        self._later = later
        self._chance = random.Random(seed)

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's name
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        if self._chance.random() < self._later:
            return "451 4.3.0 not now"
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 ok"

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802 - the same
        mail = email.message_from_bytes(cast("bytes", envelope.original_content))
        part = next(one for one in mail.walk() if one.get_content_type() == "text/plain")
        self.texts[mail["Message-ID"]] = cast("bytes", part.get_payload(decode=True)).decode().strip()
        self.arrived[mail["Message-ID"]].append(time.time())
        return "250 2.0.0 kept"


@contextmanager
def mailbox(seed: str, later: float = 0.0) -> Iterator[Mailbox]:
    """One that listens on `port` meanwhile; `later` is the part of recipients that are refused for now."""
    box, loop = Mailbox(seed, later), uvloop.new_event_loop()
    server: Any = loop.run_until_complete(loop.create_server(lambda: SMTP(box, loop=loop), "127.0.0.1", 0))
    box.port = server.sockets[0].getsockname()[1]
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    try:
        yield box
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        server.close()
        loop.run_until_complete(server.wait_closed())
        loop.close()
