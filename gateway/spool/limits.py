"""The limits of a spool: whether so much lies or waits there that no more may be taken; whether it can be written."""

import time

from sqlalchemy import Connection, delete, insert

from gateway.spool import query
from gateway.spool.spool import Spool
from gateway.spool.tables import cursor

_STEPS = 50
_PROBE = {"mailbox": "", "folder": "probe", "uidvalidity": 0, "uid": 0}


def look_again(spool: Spool) -> None:
    """Where the store refused a write, find out whether it takes one now; raises what it says if not."""
    if spool.writer.trouble:
        spool.change(_probe).result()
        spool.writer.trouble = ""


def _probe(connection: Connection) -> None:
    connection.execute(insert(cursor), _PROBE)
    connection.execute(delete(cursor).where(cursor.c.mailbox == "", cursor.c.folder == "probe"))


def reached(spool: Spool, most_bytes: int, most_waiting: int) -> str:
    """Return which limit is reached, as a sentence; "" for none. 0 is no limit.

    Over the limit of bytes, the content of finished mails is forgotten early, as much as makes room.
    """
    if most_waiting and (waiting := spool.read(query.unfinished)) >= most_waiting:
        return f"{waiting} jobs wait, the limit is {most_waiting} (gateway.max_waiting)"
    if most_bytes and (size := _made_room(spool, most_bytes)) >= most_bytes:
        return f"the spool holds {size} bytes of mail, the limit is {most_bytes} (gateway.max_spool)"
    return ""


def _made_room(spool: Spool, most_bytes: int) -> int:
    size = spool.read(query.content_size)
    for _ in range(_STEPS):
        if size < most_bytes or not spool.forget(time.time(), 0.0):
            break
        size = spool.read(query.content_size)
    return size
