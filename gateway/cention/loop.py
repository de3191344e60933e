"""The event loop that errands are posted from: one thread for all of them, made when the first one is.

A thread for each call would cost more than the call: each answer would have to wait for the interpreter lock by itself.
"""

import asyncio
import atexit
import threading
from functools import cache

import uvloop

_making = threading.Lock()


def loop() -> asyncio.AbstractEventLoop:
    """Return the loop, which runs until the program ends."""
    with _making:  # of two threads that come first, both would make one
        return _made()


@cache
def _made() -> asyncio.AbstractEventLoop:
    made = uvloop.new_event_loop()
    thread = threading.Thread(target=made.run_forever, name="cention", daemon=True)
    thread.start()

    def end() -> None:
        made.call_soon_threadsafe(made.stop)
        thread.join()
        made.close()

    atexit.register(end)
    return made
