"""What a running node says and counts now and then: that it is there, and how many of what happened."""

import socket
import time
from collections.abc import Iterable

from gateway.errors import GatewayError
from gateway.spool import nodes, pulse
from gateway.spool.nodes import Node
from gateway.spool.spool import Spool

_EVERY = 15.0
_WAIT = 10.0


class Heartbeat:
    """A node's own: `beat` is called every second or so, from one thread at a time."""

    def __init__(self, spool: Spool, name: str, roles: Iterable[str]) -> None:
        self._spool = spool
        self._node = Node(name, socket.gethostname(), tuple(sorted(roles)), time.time(), 0.0)
        self._next = 0.0

    def beat(self) -> str:
        """Count what happened, and say that this node is there; return what stood in the way, "" for nothing."""
        try:
            pulse.beat(self._spool)
            if time.monotonic() >= self._next:
                self._spool.change(lambda connection: nodes.say(connection, self._node)).result(_WAIT)
                self._next = time.monotonic() + _EVERY
        except (GatewayError, TimeoutError) as error:
            return str(error)
        return ""

    def stop(self) -> None:
        """Say that this node is gone; where that cannot be said its silence tells it."""
        try:
            self._spool.change(lambda connection: nodes.leave(connection, self._node.id)).result(_WAIT)
        except (GatewayError, TimeoutError):
            return
