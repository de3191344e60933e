"""SMTP clients that mean no good: each attack opens many connections at once and returns what it heard at their end.

They come from an address of their own, so that limits by address do not fall on the others.
"""

import asyncio
import itertools
import random
import socket
import ssl
import struct
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from enum import StrEnum

from tests.acceptance.conftest import SUPPORT

ADDRESS = "127.0.0.2"
ENDED_SECONDS = 60.0
TOO_MUCH = 64_000_000
"""Bytes that no connection may get rid of before it is ended."""

Attack = Callable[[int], Awaitable[Counter[str]]]
"""Takes the port; returns how many connections heard which reply last, by its code and status, "" for none."""

_CHUNK = 64 * 1024
_SMALL_WINDOW = 4096
_STATUS = slice(9)


class Client:
    """A connection. What the other side says is read only when it is asked for."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    async def say(self, words: bytes) -> None:
        """Send these bytes; ConnectionError when the other side has hung up."""
        self._writer.write(words)
        await self._writer.drain()

    async def reply(self) -> str:
        """Read a reply and return its last line; "" where the other side has hung up."""
        while True:
            try:
                line = (await self._reader.readline()).decode(errors="replace")
            except ConnectionError:
                return ""
            if line[3:4] != "-":
                return line

    async def replies(self) -> AsyncIterator[str]:
        """Read replies until the other side hangs up."""
        while reply := await self.reply():
            yield reply

    async def asks(self, words: bytes) -> str:
        """Send these bytes and read the reply."""
        await self.say(words)
        return await self.reply()

    async def secures(self, context: ssl.SSLContext) -> None:
        """Begin TLS."""
        await self._writer.start_tls(context)

    def end(self) -> None:
        """Say nothing more (FIN); replies can still be read."""
        self._writer.write_eof()

    def reset(self) -> None:
        """Break off (RST), unless the other side has: what is under way in either direction may be lost."""
        if not self._writer.is_closing():
            made = self._writer.get_extra_info("socket")
            made.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self._writer.transport.abort()


@asynccontextmanager
async def connected(port: int, window: int = 0) -> AsyncIterator[Client]:
    """A connection from the hostile address; it is reset at the end if it still stands.

    `window` is how many bytes it has room for that nobody has read, 0 for as many as the kernel likes.
    """
    made = socket.socket()
    made.setblocking(False)  # noqa: FBT003 - the standard library's own form
    if window:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, window)
    made.bind((ADDRESS, 0))
    await asyncio.get_running_loop().sock_connect(made, ("127.0.0.1", port))
    reader, writer = await asyncio.open_connection(sock=made, limit=window or _CHUNK)
    client = Client(reader, writer)
    try:
        yield client
    finally:
        client.reset()
        with suppress(ConnectionError):
            await writer.wait_closed()


async def crowd(count: int, one: Callable[[int], Awaitable[str]], at_once: int = 1000) -> Counter[str]:
    """So many clients, each a call of `one` with its number; all are ended by the other side in time."""
    room = asyncio.Semaphore(at_once)

    async def enter(number: int) -> str:
        async with room:
            return await one(number)

    async with asyncio.timeout(ENDED_SECONDS):
        heard = await asyncio.gather(*map(enter, range(count)))
    return Counter(reply[_STATUS] for reply in heard)


# -- cut off


class End(StrEnum):
    """How a connection ends."""

    FIN = "fin"
    RST = "rst"


@dataclass(frozen=True, slots=True)
class Cut:
    """A dialogue that is cut after `length` bytes; a pipelined one waits for no reply. `sender` names the mail too."""

    length: int
    end: End
    pipelined: bool
    sender: str


def dialogue(sender: str) -> list[bytes]:
    """A whole dialogue, cut where a client waits for a reply; the mail ends with the last but one."""
    mail = (
        f"Message-ID: <{sender}>\r\nFrom: {sender}\r\nTo: {SUPPORT}\r\nSubject: Cut off\r\n\r\n"
        "A line, and one that is a dot, and one that begins with a dot:\r\n..\r\n..\tand so on\r\nThat is all.\r\n.\r\n"
    )
    envelope = f"MAIL FROM:<{sender}>\r\n", f"RCPT TO:<{SUPPORT}>\r\n"
    return [step.encode() for step in ("EHLO hostile.example.net\r\n", *envelope, "DATA\r\n", mail, "QUIT\r\n")]


async def cut_off(port: int, cut: Cut) -> bool:
    """Hold a dialogue up to the cut; whether the mail's 250 was heard."""
    steps, left, heard = dialogue(cut.sender), cut.length, []
    async with connected(port) as client:
        for step in [b"".join(steps)] if cut.pipelined else steps:
            if not cut.pipelined:
                heard.append(await client.reply())
            await client.say(step[:left])
            left -= len(step)
            if left <= 0:
                break
        if cut.end is End.FIN:
            client.end()
            heard += [reply async for reply in client.replies()]
    return any(" queued as " in reply for reply in heard)


# -- slow


async def _one_byte_a_second(client: Client, byte: bytes) -> str:
    """Send a byte each second until something is said, and return that."""
    said = asyncio.ensure_future(client.reply())
    while not said.done():
        await asyncio.wait([said], timeout=1)
        with suppress(ConnectionError):
            await client.say(byte)
    return said.result()


async def _until_data(client: Client) -> None:
    """Get as far as the 354."""
    for step in (b"", *dialogue("slow@hostile.example.net")[:4]):
        assert (await client.asks(step)).startswith(("2", "354"))


