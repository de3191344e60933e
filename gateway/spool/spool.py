"""The spool as other rooms see it: `accept` is the only "yes, we have it", and it says so after the commit (rule 1)."""

import fcntl
import os
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import Connection, select
from ulid import ULID

from gateway.errors import Permanent, SettingsError
from gateway.model import Envelope, Receipt
from gateway.spool import database, intake, jobs, retention
from gateway.spool.accept import BLOB_THRESHOLD, Acceptor, settled
from gateway.spool.blobs import Blobs
from gateway.spool.body import Body
from gateway.spool.room import Room
from gateway.spool.tables import callback, mail
from gateway.spool.writer import Change, Writer

T = TypeVar("T")


class Spool:
    """An open spool. `on_work` is called (from any thread) whenever there may be something new to do."""

    def __init__(self, url: str, min_free: int = 0, *, threshold: int = BLOB_THRESHOLD) -> None:
        path = database.file_of(url)
        if not path.parent.is_dir():
            raise SettingsError([f"gateway.spool: no folder {path.parent}; create it, owned by the user that runs us"])
        self.on_work: Callable[[], None] = lambda: None
        self._path = path
        database.create(path)
        self._writing = database.connect(url, writing=True)
        self._reading = database.connect(url, writing=False)
        try:
            database.migrate(self._writing, str(path))
        except SettingsError:
            raise
        except Exception as error:
            raise SettingsError([f"gateway.spool: {path} cannot be opened: {getattr(error, 'orig', error)}"]) from error
        self.blobs = Blobs(path.with_name(f"{path.name}.blobs"))
        self.writer = Writer(self._writing)
        self.acceptor = Acceptor(self.blobs, self.change, Room(path.parent, min_free), threshold)
        self._lock: int | None = None

    @property
    def name(self) -> str:
        """Return where the spool is, without a password."""
        return str(self._path)

    @property
    def door(self) -> Path | None:
        """Return the socket at which the process that has the spool open takes changes of others; None: none needed."""
        return self._path.with_name(f"{self._path.name}.sock")

    def own(self) -> int:
        """Become the one worker of this spool: put back leases of the dead, sweep orphaned bodies, return how many.

        SettingsError when another `run` has it.
        """
        self._lock = os.open(
            self._path.with_name(f"{self._path.name}.lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600
        )
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise SettingsError([f"gateway.spool: {self._path} is in use by another running gateway"]) from error
        self.change(lambda connection: jobs.recover(connection, None)).result()
        return self.blobs.sweep(lambda name: self.read(lambda connection: _refers(connection, name)))

    def close(self) -> None:
        """Commit what is waiting and close the files."""
        self.writer.close()
        self.acceptor.close()
        self._reading.dispose()
        self._writing.dispose()
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

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
        change = self.change(partial(intake.accept_callback, row=row, note=note, work=work))
        receipt = await settled(change)
        self.on_work()
        return receipt

    def change(self, change: Change[T]) -> "Future[T]":
        """Have the writer commit a change (`spool.jobs` has them); the future holds its result after the commit."""
        return self.writer.submit(change)

    def read(self, query: Callable[[Connection], T]) -> T:
        """Run a query (`spool.query` has them) on a connection that only reads."""
        with self._reading.connect() as connection:
            return query(connection)

    def raw(self, mail_id: str) -> bytes | Path:
        """Return a mail's bytes, or the file they are in. Permanent when the mail is not there."""
        row = self.read(
            lambda connection: connection.execute(select(mail.c.raw, mail.c.blob).where(mail.c.id == mail_id)).first()
        )
        if row is None or (row.raw is None and row.blob is None):
            raise Permanent(f"mail {mail_id} is not in the spool any more")
        if row.blob is None:
            return bytes(row.raw)
        path = self.blobs.path(row.blob)
        if not path.exists():
            raise Permanent(f"the body of mail {mail_id} is missing: {path}")
        return path

    def document(self, callback_id: str) -> bytes:
        """Return a callback's document as it came. Permanent when the callback is not there."""
        found = self.read(
            lambda connection: connection.scalar(select(callback.c.document).where(callback.c.id == callback_id))
        )
        if found is None:
            raise Permanent(f"callback {callback_id} is not in the spool")
        return bytes(found)

    def forget(self, content_before: float, rows_before: float, most: int = 200) -> int:
        """Remove some content of what was finished before the first time, some rows before the second."""

        def change(connection: Connection) -> retention.Forgotten:
            content = retention.forget_content(connection, content_before, most)
            rows = retention.forget_rows(connection, rows_before, most)
            return retention.Forgotten(content.count + rows.count, content.blobs)

        gone = self.change(change).result()
        self.blobs.remove(gone.blobs)
        return gone.count


def _refers(connection: Connection, name: str) -> bool:
    return connection.scalar(select(mail.c.id).where(mail.c.blob == name)) is not None


def _kept(done: "Future[Receipt]") -> bool:
    return not done.cancelled() and done.exception() is None and not done.result().repeat
