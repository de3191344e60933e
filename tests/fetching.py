"""Pollers at work without the rest of the program: a spool, the supervisor, and a loop in a thread of its own."""

import asyncio
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import select

from gateway.config.imap import Imap
from gateway.model import Mark, Position
from gateway.sources.imap import imap_pollers
from gateway.sources.poller import Poller, Status
from gateway.sources.supervisor import Supervisor
from gateway.sources.token import Token
from gateway.spool.fetching import Places
from gateway.spool.spool import Spool
from gateway.spool.tables import event, job, mail
from tests.servers.dovecot import PASSWORD, Dovecot
from tests.servers.program import wait_until

ROUTES = {"support@example.com": "support", "sales@example.com": "sales"}


class Fetching:
    """A spool in a folder, and pollers that fetch into it between `start` and `stop`, as often as one likes."""

    def __init__(self, folder: Path, max_size: int = 100_000_000) -> None:
        self.spool = Spool(f"sqlite:///{folder / 'spool.db'}")
        self.places = Places(self.spool, "A" * 26)
        self._max_size = max_size
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever)
        self._thread.start()
        self.supervisor = self._supervisor()

    def _supervisor(self) -> Supervisor:
        return Supervisor(self.spool, lambda names, _: set(names), self._max_size, 1_000_000)

    def start(self, pollers: Sequence[Poller]) -> None:
        """Start pollers."""

        async def started() -> None:
            self.supervisor.start(pollers)

        self.supervisor = self._supervisor()
        asyncio.run_coroutine_threadsafe(started(), self._loop).result(10)

    def stop(self, seconds: float = 15.0) -> None:
        """Stop the pollers; each has to end in time."""
        assert self.supervisor.stop(seconds) == 0, "a poller did not stop"

    def close(self) -> None:
        """End all of it."""
        self.supervisor.stop(15)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()
        self.spool.close()

    # -- what came of it

    def status(self, number: int = 0) -> Status:
        """How a poller is doing."""
        return self.supervisor.statuses[number]

    def raw(self) -> list[bytes]:
        """The mails in the spool, as they are there, oldest first."""
        names = self.spool.read(lambda connection: list(connection.scalars(select(mail.c.id).order_by(mail.c.id))))
        return [self._content(name) for name in names]

    def _content(self, name: str) -> bytes:
        with self.spool.raw(name) as found:
            return found.read_bytes() if isinstance(found, Path) else bytes(found)

    def count(self) -> int:
        """How many mails there are."""
        return len(self.spool.read(lambda connection: list(connection.scalars(select(mail.c.id)))))

    def envelopes(self) -> list[tuple[str, list[str]]]:
        """Sender and recipients of each mail, oldest first."""
        query = select(mail.c.sender, mail.c.recipients).order_by(mail.c.id)
        return self.spool.read(lambda connection: [(row[0], row[1]) for row in connection.execute(query)])

    def routes(self) -> list[str]:
        """The route of each job, oldest first."""
        return self.spool.read(lambda connection: list(connection.scalars(select(job.c.route).order_by(job.c.id))))

    def copies(self) -> int:
        """How often a mail came that was there."""
        query = select(event.c.id).where(event.c.step == "copy")
        return len(self.spool.read(lambda connection: list(connection.scalars(query))))

    def marks(self, mailbox: str = "box", folder: str = "INBOX") -> dict[str, Mark]:
        """What is remembered of single messages."""
        return {name: mark for name, mark in self.places.marks(mailbox, folder).items() if name != "since"}

    def position(self, mailbox: str = "box", folder: str = "INBOX") -> Position | None:
        """How far a folder was read."""
        return self.places.position(mailbox, folder)

    def wait_for(self, count: int, seconds: float = 30.0) -> None:
        """Wait until there are that many mails."""
        wait_until(lambda: self.count() >= count, f"{count} mails in the spool", seconds)

    def wait_until(self, true: Callable[[Status], object], what: str, seconds: float = 30.0) -> None:
        """Wait until something holds of the first poller's status."""
        wait_until(lambda: true(self.status()), f"{what}; it is {self.status()}", seconds)

    def wait_for_rest(self, seconds: float = 30.0) -> None:
        """Wait until the first poller has once more found all taken and finished."""
        before = self.status().last_success
        self.wait_until(lambda status: status.last_success > before, "a round without trouble", seconds)


def mailbox(server: Dovecot, user: str, **settings: Any) -> Imap:
    """Settings of a mailbox, `box` unless named, looked at each second."""
    reference = Path(server.maildir(user).parent.parent / "password")
    reference.write_text(PASSWORD)
    values = {
        "name": "box",
        "host": "127.0.0.1",
        "port": server.imap_port,
        "security": "none",
        "user": user,
        "password": f"file:{reference}",
        "route": "support",
        "interval": "1 s",
        "timeout": "10 s",
    }
    return Imap.model_validate(values | settings)


def no_tokens(name: str) -> Token:
    """Mailboxes here have passwords."""
    raise LookupError(name)


def pollers(house: Fetching, *mailboxes: Imap) -> Sequence[Poller]:
    """The pollers of mailboxes."""
    return imap_pollers(mailboxes, house.places, ROUTES.get, no_tokens)


@contextmanager
def fetching(folder: Path, **settings: Any) -> Iterator[Fetching]:
    """Have one."""
    house = Fetching(folder, **settings)
    try:
        yield house
    finally:
        house.close()


def letter(number: int, size: int = 0, to: str = "support@example.com", subject: str = "letter") -> bytes:
    """A mail with a Message-ID of its own, about `size` bytes long or longer."""
    head = (
        f"Return-Path: <asa@client.example>\r\nDelivered-To: {to}\r\nFrom: Asa <asa@client.example>\r\nTo: {to}\r\n"
        f"Subject: {subject} {number}\r\nMessage-ID: <{number}@client.example>\r\n"
        "Date: Tue, 01 Oct 2024 10:00:00 +0000\r\n\r\n"
    )
    line = "The quick brown fox jumps over the lazy dog and counts to twelve.\r\n"
    return (head + line * max(1, (size - len(head)) // len(line))).encode()
