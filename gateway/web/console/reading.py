"""Mails read for the pages, in child processes that can be ended: a hostile one hurts nothing but its own page."""

from typing import TypeVar, cast

from gateway.config.settings import Settings
from gateway.config.worker import WorkerSection
from gateway.errors import Permanent
from gateway.flow.child import ReaderDied, Work
from gateway.flow.inbound import Reading
from gateway.flow.readers import Readers
from gateway.spool.spool import Spool
from gateway.web.console.sight import Asked, File, Seen, answered

T = TypeVar("T", Seen, File)
_CHILDREN = 2


class Reader:
    """Asks the children. Each call may come from any thread, and raises GatewayError with the reason where it fails."""

    def __init__(self, worker: WorkerSection, spool: Spool) -> None:
        self._spool = spool
        scratch = spool.door.parent if spool.door is not None else None
        work = cast("Work", answered)
        self._readers = Readers(_CHILDREN, worker.read_timeout, worker.read_memory, work, folder=scratch)

    def seen(self, name: str, settings: Settings, asked: Asked) -> Seen:
        """Return what a mail says, and what would become of it."""
        return cast("Seen", self._ask(name, asked.of(settings)))

    def file(self, name: str, settings: Settings, asked: Asked) -> File:
        """Return a file of a mail, or its page as HTML; Permanent where there is no such."""
        found = cast("File | None", self._ask(name, asked.of(settings)))
        if found is None:
            raise Permanent("there is no such file in the mail")
        return found

    def _ask(self, name: str, asked: Asked) -> object:
        """A child sends back what its work returned, and is asked with what its work takes, whatever these are."""
        try:
            if asked.document:
                return self._readers.read(self._spool.document(name), cast("Reading", asked))
            with self._spool.raw(name) as content:
                return self._readers.read(content, cast("Reading", asked))
        except ReaderDied as died:
            raise Permanent(f"it could not be read: {died}") from died

    def close(self) -> None:
        """End the children."""
        self._readers.close()