async def slow_data(port: int) -> Counter[str]:
    """500 mails that come at a byte a second."""

    async def one(_: int) -> str:
        async with connected(port) as client:
            await _until_data(client)
            return await _one_byte_a_second(client, b"x")

    return await crowd(500, one)


async def slow_commands(port: int) -> Counter[str]:
    """800 command lines that come at a byte a second."""

    async def one(_: int) -> str:
        async with connected(port) as client:
            if (greeting := await client.reply()).startswith("220"):
                return await _one_byte_a_second(client, b"N")
            return greeting

    return await crowd(800, one)


# -- endless


async def _flood(client: Client, chunks: Iterable[bytes]) -> str:
    """Send until the other side hangs up; the last that it said, if that was not lost with the connection."""

    async def last() -> str:
        words = ""
        async for reply in client.replies():
            words = reply
        return words

    listening = asyncio.ensure_future(last())
    await _pour(client, chunks)
    return await listening


async def _pour(client: Client, chunks: Iterable[bytes]) -> None:
    """Send until the other side hangs up, or there is nothing more to send."""
    sent = 0
    with suppress(ConnectionError):
        for chunk in chunks:
            await client.say(chunk)
            sent += len(chunk)
            assert sent < TOO_MUCH, "nobody ends the connection"


def endless(begin: bytes, chunk: bytes, *, in_data: bool) -> Attack:
    """20 connections that repeat a chunk for ever, as a mail's data or from the start."""

    async def attack(port: int) -> Counter[str]:
        async def one(_: int) -> str:
            async with connected(port) as client:
                if in_data:
                    await _until_data(client)
                return await _flood(client, itertools.chain([begin], itertools.repeat(chunk)))

        return await crowd(20, one)

    return attack


endless_headers = endless(b"", b"".join(b"X-Header-%d: and so on\r\n" % n for n in range(2000)), in_data=True)
endless_line = endless(b"\r\n", b"x" * _CHUNK, in_data=True)
endless_command = endless(b"MAIL FROM:<", b"x" * _CHUNK, in_data=False)


async def garbage(port: int) -> Counter[str]:
    """50 connections of random bytes, the same each time."""

    async def one(number: int) -> str:
        chance = random.Random(number)
        async with connected(port) as client:
            return await _flood(client, iter(lambda: chance.randbytes(4096), b""))

    return await crowd(50, one)


async def recipients(port: int, count: int = 10_000, at_once: int = 100) -> Counter[str]:
    """One mail to so many recipients, a hundred named at once; how often each reply was heard."""
    heard: Counter[str] = Counter()
    async with asyncio.timeout(ENDED_SECONDS), connected(port) as client:
        for step in (b"", *dialogue("list@hostile.example.net")[:2]):
            assert (await client.asks(step)).startswith("2")
        for start in range(0, count, at_once):
            named = [b"RCPT TO:<support+%d@example.com>\r\n" % number for number in range(start, start + at_once)]
            with suppress(ConnectionError):
                await client.say(b"".join(named))
            heard.update([(await client.reply())[_STATUS] for _ in named])
    return heard


async def never_reading(port: int) -> Counter[str]:
    """10 connections that ask and ask, and take no answer; a mail now and then, so that this may go on for ever."""
    ehlo, *mail, _ = dialogue("deaf@hostile.example.net")

    async def one(_: int) -> str:
        async with connected(port, window=_SMALL_WINDOW) as client:
            await _pour(client, itertools.cycle([*[100 * ehlo] * 15, b"".join(mail)]))
            return ""

    return await crowd(10, one)


# -- TLS


async def tls_sessions(port: int) -> Counter[str]:
    """A thousand sessions under TLS in which nothing is wrong, and little happens."""
    anyone = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    anyone.check_hostname, anyone.verify_mode = False, ssl.CERT_NONE

    async def one(_: int) -> str:
        async with connected(port) as client:
            for step in (b"", b"EHLO hostile.example.net\r\n", b"STARTTLS\r\n"):
                await client.asks(step)
            await client.secures(anyone)
            await client.asks(b"EHLO hostile.example.net\r\n")
            return await client.asks(b"QUIT\r\n")

    return await crowd(1000, one, at_once=50)


def after_starttls(words: Callable[[random.Random], Iterator[bytes]], count: int = 50) -> Attack:
    """So many connections, 50 at once, that say this instead of a TLS handshake."""

    async def attack(port: int) -> Counter[str]:
        async def one(number: int) -> str:
            async with connected(port) as client:
                for step in (b"", b"EHLO hostile.example.net\r\n"):
                    await client.asks(step)
                assert (await client.asks(b"STARTTLS\r\n")).startswith("220 ")
                await _pour(client, words(random.Random(number)))
                # What is said now is TLS: an alert, or nothing.
                async for _ in client.replies():
                    pass
                return ""

        return await crowd(count, one, at_once=50)

    return attack


def _broken_handshake(chance: random.Random) -> Iterator[bytes]:
    """A ClientHello's beginning, as it should be, and then anything but its rest (RFC 8446 4.1.2)."""
    yield b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"
    yield chance.randbytes(600)


tls_garbage = after_starttls(lambda chance: iter(lambda: chance.randbytes(4096), b""))
# As many as show whether the buffers of each, a third of a megabyte, are given back at its end.
tls_broken_handshake = after_starttls(_broken_handshake, count=600)
tls_half_a_handshake = after_starttls(lambda chance: itertools.islice(_broken_handshake(chance), 1))
# Said before there is any TLS, by whoever sits in between: it must not count (RFC 3207 4.2).
tls_in_clear = after_starttls(lambda _: iter([b"".join(dialogue("clear@hostile.example.net"))]))
