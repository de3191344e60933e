"""A program that accepts mails into a spool and says each "yes" on standard output, with parts left out on request.

`python -m tests.fault.accepting URL [--small] [--without PART]`: it says "open", and then for each number N on standard
input accepts mails up to mail N, several at once. A line of output is a thing that happened, in order:

    accepted NUMBER ID      `accept` has returned: the mail is durable
    created PATH            a name that is not durable until its folder is synced (POSIX promises no more)
    synced FOLDER           all names in it are durable
"""

import argparse
import asyncio
import os
import stat
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from sqlalchemy import event
from sqlalchemy.pool import Pool

from gateway.model import Envelope
from gateway.spool.spool import Spool

SESSIONS = 8
# Rows and files, in the order in which they come.
SIZES = (2_000, 30_000, 2_000, 150_000, 9_000, 600_000)
SMALL = (2_000, 9_000)
PARTS = {"commit": "the database's sync at commit", "file": "the large body's sync", "folder": "the sync of its name"}
ENVELOPE = Envelope("smtp", "asa@client.example", ("support@example.com",))


def mail(number: int, sizes: tuple[int, ...] = SIZES) -> bytes:
    """Mail number `number`: its size by turns, each line of it different from any other."""
    head = f"Message-ID: <{number}@power.example>\r\nFrom: asa@client.example\r\nSubject: {number}\r\n\r\n".encode()
    lines = (sizes[number % len(sizes)] - len(head)) // 50
    return head + b"".join(
        b"mail %8d, line %8d, and that is what it says.\r\n" % (number, line) for line in range(lines)
    )


def say(*words: object) -> None:
    """Print a line at once and whole, whichever thread it comes from."""
    os.write(1, " ".join(map(str, words)).encode() + b"\n")


async def accept_all(spool: Spool, numbers: Iterator[int], sizes: tuple[int, ...]) -> None:
    """Accept these mails, several at a time."""

    async def session() -> None:
        for number in numbers:
            body = spool.body()
            try:
                await body.write(mail(number, sizes))
                receipt = await spool.accept(ENVELOPE, body, ["support"])
            finally:
                body.close()
            say("accepted", number, receipt.id)

    async with asyncio.TaskGroup() as sessions:
        for _ in range(SESSIONS):
            sessions.create_task(session())


def watch_names(folder: Path) -> None:
    """Say which names are made in the folder, from now on."""

    def hook(name: str, arguments: tuple[Any, ...]) -> None:
        makes = name == "os.mkdir" or (name == "open" and isinstance(arguments[2], int) and arguments[2] & os.O_CREAT)
        if makes and str(arguments[0]).startswith(str(folder)) and not Path(arguments[0]).exists():
            say("created", arguments[0])

    sys.addaudithook(hook)


def sync_without(part: str, url: str) -> None:
    """Leave a part out; whatever is synced by Python's own calls is said."""
    if part == "commit":
        weaker = "PRAGMA synchronous=NORMAL" if url.startswith("sqlite") else "SET synchronous_commit = off"
        event.listen(Pool, "checkout", lambda connection, *_: connection.execute(weaker))

    def watched(sync: Any) -> Any:
        def call(file: int) -> None:
            folder = stat.S_ISDIR(os.fstat(file).st_mode)
            if part == ("folder" if folder else "file"):
                return
            sync(file)
            if folder:
                say("synced", Path(f"/proc/self/fd/{file}").readlink())

        return call

    os.fsync, os.fdatasync = watched(os.fsync), watched(os.fdatasync)


def main() -> None:
    """Run it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("url")
    parser.add_argument("--small", action="store_true")
    parser.add_argument("--without", choices=PARTS, default="")
    options = parser.parse_args()
    sync_without(options.without, options.url)
    spool = Spool(options.url)
    spool.own()
    # SQLite syncs the folder when it makes its WAL: what was made before that has a name.
    watch_names(Path(options.url.removeprefix("sqlite:///")).parent)
    say("open")
    next_number = 0
    for line in sys.stdin:
        numbers = iter(range(next_number, int(line)))
        asyncio.run(accept_all(spool, numbers, SMALL if options.small else SIZES))
        next_number = int(line)


if __name__ == "__main__":
    main()
