"""What an answer meets in a bench: a Cention that gives attachments, and a smarthost that takes mail and forgets it.

`python -m bench.farside HTTP_PORT SMTP_PORT LATENCY`; runs until SIGTERM. An attachment is a picture of 1 MB; one whose
id is `SMALL_FROM` or more is of 10 KB, and of `SLOW_FROM` or more comes after two seconds as well. Each HTTP answer and
each reply of the smarthost comes after so many seconds of latency. `GET /times` tells when each mail was taken
(monotonic seconds), by the number in its subject.
"""

import asyncio
import base64
import json
import random
import re
import sys
import time
import urllib.request
from collections.abc import Callable
from typing import cast

import uvloop

SMALL_FROM, SLOW_FROM, SLOW_SECONDS = 500_000, 1_000_000, 2.0
_PATH = re.compile(rb"GET (\S+)")
_SUBJECT = re.compile(rb"^Subject: answer (\d+)", re.MULTILINE)
_END = b"\r\n.\r\n"
_GREETING = b"220 sink.example ESMTP\r\n"
_OFFER = b"250-sink.example\r\n250-PIPELINING\r\n250-8BITMIME\r\n250 SIZE 100000000\r\n"


def times(port: int) -> dict[str, float]:
    """Ask when each mail was taken."""
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/times", timeout=30) as answer:
        found: dict[str, float] = json.load(answer)
        return found


class _Line(asyncio.Protocol):
    """A connection; what it says comes in the order of its questions, each `latency` after its own."""

    def __init__(self, taken: dict[str, float], latency: float) -> None:
        self.taken = taken
        self._latency = latency
        self._buffer = bytearray()
        self._seen = 0
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self.begins()

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        while self.takes():
            pass

    def says(self, text: bytes, more: float = 0.0) -> None:
        assert self._transport is not None
        wait = self._latency + more
        if wait:
            asyncio.get_running_loop().call_later(wait, self._transport.write, text)
        else:
            self._transport.write(text)

    def cut(self, end: bytes) -> bytes | None:
        """Take what is there up to an end; None where that has not come."""
        place = self._buffer.find(end, self._seen)
        if place < 0:
            self._seen = max(0, len(self._buffer) - len(end))
            return None
        self._seen = 0
        found = bytes(self._buffer[:place])
        del self._buffer[: place + len(end)]
        return found

    def begins(self) -> None:
        """Say what there is to say first."""

    def takes(self) -> bool:
        """Take one question if all of it is there; return whether it was."""
        return False


class _Cention(_Line):
    def takes(self) -> bool:
        head = self.cut(b"\r\n\r\n")
        if head is None:
            return False
        found = _PATH.match(head)
        path = found[1].decode() if found else "/"
        if path == "/times":
            self.says(_response(json.dumps(self.taken).encode()))
        else:
            number = int(path.rpartition("/")[2])
            document = (_SMALL if number >= SMALL_FROM else _LARGE) % (number, number)
            self.says(_response(document), SLOW_SECONDS if number >= SLOW_FROM else 0.0)
        return True


class _Smarthost(_Line):
    _content = False

    def begins(self) -> None:
        self.says(_GREETING)

    def takes(self) -> bool:
        if self._content:
            return self._takes_content()
        line = self.cut(b"\r\n")
        if line is None:
            return False
        verb = line[:4].upper()
        self._content = verb == b"DATA"
        self.says({b"EHLO": _OFFER, b"DATA": b"354 go on\r\n"}.get(verb, b"250 2.0.0 Ok\r\n"))
        return True

    def _takes_content(self) -> bool:
        mail = self.cut(_END)
        if mail is None:
            return False
        self._content = False
        found = _SUBJECT.search(mail, 0, 8192)
        self.taken[found[1].decode() if found else "?"] = time.monotonic()
        self.says(b"250 2.0.0 Ok: queued as SINK\r\n")
        return True


def _document(size: int) -> bytes:
    content = base64.b64encode(random.Random(1).randbytes(size)).decode()
    picture = f'{{"c3_id":%d,"content_type":"image/png","name":"a.png","content":"{content}"}}'
    return f'{{"data":{{"type":"c3_response_attachments","id":"%d","attributes":{{"attachment":{picture}}}}}}}'.encode()


_SMALL, _LARGE = _document(10_000), _document(1_000_000)


def _response(body: bytes) -> bytes:
    head = f"HTTP/1.1 200 OK\r\nContent-Type: application/vnd.api+json\r\nContent-Length: {len(body)}\r\n\r\n"
    return head.encode() + body


async def _serve(http: int, smtp: int, latency: float) -> None:
    loop, taken = asyncio.get_running_loop(), dict[str, float]()
    sides: dict[int, Callable[[], _Line]] = {
        http: lambda: _Cention(taken, latency),
        smtp: lambda: _Smarthost(taken, latency),
    }
    servers = [await loop.create_server(side, "127.0.0.1", port, backlog=2000) for port, side in sides.items()]
    await asyncio.gather(*(server.serve_forever() for server in servers))


def main() -> None:
    """Serve until SIGTERM."""
    uvloop.run(_serve(int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3])))


if __name__ == "__main__":
    main()
