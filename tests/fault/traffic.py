"""Mixed traffic for a long time: senders of every kind, an agent who answers, a smarthost, an operator, a sick Cention.

All of them write what they know into the same books, from which it is seen at the end whether anything was lost.
"""

import asyncio
import email
import itertools
import random
import re
import signal
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from email.policy import default
from typing import Any, cast

import requests
from aiosmtpd.smtp import SMTP, Envelope, Session

from tests.acceptance.conftest import SUPPORT, House, message
from tests.fault.clients import Client, Cut, End, connected, cut_off, dialogue
from tests.servers.simulator import Upload

REPLY_SECONDS = 60.0
PAUSE_SECONDS = 0.1
ANSWERED = 5
"""Every so manieth errand is answered."""

FAULTS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("500s", {"target": "any", "status": 500, "rate": 0.5}),
    ("hangs", {"target": "any", "delay": 10, "rate": 0.3}),
    ("429s", {"target": "create", "status": 429, "headers": {"Retry-After": "1"}, "rate": 0.5}),
    ("401", {"target": "create", "status": 401}),
    ("half answers", {"target": "any", "cut": "middle", "rate": 0.3}),
    ("503s", {"target": "any", "status": 503, "headers": {"Retry-After": "1"}}),
)


@dataclass(slots=True)
class Books:
    """Message-IDs of mails that had their 250, and how many errands each mail has, these and others.

    `answered` are the answers whose callback had its 200, `arrived` how often each came to the smarthost. `last` is our
    id of a mail that was just taken, `left` how many jobs are not at their end.
    """

    accepted: set[str] = field(default_factory=set)
    errands: Counter[str] = field(default_factory=Counter)
    answered: set[str] = field(default_factory=set)
    arrived: Counter[str] = field(default_factory=Counter)
    refusals: Counter[str] = field(default_factory=Counter)
    failed: list[str] = field(default_factory=list)
    last: str = ""
    left: int = 0

    @property
    def lost(self) -> set[str]:
        """Mails that had their 250 and have no errand."""
        return self.accepted - self.errands.keys()

    @property
    def sound(self) -> bool:
        """Whether nothing was lost or left, and no command failed."""
        return not (self.lost or self.lost_answers or self.left or self.failed)

    @property
    def lost_answers(self) -> set[str]:
        """Answers that had their 200 and did not arrive."""
        return self.answered - self.arrived.keys()


