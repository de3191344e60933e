"""The newest jobs that are not at their end, for a shell that completes a command: read at once, or not at all.

It goes by the database's own driver, as what the rest of the spool rests on takes longer to load than a key press may.
"""

import sqlite3
from contextlib import closing
from typing import NamedTuple

from gateway.errors import GatewayError
from gateway.spool.place import backend_of, file_of

_SECONDS = 0.2
_QUERY = """
    SELECT job.id, coalesce(job.mail_id, job.callback_id), job.kind, job.state, job.route, coalesce(mail.subject, '')
    FROM job LEFT JOIN mail ON mail.id = job.mail_id
    WHERE job.state IN ('queued', 'working', 'held', 'parked') ORDER BY job.id DESC LIMIT {most:d}
"""


class Newest(NamedTuple):
    """A job's number, the id of its mail or answer, and what it is, short."""

    number: str
    subject: str
    said: str


def newest(url: str, most: int) -> list[Newest]:
    """Return up to `most` jobs, newest first; none where the spool cannot be asked, or does not answer at once."""
    query = _QUERY.format(most=most)
    try:
        rows = _sqlite(url, query) if backend_of(url) == "sqlite" else _postgresql(url, query)
    except (GatewayError, sqlite3.Error):
        return []
    return [
        Newest(str(number), subject, " ".join(filter(None, [state, kind, route, title])))
        for number, subject, kind, state, route, title in rows
    ]


def _sqlite(url: str, query: str) -> list[tuple[int, str, str, str, str, str]]:
    path = file_of(url).absolute().as_uri()
    with closing(sqlite3.connect(f"{path}?mode=ro", uri=True, timeout=_SECONDS)) as connection:
        return connection.execute(query).fetchall()


def _postgresql(url: str, query: str) -> list[tuple[int, str, str, str, str, str]]:
    import psycopg

    try:
        with psycopg.connect(url.replace("+psycopg", "", 1), connect_timeout=2) as connection:
            return connection.execute(query).fetchall()
    except psycopg.Error:
        return []
