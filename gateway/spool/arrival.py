"""A mail that arrives, as a value that travels to the spool's process; whoever only sends it needs no database."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from gateway.model import Envelope, Receipt
from gateway.spool.identity import job_identity

if TYPE_CHECKING:
    from sqlalchemy import Connection

_SESSION = ("source", "peer", "helo", "tls", "sender", "recipients")


def mail_row(
    identifier: str, envelope: Envelope, content_hash: str, size: int, raw: bytes | None, now: float
) -> dict[str, Any]:
    """Return the row of an accepted mail; `raw` is None when the bytes are in the blob of that name."""
    return {
        "id": identifier,
        "received_at": now,
        "source": envelope.source,
        "sender": envelope.sender,
        "recipients": list(envelope.recipients),
        "peer": envelope.peer,
        "helo": envelope.helo,
        "tls": envelope.tls,
        "size": size,
        "content_hash": content_hash,
        "blob": identifier if raw is None else None,
        "raw": raw,
    }


class Arrival(NamedTuple):
    """A mail to be stored: its row, the routes that it came for, and whether it says which mail it is.

    One that does not (`distinct` False: no Message-ID and no Date) is never taken for a copy.
    """

    row: dict[str, Any]
    routes: tuple[str, ...]
    distinct: bool

    def identities(self) -> dict[str, str]:
        """Return, for each route, what makes this mail the same as another one there."""
        hashed = self.row["content_hash"] if self.distinct else self.row["id"]
        return {job_identity(route, hashed): route for route in self.routes}

    def session(self) -> dict[str, Any]:
        """Return what the trace says of how it came."""
        return {name: self.row[name] for name in _SESSION if self.row[name]}


def store(connection: "Connection", arrivals: Sequence[Arrival]) -> list[Receipt]:
    """Store mails: `intake.accept_mails`, by a name that travels without it."""
    from gateway.spool.intake import accept_mails

    return accept_mails(connection, arrivals)
