"""Those who fetch a mailbox, each a program of its own: `python -m bench.fetch ours PORT COUNT FOLDER`.

They end once they have it all, and print how many seconds that took, from before the connection is made: a gateway
runs for months, so that its start is no part of it. What they have is durable.
"""

import asyncio
import sqlite3
import sys
import threading
import time
from pathlib import Path

from imapclient import IMAPClient
from sqlalchemy import func, select

from bench.dovecot import PASSWORD, USER
from bench.program import BenchError
from gateway.config.imap import Imap
from gateway.config.units import Secret
from gateway.log import configure
from gateway.sources.imap import imap_pollers
from gateway.sources.supervisor import Supervisor
from gateway.sources.token import Token
from gateway.spool.fetching import Places
from gateway.spool.spool import Spool
from gateway.spool.tables import mail

configure("json", "warning")
_LIMIT_SECONDS = 300.0
_MOST = 1_000_000_000
_COUNTED = select(func.count()).select_from(mail)


def no_tokens(name: str) -> Token:
    """The mailbox has a password."""
    raise BenchError(f"no token of {name}")


def ours(port: int, count: int, folder: Path, after: str = "keep") -> None:
    """Our poller, into a spool on disk."""
    settings = Imap(
        name="bench",
        host="127.0.0.1",
        port=port,
        security="none",
        user=USER,
        password=Secret(PASSWORD, inline=True),
        route="bench",
        since="all",
        after=after,
        max_size=_MOST,
        interval=60.0,
    )
    spool = Spool(f"sqlite:///{folder / 'spool.db'}")
    supervisor = Supervisor(spool, lambda names, _: set(names), _MOST, 1_000_000)
    loop = asyncio.new_event_loop()
    threading.Thread(target=loop.run_forever, daemon=True).start()

    async def start() -> None:
        supervisor.start(imap_pollers([settings], Places(spool, "A" * 26), lambda _: None, no_tokens))

    began = time.perf_counter()
    asyncio.run_coroutine_threadsafe(start(), loop).result()
    deadline = time.monotonic() + _LIMIT_SECONDS
    while not supervisor.statuses[0].last_success and time.monotonic() < deadline:
        time.sleep(0.01)
    print(time.perf_counter() - began)
    found = spool.read(lambda connection: connection.scalar(_COUNTED))
    if found != count:
        sys.exit(f"{found} of {count} mails: {supervisor.statuses[0]}")
    supervisor.stop(10)


def seen(port: int, count: int, folder: Path) -> None:
    """Our poller, which also marks as read what is committed."""
    ours(port, count, folder, "seen")


def plain(port: int, count: int, folder: Path) -> None:
    """A loop on imapclient as it is mostly written: a message, a commit, the next one."""
    database = sqlite3.connect(folder / "mails.db")
    database.execute("PRAGMA journal_mode=WAL")
    database.execute("PRAGMA synchronous=FULL")
    database.execute("CREATE TABLE mail (uid INTEGER PRIMARY KEY, raw BLOB)")
    began = time.perf_counter()
    with IMAPClient("127.0.0.1", port=port, ssl=False) as client:
        client.login(USER, PASSWORD)
        client.select_folder("INBOX", readonly=True)
        for uid in client.search():
            raw = client.fetch([uid], ["BODY.PEEK[]"])[uid][b"BODY[]"]
            with database:
                database.execute("INSERT INTO mail VALUES (?, ?)", (uid, raw))
    print(time.perf_counter() - began)
    [[found]] = database.execute("SELECT count(*) FROM mail")
    if found != count:
        sys.exit(f"{found} of {count} mails")


if __name__ == "__main__":
    {"ours": ours, "seen": seen, "plain": plain}[sys.argv[1]](int(sys.argv[2]), int(sys.argv[3]), Path(sys.argv[4]))
