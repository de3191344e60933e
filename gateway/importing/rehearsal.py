"""What an import would do: a store that takes mails, asks the spool for each whether it has it, and keeps none."""

from collections.abc import Sequence

from sqlalchemy import Connection, select

from gateway.model import Envelope, Receipt
from gateway.spool.identity import ContentHash, job_identity
from gateway.spool.spool import Spool
from gateway.spool.tables import job


class Hashed:
    """A mail of which only the hash is kept."""

    def __init__(self, max_head: int) -> None:
        self.size = 0
        self.content = ContentHash(max_head)

    @property
    def head(self) -> bytes:
        """The header block, as far as it has come."""
        return self.content.head

    async def write(self, data: bytes) -> None:
        """Take the next bytes; TooLarge for the header."""
        self.content.update(data)
        self.size += len(data)

    def close(self) -> None:
        """Nothing is to be given up."""


class Rehearsal:
    """Stands before a spool."""

    def __init__(self, spool: Spool) -> None:
        self._spool = spool
        self._seen: set[bytes] = set()

    def body(self, max_head: int) -> Hashed:
        """Start taking a mail's bytes."""
        return Hashed(max_head)

    def check_room(self, size: int = 0) -> None:
        """There is room for nothing."""

    async def accept(self, envelope: Envelope, body: Hashed, routes: Sequence[str]) -> Receipt:
        """Return whether the spool, or an earlier call, has the mail on each of its routes."""
        del envelope
        wanted = {job_identity(route, body.content.digest()) for route in routes}
        known = self._spool.read(lambda connection: _known(connection, wanted))
        known |= {identity for identity in wanted if _short(identity) in self._seen}
        self._seen.update(map(_short, wanted))
        return Receipt("", repeat=known == wanted)


def _known(connection: Connection, identities: set[str]) -> set[str]:
    return set(connection.scalars(select(job.c.identity).where(job.c.identity.in_(identities))))


def _short(identity: str) -> bytes:
    """Return as much of an identity as tells millions apart."""
    return bytes.fromhex(identity[:24])
