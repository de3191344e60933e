"""Stock aiosmtpd that stores each mail in SQLite with a transaction of its own, as durably as the gateway does.

`python -m bench.peers.stock_aiosmtpd PORT FILE`; runs until SIGTERM.
"""

import signal
import sqlite3
import sys
from typing import Any

from aiosmtpd.controller import Controller


class Store:
    """A handler: the commit, with its sync, is done when the 250 is returned."""

    def __init__(self, file: str) -> None:
        self._spool = sqlite3.connect(file, check_same_thread=False, isolation_level=None)
        self._spool.execute("PRAGMA journal_mode=WAL")
        self._spool.execute("PRAGMA synchronous=FULL")
        self._spool.execute("CREATE TABLE mail (id INTEGER PRIMARY KEY, sender TEXT, recipients TEXT, content BLOB)")

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802 - aiosmtpd's name
        """Store a mail (aiosmtpd's hook)."""
        row = (envelope.mail_from, ",".join(envelope.rcpt_tos), envelope.content)
        self._spool.execute("BEGIN IMMEDIATE")
        self._spool.execute("INSERT INTO mail (sender, recipients, content) VALUES (?, ?, ?)", row)
        self._spool.execute("COMMIT")
        return "250 OK"


def main() -> None:
    """Serve until SIGTERM."""
    port, file = sys.argv[1:]
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM])
    controller = Controller(Store(file), hostname="127.0.0.1", port=int(port))
    controller.start()
    signal.sigwait([signal.SIGTERM])
    controller.stop()


if __name__ == "__main__":
    main()
