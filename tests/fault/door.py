"""Somebody who tries the door all the time: connects to an SMTP port, is greeted, hangs up, and keeps the time."""

import socket
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass

GREETING_SECONDS = 30.0
PAUSE_SECONDS = 0.01


@dataclass(slots=True)
class Door:
    """How often the client was greeted, and for how long it was not (seconds).

    `refused` is the longest time in which every try was refused or broken off, `waited` the longest without a greeting.
    """

    greetings: int = 0
    refused: float = 0.0
    waited: float = 0.0

    def knock(self, port: int, over: threading.Event) -> None:
        """Try it until told."""
        greeted, refused = time.monotonic(), None
        while not over.wait(PAUSE_SECONDS):
            is_greeted, now = _is_greeted(port), time.monotonic()
            if not is_greeted:
                refused = refused or now
                continue
            self.greetings += 1
            self.waited = max(self.waited, now - greeted)
            self.refused = max(self.refused, now - (refused or now))
            greeted, refused = now, None


@contextmanager
def knocking(port: int) -> Iterator[Door]:
    """A client that tries the door meanwhile; what it found is known afterwards."""
    door, over = Door(), threading.Event()
    with ThreadPoolExecutor(1) as pool:
        trying = pool.submit(door.knock, port, over)
        try:
            yield door
        finally:
            over.set()
        trying.result()


def _is_greeted(port: int) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), GREETING_SECONDS) as connection:
            return connection.recv(512).startswith(b"220")
    except OSError:
        return False
