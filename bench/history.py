"""A spool with a past: many finished mails put in by plain SQL, as the program would have left them."""

import sqlite3
import time
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from gateway.spool.spool import Spool

DAY = 86400.0
CONTENT_BYTES = 4000

# One row for each number; with content from :kept on, and without it before, as retention leaves them.
_NUMBERS = "WITH RECURSIVE n(i) AS (SELECT :first UNION ALL SELECT i + 1 FROM n WHERE i + 1 < :end)"
_MAIL = f"""
INSERT INTO mail (id, received_at, source, sender, recipients, peer, helo, tls, size, content_hash, message_id, thread,
                  subject, from_address, blob, raw)
{_NUMBERS}
SELECT printf('01%024d', i), :since + (i - :first) * :step, 'smtp', 'ann@example.net', '["support@example.com"]',
       '192.0.2.1', 'mx.example.net', '', :bytes, lower(hex(randomblob(32))), printf('<order-%d@example.net>', i), '[]',
       printf('Order %d', i), 'ann@example.net', NULL, CASE WHEN i >= :kept THEN randomblob(:bytes) END
FROM n"""
_JOB = f"""
INSERT INTO job (kind, mail_id, callback_id, route, lane, identity, state, attempts, crashes, created_at, next_at,
                 lease, leased_until, hold, keep, result, error, detail)
{_NUMBERS}
SELECT 'errand', printf('01%024d', i), NULL, 'support', 'route:support', lower(hex(randomblob(32))), 'done', 0, 0,
       :since + (i - :first) * :step, :since + (i - :first) * :step, 1, 0.0, NULL, 0, printf('%d', i), NULL, '{{}}'
FROM n"""
_EVENT = f"""
INSERT INTO event (subject, at, step, detail)
{_NUMBERS}, steps(step) AS (VALUES ('accepted'), ('read'), ('created'))
SELECT printf('01%024d', i), :since + (i - :first) * :step, steps.step, '{{"bytes": 4242, "attachments": 0}}'
FROM n, steps WHERE i >= :kept"""


@dataclass(frozen=True, slots=True)
class Past:
    """Finished mails numbered from `first` to before `end`, spread evenly over the last `days`.

    Those from `kept` on have their content and their events still.
    """

    first: int
    end: int
    kept: int
    days: float


def make(file: Path) -> None:
    """Make an empty spool, by the program's own migrations."""
    Spool(f"sqlite:///{file}").close()


def fill(file: Path, past: Past) -> None:
    """Put a past into a spool that nobody has open."""
    seconds = past.days * DAY
    values = {
        "first": past.first,
        "end": past.end,
        "kept": past.kept,
        "since": time.time() - seconds,
        "step": seconds / (past.end - past.first),
        "bytes": CONTENT_BYTES,
    }
    with closing(sqlite3.connect(file, isolation_level=None)) as spool:
        for pragma in ("journal_mode=OFF", "synchronous=OFF", "cache_size=-400000"):
            spool.execute(f"PRAGMA {pragma}")
        spool.execute("BEGIN")
        for statement in (_MAIL, _JOB, _EVENT):
            spool.execute(statement, values)
        spool.execute("COMMIT")


def size(file: Path) -> int:
    """Return the bytes that a spool takes on the disk, its log included."""
    return sum(path.stat().st_size for path in (file, file.with_name(f"{file.name}-wal")) if path.exists())