class Traffic:
    """Everything that happens to a house until `over` is set."""

    def __init__(self, house: House, books: Books, seed: int = 0) -> None:
        self.house = house
        self.books = books
        self.over = asyncio.Event()
        self.fault = "none"
        self._port = house.gateway.smtp_port
        self._chance = random.Random(seed)
        self._numbers = itertools.count()

    async def pause(self, seconds: float) -> None:
        """Wait, but not longer than it goes on."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self.over.wait(), seconds)

    # -- senders

    async def kept(self, size: int = 4_000) -> None:
        """Many mails over each connection."""
        while not self.over.is_set():
            async with connected(self._port) as client:
                if await _greeted(client):
                    for _ in range(50):
                        if self.over.is_set() or not await self._delivered(client, self._mail(size)):
                            break
                        await self.pause(PAUSE_SECONDS)

    async def new(self, size: int = 4_000, seconds: float = PAUSE_SECONDS, recipients: int = 1) -> None:
        """A connection for each mail, which is sent again until it is taken, as mail servers do."""
        while not self.over.is_set():
            mail, taken = self._mail(size), False
            while not (taken or self.over.is_set()):
                async with connected(self._port) as client:
                    taken = await _greeted(client) and await self._delivered(client, mail, recipients)
                await self.pause(seconds)

    async def cut(self) -> None:
        """Dialogues that break off anywhere."""
        while not self.over.is_set():
            sender = f"cut-{next(self._numbers)}@hostile.example.net"
            length = self._chance.randrange(sum(map(len, dialogue(sender))) + 1)
            cut = Cut(length, self._chance.choice(list(End)), self._chance.random() < 0.5, sender)
            async with asyncio.timeout(REPLY_SECONDS):
                if await cut_off(self._port, cut):
                    self.books.accepted.add(f"<{sender}>")
            await self.pause(3 * PAUSE_SECONDS)

    async def idle(self) -> None:
        """A connection that says nothing until it is ended, and comes back."""
        while not self.over.is_set():
            async with connected(self._port) as client:
                listening = asyncio.ensure_future(_to_the_end(client))
                ending = asyncio.ensure_future(self.over.wait())
                await asyncio.wait([listening, ending], return_when=asyncio.FIRST_COMPLETED)
            await asyncio.wait([listening])
            ending.cancel()

    def _mail(self, size: int) -> tuple[str, bytes]:
        """A Message-ID, and its mail as it is sent."""
        name = f"<soak-{next(self._numbers)}@client.example>"
        head = f"Message-ID: {name}\r\nFrom: asa@client.example\r\nTo: {SUPPORT}\r\nSubject: {name}\r\n\r\n".encode()
        return name, head + (b"x" * 76 + b"\r\n") * (size // 78) + b".\r\n"

    async def _delivered(self, client: Client, mail: tuple[str, bytes], recipients: int = 1) -> bool:
        """Send a mail over a connection that stands; whether it had its 250."""
        name, text = mail
        named = [SUPPORT, *(f"support+{number}@example.com" for number in range(1, recipients))]
        commands = ["MAIL FROM:<asa@client.example>", *(f"RCPT TO:<{one}>" for one in named), "DATA"]
        for command in (*(f"{one}\r\n".encode() for one in commands), text):
            reply = await _asked(client, command)
            if not reply.startswith(("250", "354")):
                self.books.refusals[reply[:9] or "hung up"] += 1
                return False
        self.books.accepted.add(name)
        self.books.last = reply.split()[-1]
        return True

    # -- Cention

    async def sicken(self, seconds: float) -> None:
        """One fault after the other, each for so long, and as long none; in the end there is none."""
        for name, fault in itertools.cycle(FAULTS):
            for self.fault, faults in ((name, [fault]), ("none", [])):
                if self.over.is_set():
                    break
                await asyncio.to_thread(self.house.simulator.faults, *faults)
                await self.pause(seconds)
            if self.over.is_set():
                break
        self.fault = "none"
        await asyncio.to_thread(self.house.simulator.faults)

    async def agent(self, done: asyncio.Event) -> None:
        """Look at each new errand, and answer some, until `done` and no errand is unseen."""
        numbers, session = await self._first_errand(done), requests.Session()
        with session:
            for number in numbers:
                while (errand := await asyncio.to_thread(_errand, session, self.house, number)) is None:
                    if done.is_set():
                        return
                    await asyncio.sleep(PAUSE_SECONDS)
                self.books.errands[message(errand)["message_id"]] += 1
                if number % ANSWERED == 0 and not self.over.is_set():
                    await asyncio.to_thread(self._answer, errand["id"])

    async def _first_errand(self, done: asyncio.Event) -> Iterator[int]:
        """Ids of errands are consecutive numbers, whatever the first one is."""
        while not (found := await asyncio.to_thread(self.house.simulator.errands)):
            if done.is_set():
                return iter(())
            await asyncio.sleep(PAUSE_SECONDS)
        return itertools.count(int(found[0]["id"]))

    def _answer(self, errand: str) -> None:
        token = f"answer-to-{errand}-of-the-soak"
        file = Upload("picture.png", "image/png", self._chance.randbytes(30_000))
        files = [file] if self._chance.random() < 0.5 else []
        try:
            self.house.simulator.answer(errand, token, attachments=files)
        except AssertionError as error:
            self.books.refusals[f"callback: {error!s:.40}"] += 1
        else:
            self.books.answered.add(token)

    # -- the operator

    async def reload(self, seconds: float) -> None:
        """SIGHUP now and then."""
        while not self.over.is_set():
            await self.pause(seconds)
            self.house.gateway.send(signal.SIGHUP)

    async def operate(self, seconds: float) -> None:
        """Commands beside the running program, which must all succeed."""
        commands = itertools.cycle((["queue", "list", "--json"], ["trace", ""], ["queue", "list", "--state", "parked"]))
        while not self.over.is_set():
            await self.pause(seconds)
            words = [word or self.books.last for word in next(commands)]
            ran = await asyncio.to_thread(self.house.gateway.command, *words)
            if ran.returncode != 0:
                self.books.failed.append(f"{' '.join(words)}: {ran.stderr.decode()[-200:]}")


class Smarthost:
    """Takes answers' mails; every tenth recipient is told to come again."""

    def __init__(self, books: Books, seed: int = 0) -> None:
        self._books = books
        self._chance = random.Random(seed)

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's name
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        if self._chance.random() < 0.1:
            return "451 4.3.0 not now"
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 ok"

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802 - the same
        mail = email.message_from_bytes(cast("bytes", envelope.original_content), policy=default)
        body = mail.get_body(("plain",))
        text = body.get_content() if body is not None else ""
        self._books.arrived.update(re.findall(r"answer-to-[0-9]+-of-the-soak", text)[:1])
        return "250 2.0.0 kept"


async def smarthost(books: Books) -> asyncio.Server:
    """Start one on a free port of 127.0.0.1."""
    loop = asyncio.get_running_loop()
    return await loop.create_server(lambda: SMTP(Smarthost(books), loop=loop), "127.0.0.1", 0)


async def _greeted(client: Client) -> bool:
    await client.reply()
    return (await _asked(client, b"EHLO client.example\r\n")).startswith("250")


async def _asked(client: Client, words: bytes) -> str:
    """The reply, "" where the other side has hung up."""
    try:
        async with asyncio.timeout(REPLY_SECONDS):
            return await client.asks(words)
    except ConnectionError:
        return ""


async def _to_the_end(client: Client) -> None:
    async for _ in client.replies():
        pass


def _errand(session: requests.Session, house: House, number: int) -> dict[str, Any] | None:
    """The errand of that number, None where there is none yet."""
    answer = session.get(f"http://127.0.0.1:{house.simulator.port}/_sim/errands/{number}", timeout=REPLY_SECONDS)
    if answer.status_code == requests.codes.not_found:
        return None
    answer.raise_for_status()
    found: dict[str, Any] = answer.json()
    return found
