"""An HTTP server that answers like Cention and forgets what it got: where the road ends in a bench.

`python -m bench.sink PORT`; runs until SIGTERM. It takes c3_new_errands (contract.md, Create) as fast as Python can,
with an errand for each message_id; `GET /count` tells how many there are.
"""

import asyncio
import http.client
import json
import re
import sys
import time
from dataclasses import dataclass, field
from typing import cast

import uvloop

CREATE = b"POST /s/demo/capi/json/c3_new_errands HTTP/1.1"
COUNT = b"GET /count HTTP/1.1"
_MEDIA_TYPE = "application/vnd.api+json"
_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
_WANTED = (
    re.compile(rb"\r\nauthorization: *bearer \S", re.IGNORECASE),
    re.compile(rb"\r\ncontent-type: *application/vnd\.api\+json\r\n", re.IGNORECASE),
)
_MESSAGE_ID = re.compile(rb'"message_id" *: *"((?:[^"\\]|\\.)+)"')


@dataclass(frozen=True, slots=True)
class Count:
    """Errands made, requests that made none (repeats), requests refused, and when the last errand was made.

    `last` is in seconds of the monotonic clock, which all processes of a machine share.
    """

    errands: int
    repeats: int
    refused: int
    last: float


def count(port: int) -> Count:
    """Ask the sink on this port of 127.0.0.1."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        connection.request("GET", "/count")
        return Count(**json.loads(connection.getresponse().read()))
    finally:
        connection.close()


@dataclass(slots=True)
class _Errands:
    ids: dict[bytes, int] = field(default_factory=dict)
    repeats: int = 0
    refused: int = 0
    last: float = 0.0

    def answer(self, line: bytes, head: bytes, body: bytes) -> bytes:
        """Answer one request."""
        if line == COUNT:
            values = {"errands": len(self.ids), "repeats": self.repeats, "refused": self.refused, "last": self.last}
            return _response(200, json.dumps(values).encode())
        named = _MESSAGE_ID.search(body)
        if line != CREATE or named is None or not all(wanted.search(head) for wanted in _WANTED):
            self.refused += 1
            return _response(400, b'{"errors":[{"status":"400","title":"not what the contract says"}]}')
        return _response(201, b'{"data":{"type":"c3_new_errands","id":"%d"}}' % self._errand(named[1]))

    def _errand(self, message_id: bytes) -> int:
        known = self.ids.get(message_id)
        if known is not None:
            self.repeats += 1
            return known
        self.last = time.monotonic()
        return self.ids.setdefault(message_id, len(self.ids) + 1)


class _Connection(asyncio.Protocol):
    """Keeps the connection, and answers one request after the other."""

    def __init__(self, errands: _Errands) -> None:
        self._errands = errands
        self._buffer = bytearray()
        self._head = b""
        self._wanted = 0
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        while self._request():
            pass

    def _request(self) -> bool:
        """Answer a request if all of it is there; return whether it was."""
        if not self._head:
            end = self._buffer.find(b"\r\n\r\n")
            if end < 0:
                return False
            self._head = bytes(self._buffer[: end + 2])
            del self._buffer[: end + 4]
            length = _LENGTH.search(self._head)
            self._wanted = int(length[1]) if length else 0
        if len(self._buffer) < self._wanted:
            return False
        body = bytes(self._buffer[: self._wanted])
        del self._buffer[: self._wanted]
        head, self._head = self._head, b""
        assert self._transport is not None
        self._transport.write(self._errands.answer(head.partition(b"\r\n")[0], head, body))
        return True


def _response(status: int, body: bytes) -> bytes:
    reason = http.client.responses[status]
    head = f"HTTP/1.1 {status} {reason}\r\nContent-Type: {_MEDIA_TYPE}\r\nContent-Length: {len(body)}\r\n\r\n"
    return head.encode() + body


async def _serve(port: int) -> None:
    errands = _Errands()
    server = await asyncio.get_running_loop().create_server(lambda: _Connection(errands), "127.0.0.1", port)
    async with server:
        await server.serve_forever()


def main() -> None:
    """Serve until SIGTERM."""
    uvloop.run(_serve(int(sys.argv[1])))


if __name__ == "__main__":
    main()
