"""The spool as other rooms see it: `accept` is the only "yes, we have it", and it says so after the commit (rule 1)."""

import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from typing import Any, TypeAlias, TypeVar

from sqlalchemy import Connection, select
from sqlalchemy.exc import SQLAlchemyError
from ulid import ULID

from gateway.errors import Permanent, Reason
from gateway.model import Envelope, Receipt
from gateway.spool import database, intake, jobs, link, place, retention
from gateway.spool.accept import BLOB_THRESHOLD, Acceptor, settled
from gateway.spool.batched import Batched
from gateway.spool.body import Body
from gateway.spool.errors import spool_error
from gateway.spool.room import Room
from gateway.spool.tables import callback, mail
from gateway.spool.writer import Change, Writer

T = TypeVar("T")
# So many mails of 128 KB, the largest that are rows, are forgotten in about 20 ms; that long others may have to wait.
_FORGET_AT_ONCE = 50
Submit: TypeAlias = Callable[[Change[Any]], "Future[Any]"]


class Spool:
    """An open spool. `on_work` is called (from any thread) whenever there may be something new to do.

    Changes go to the writer of this process, or to `submit`: that is the link to the process that has the spool open.
    """

    def __init__(
        self,
        url: str,
        min_free: int = 0,
        *,
        bodies: str = "",
        threshold: int = BLOB_THRESHOLD,
        submit: Submit | None = None,
    ) -> None:
        self.on_work: Callable[[], None] = lambda: None
        self.bodies, folder = place.bodies_of(url, bodies, self.change, self.read)
        self.database = database.open_database(url)
        self.door = place.door_of(url)
        self.writer = Writer(self.database.writing)
        self._submit: Submit = submit or self.writer.submit
        self.acceptor = Acceptor(self.bodies, self.change, Room(folder, min_free), threshold)

    @property
    def name(self) -> str:
        """Return where the spool is, without a password."""
        return self.database.name

    def own(self) -> int:
        """Become a worker of this spool: put back leases of the dead, sweep orphaned bodies, return how many.

        SettingsError when there can be one alone, and another `run` has it.
        """
        lost_before = self.database.own()
        self.change(partial(jobs.recover, now=lost_before)).result()
        self.database.watch(self._wake)
        return self.sweep()

    def doubts(self) -> list[str]:
        """Say what makes it doubtful that "yes" outlives a power cut, a line each. Temporary when nobody can say."""
        try:
            return self.database.doubts()
        except SQLAlchemyError as error:
            raise spool_error(error) from error

    def sweep(self) -> int:
        """Delete the bodies that no mail refers to and nobody can be writing; return how many."""
        return self.bodies.sweep(self.referred)

    def referred(self, names: Sequence[str]) -> set[str]:
        """Find which of these bodies, which are named as their mails, mails refer to."""
        there = select(mail.c.blob).where(mail.c.id.in_(names), mail.c.blob.is_not(None))
        return self.read(lambda connection: set(connection.scalars(there)))

    def _wake(self) -> None:
        self.on_work()

    def close(self) -> None:
        """Commit what is waiting and close the database."""
        self.writer.close()
        self.acceptor.close()
        self.database.close()

    def body(self, max_head: int = 1_000_000) -> Body:
        """Start taking a mail's bytes."""
        return self.acceptor.body(max_head)

    def check_room(self, size: int = 0) -> None:
        """Raise Full when there is no room for a mail of that size."""
        self.acceptor.check_room(size)

    async def accept(self, envelope: Envelope, body: Body, routes: Sequence[str]) -> Receipt:
        """Make a mail durable (`Acceptor.accept`), and wake whoever works on it."""
        receipt = await self.acceptor.accept(envelope, body, routes)
        self.on_work()
        return receipt

    async def accept_callback(
        self, workspace: str, identity: str, errand: str, document: bytes, note: dict[str, Any], *, work: bool
    ) -> Receipt:
        """Make a callback's document durable, with a job if there is `work`; recognise a repeat by `identity`."""
        self.check_room(len(document))
        row = {
            "id": str(ULID()),
            "workspace": workspace,
            "received_at": time.time(),
            "identity": identity,
            "errand": errand,
            "document": document,
        }
        receipt = await settled(self.change(Batched(intake.accept_callbacks, intake.Called(row, note, work))))
        self.on_work()
        return receipt

    def change(self, change: Change[T]) -> "Future[T]":
        """Have the writer commit a change (`spool.jobs` has them); the future holds its result after the commit."""
        future: Future[T] = self._submit(change)
        return future

    def read(self, query: Callable[[Connection], T]) -> T:
        """Run a query (`spool.query` has them) on a connection that only reads. Temporary when it cannot be run."""
        try:
            with self.database.reading.connect() as connection:
                return query(connection)
        except SQLAlchemyError as error:
            raise spool_error(error) from error

    @contextmanager
    def raw(self, mail_id: str) -> Iterator[bytes | Path]:
        """Have a mail's bytes, or a file they are in for as long as the context lasts.

        Permanent when the mail is not there, or its body is not whole.
        """
        content = select(mail.c.raw, mail.c.blob, mail.c.size).where(mail.c.id == mail_id)
        row = self.read(lambda connection: connection.execute(content).first())
        if row is None or (row.raw is None and row.blob is None):
            raise Permanent(f"mail {mail_id} is not in the spool any more", reason=Reason.CONTENT_MISSING)
        if row.blob is None:
            yield bytes(row.raw)
            return
        with ExitStack() as stack:
            try:
                path = stack.enter_context(self.bodies.open(row.blob))
            except FileNotFoundError as error:
                raise Permanent(f"the body of mail {mail_id} is missing", reason=Reason.CONTENT_MISSING) from error
            if (size := path.stat().st_size) != row.size:
                raise Permanent(
                    f"the body of mail {mail_id} is not whole: it has {size} bytes of {row.size}",
                    reason=Reason.CONTENT_MISSING,
                )
            yield path

    def document(self, callback_id: str) -> bytes:
        """Return a callback's document as it came. Permanent when the callback is not there."""
        found = self.read(
            lambda connection: connection.scalar(select(callback.c.document).where(callback.c.id == callback_id))
        )
        if found is None:
            raise Permanent(f"callback {callback_id} is not in the spool", reason=Reason.CONTENT_MISSING)
        return bytes(found)

    def forget(self, content_before: float, rows_before: float, most: int = 200) -> int:
        """Remove some content of what was finished before the first time, some rows before the second.

        Return how much, about `most`; it is done in steps, between which others can write.
        """
        step = partial(retention.forget, content_before=content_before, rows_before=rows_before, most=_FORGET_AT_ONCE)
        count = 0
        while count < most:
            gone = self.change(step).result()
            self.bodies.remove(gone.blobs)
            if not gone.count:
                break
            count += gone.count
        return count


@contextmanager
def beside(url: str, min_free: int = 0, *, bodies: str = "") -> Iterator[Spool]:
    """Open a spool for a command: changes go to the gateway that has it open, or are our own while none runs."""
    with ExitStack() as stack:
        door = place.door_of(url)
        near = link.connect(door) if door is not None else None
        submit = stack.enter_context(link.joined(near)).submit if near is not None else None
        spool = Spool(url, min_free, bodies=bodies, submit=submit)
        stack.callback(spool.close)
        yield spool
