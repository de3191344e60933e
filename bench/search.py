"""How long a search takes with a million mails in the spool: `scripts/bench search`. Figures are milliseconds.

`--url` is an empty spool of either kind, by default a SQLite file of its own. `--mails` makes it smaller.
"""

import argparse
import random
import statistics
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from sqlalchemy import Connection
from ulid import ULID

from bench import table
from gateway.spool import index, search
from gateway.spool.index import Words
from gateway.spool.rows import insert_rows
from gateway.spool.spool import Spool
from gateway.spool.tables import job, mail
from gateway.spool.wanted import Around, parse

_AT_ONCE = 5_000
_DAYS = 180
_AIM = 300.0
_ROUNDS = 20
# What people look for: what is in every mail, in some, in one, in none, and what no single index answers.
SEARCHES = (
    "",
    "order",
    "parcel",
    "or",
    "nowhere",
    "order nowhere",
    "ord par inv",
    "from:ann",
    "from:customer777777@mail77.example",
    "from:mail77.example subject:invoice",
    "to:support@example.com",
    'subject:"late parcel"',
    "errand:500000",
    "message-id:<order-500000@example.net>",
    "state:parked",
    "state:parked nowhere",
    "state:parked order",
    "state:done invoice",
    "-state:done",
    "route:rare",
    "route:rare order",
    "-route:support",
    "before:170d",
    "after:1h",
    "before:170d parcel",
    "larger:20MB",
    "-order",
    "has:attachment from:mail77.example -state:parked after:90d parcel",
)
_SUBJECTS = ("Order", "Invoice", "Late parcel", "Parcel arrived", "Question about my order", "Refund", "Complaint")


def fill(spool: Spool, mails: int) -> None:
    """Put mails in as the gateway would leave them, most of them done, spread over half a year."""
    chance = random.Random(8)
    since = time.time() - _DAYS * 86400
    for first in range(1, mails + 1, _AT_ONCE):
        numbers = range(first, min(first + _AT_ONCE, mails + 1))
        rows = [_mail(number, since + number * _DAYS * 86400 / mails, chance) for number in numbers]
        spool.change(lambda connection, rows=rows, first=first: _store(connection, rows, first)).result()  # type: ignore[misc]


def _mail(number: int, at: float, chance: random.Random) -> dict[str, Any]:
    return {
        "id": str(ULID.from_timestamp(at)),
        "received_at": at,
        "source": "smtp",
        "sender": f"customer{number}@mail{number % 997}.example",
        "recipients": ["support@example.com"],
        "peer": "192.0.2.1",
        "helo": "mx.example.net",
        "tls": "",
        "size": 4_000 if number % 1_000 else 25_000_000,
        "content_hash": f"{number:064x}",
        "message_id": f"<order-{number}@example.net>",
        "thread": [],
        "subject": f"{chance.choice(_SUBJECTS)} {number}",
        "from_address": f"customer{number}@mail{number % 997}.example",
    }


def _store(connection: Connection, mails: list[dict[str, Any]], first: int) -> None:
    insert_rows(connection, mail, mails)
    insert_rows(connection, job, [_job(row, first + place) for place, row in enumerate(mails)])
    words = {first + place: Words(sender="Ann Smith", attachments=place % 3) for place in range(len(mails))}
    index.add(connection, words)


def _job(row: dict[str, Any], number: int) -> dict[str, Any]:
    return {
        "kind": "errand",
        "mail_id": row["id"],
        "route": "support" if number % 100_000 else "rare",
        "lane": "route:support",
        "identity": f"{number:064x}",
        "state": "done" if number % 500 else "parked",
        "attempts": 0,
        "crashes": 0,
        "created_at": row["received_at"],
        "next_at": row["received_at"],
        "lease": 1,
        "leased_until": 0.0,
        "keep": False,
        "result": str(number),
        "detail": {},
    }


def measure(spool: Spool) -> Iterator[tuple[str, int, float, float]]:
    """Time each search: its text, how many are on the page, median and 95th percentile in milliseconds."""
    for text in SEARCHES:
        wanted, taken, rows = parse(text, Around(time.time())), [], 0
        for _ in range(_ROUNDS):
            began = time.perf_counter()
            rows = len(spool.read(lambda connection, wanted=wanted: search.page(connection, wanted, None, 50)).rows)  # type: ignore[misc]
            taken.append((time.perf_counter() - began) * 1000)
        yield text, rows, statistics.median(taken), statistics.quantiles(taken, n=20)[-1]


def _judged(worst: float) -> str:
    return f"{worst:.1f}" if worst <= _AIM else f"{worst:.1f} **missed**"


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(prog="scripts/bench search", description=__doc__)
    parser.add_argument("--url", default="")
    parser.add_argument("--mails", type=int, default=1_000_000)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="search-") as folder:
        spool = Spool(options.url or f"sqlite:///{Path(folder) / 'spool.db'}")
        began = time.perf_counter()
        fill(spool, options.mails)
        spool.change(lambda connection: connection.exec_driver_sql("ANALYZE")).result()
        print(f"{table.machine()}\n\n{options.mails} mails put in within {time.perf_counter() - began:.0f} s\n")
        print(table.markdown(["search", "rows", "median", "95th percentile"], []))
        for text, count, middle, worst in measure(spool):
            print(f"| {f'`{text}`' if text else '(nothing)'} | {count} | {middle:.1f} | {_judged(worst)} |", flush=True)
        spool.close()


if __name__ == "__main__":
    main()
