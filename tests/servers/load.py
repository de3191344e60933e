"""Many sessions that do not give up: each mail is sent again, as it is, until it has its 250, as mail servers do."""

import asyncio
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field

PAUSE_SECONDS = 0.05
REPLY_SECONDS = 30.0


class NotTakenError(Exception):
    """The server answered with something other than what brings a mail on."""


@dataclass(frozen=True, slots=True)
class Load:
    """What to send: so many mails of `size` bytes, distinct in Message-ID and text, in so many sessions at once."""

    port: int
    mails: int
    sessions: int
    size: int
    sender: str
    to: str

    def message_id(self, number: int) -> str:
        """The Message-ID of a mail, from 0."""
        return f"<load-{number}@example.net>"

    def mail(self, number: int) -> bytes:
        """A mail's bytes: `size` of them, rounded up to a whole line."""
        headers = f"From: {self.sender}\r\nTo: {self.to}\r\nSubject: Load {number}\r\n"
        head = f"{headers}Message-ID: {self.message_id(number)}\r\n\r\n".encode()
        line = f"This is mail number {number}.".ljust(76, "-").encode() + b"\r\n"
        return head + line * -(-(self.size - len(head)) // len(line))


@dataclass(slots=True)
class Outcome:
    """What has happened so far: Message-IDs that got their 250, how often a connection broke, what was refused."""

    accepted: list[str] = field(default_factory=list)
    broken: int = 0
    refusals: list[str] = field(default_factory=list)


async def send(load: Load, outcome: Outcome) -> None:
    """Send it all; returns when every mail has got its 250."""
    numbers = iter(range(load.mails))
    async with asyncio.TaskGroup() as sessions:
        for _ in range(load.sessions):
            sessions.create_task(_session(load, numbers, outcome))


async def _session(load: Load, numbers: Iterator[int], outcome: Outcome) -> None:
    connection = _Connection(load)
    for number in numbers:
        while not await _sent(connection, number, outcome):
            await connection.close()
            await asyncio.sleep(PAUSE_SECONDS)
    await connection.close()


async def _sent(connection: "_Connection", number: int, outcome: Outcome) -> bool:
    try:
        await connection.send(number)
    except (OSError, EOFError, TimeoutError):
        outcome.broken += 1
        return False
    except NotTakenError as error:
        outcome.refusals.append(str(error))
        return False
    outcome.accepted.append(connection.load.message_id(number))
    return True


class _Connection:
    """An SMTP connection that is opened when it is needed."""

    def __init__(self, load: Load) -> None:
        self.load = load
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def send(self, number: int) -> None:
        """Send a mail; returns on its 250, and on nothing else."""
        if self._streams is None:
            self._streams = await asyncio.open_connection("127.0.0.1", self.load.port)
            await self._expect("220")
            await self._say(b"EHLO load.example.net", "250")
        await self._say(f"MAIL FROM:<{self.load.sender}>".encode(), "250")
        await self._say(f"RCPT TO:<{self.load.to}>".encode(), "250")
        await self._say(b"DATA", "354")
        await self._say(self.load.mail(number) + b".", "250")

    async def _say(self, words: bytes, expected: str) -> None:
        assert self._streams is not None
        self._streams[1].write(words + b"\r\n")
        await self._streams[1].drain()
        await self._expect(expected)

    async def _expect(self, code: str) -> None:
        assert self._streams is not None
        while True:
            line = (await asyncio.wait_for(self._streams[0].readline(), REPLY_SECONDS)).decode()
            if not line.endswith("\n"):
                raise EOFError
            if not line.startswith(code):
                raise NotTakenError(line.strip())
            if line[3:4] != "-":
                return

    async def close(self) -> None:
        """Hang up."""
        if self._streams is None:
            return
        self._streams[1].close()
        with suppress(OSError):  # it may be broken already
            await self._streams[1].wait_closed()
        self._streams = None
