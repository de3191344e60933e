"""The limits of a spool: whether so much lies or waits there that no more may be taken until work has caught up."""

from gateway.spool import query
from gateway.spool.spool import Spool


def reached(spool: Spool, most_bytes: int, most_waiting: int) -> str:
    """Return which limit is reached, as a sentence; "" for none. 0 is no limit."""
    if most_waiting and (waiting := spool.read(query.unfinished)) >= most_waiting:
        return f"{waiting} jobs wait, the limit is {most_waiting} (gateway.max_waiting)"
    if most_bytes and (size := spool.read(query.content_size)) >= most_bytes:
        return f"the spool holds {size} bytes of mail, the limit is {most_bytes} (gateway.max_spool)"
    return ""
