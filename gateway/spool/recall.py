"""What sending answers needs to know of the spool, for several of them in one look: most have little to be read."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from sqlalchemy import Connection, bindparam, case, func, select

from gateway.spool import query
from gateway.spool.intake import errand_lane
from gateway.spool.tables import callback

# A larger one is read when its turn comes: all that are in hand would be in memory at once.
_SMALL = 64 * 1024
_CALLBACKS = select(
    *(callback.c.id, callback.c.errand),
    case((func.length(callback.c.document) <= _SMALL, callback.c.document)).label("document"),
).where(callback.c.id.in_(bindparam("ids", expanding=True)))


class Recalled(NamedTuple):
    """A callback's errand, its document, the mail that made that errand as `query.mail_of_errand` has it, if one did.

    The document is None for a large one and for one that is not there: `Spool.document` has it or says so. `to_come`
    says that there may be a mail soon: errands are being made in these routes.
    """

    errand: str = ""
    document: bytes | None = None
    maker: dict[str, Any] | None = None
    to_come: bool = False


def recall(connection: Connection, names: Sequence[str], routes: Sequence[str]) -> dict[str, Recalled]:
    """Return what is known of these callbacks, whose errands were made in one of these routes."""
    rows = connection.execute(_CALLBACKS, {"ids": names}).all()
    makers = query.mails_of_errands(connection, list({row.errand for row in rows}), routes)
    missing = any(row.errand not in makers for row in rows)
    to_come = missing and any(query.in_hand(connection, errand_lane(route)) for route in routes)
    return {
        name: Recalled(errand, bytes(document) if document is not None else None, makers.get(errand), to_come)
        for name, errand, document in rows
    }
