"""The gateway's processes, told apart from outside by what they hold: to kill one, and to see that none stays."""

import os
from collections import defaultdict
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path

from tests.servers.gateway import Gateway

_PROC = Path("/proc")
_LISTENS = "0A"


class Kind(StrEnum):
    """What a process does."""

    MAIN = "main"
    ACCEPTING = "accepting"
    READER = "reader"


def processes(gateway: Gateway) -> dict[Kind, list[int]]:
    """The pids of a running gateway by what they do; the server that forks the children is none of them."""
    children, main = _children(), gateway.pid
    forked = [child for parent in children[main] for child in children[parent]]
    sockets = _listening(gateway.smtp_port)
    accepting = [pid for pid in forked if sockets & set(_sockets(pid))]
    return {Kind.MAIN: [main], Kind.ACCEPTING: accepting, Kind.READER: [pid for pid in forked if pid not in accepting]}


def of_session(session: int) -> list[int]:
    """The pids of all that a program left, which was started in a session of its own; zombies are not counted."""
    return [pid for pid, (state, _, its) in _status() if its == session and state != "Z"]


def _status() -> Iterator[tuple[int, tuple[str, int, int]]]:
    """State, parent and session of each process (proc_pid_stat(5))."""
    for folder in _PROC.iterdir():
        if folder.name.isdigit():
            try:
                stat = (folder / "stat").read_text()
            except OSError:  # it has ended
                continue
            state, parent, _, session = stat.rpartition(") ")[2].split()[:4]
            yield int(folder.name), (state, int(parent), int(session))


def _children() -> dict[int, list[int]]:
    found: dict[int, list[int]] = defaultdict(list)
    for pid, (_, parent, _) in _status():
        found[parent].append(pid)
    return found


def _listening(port: int) -> set[str]:
    """The inodes of the sockets that listen on a port of 127.0.0.1."""
    rows = [line.split() for line in (_PROC / "net" / "tcp").read_text().splitlines()[1:]]
    return {row[9] for row in rows if row[3] == _LISTENS and int(row[1].partition(":")[2], 16) == port}


def _sockets(pid: int) -> Iterator[str]:
    """The inodes of the sockets that a process holds."""
    try:
        for descriptor in (_PROC / str(pid) / "fd").iterdir():
            name = str(descriptor.readlink())
            if name.startswith("socket:["):
                yield name.removeprefix("socket:[").removesuffix("]")
    except OSError:  # it has ended
        return


def kill(pid: int) -> None:
    """SIGKILL, if it is still there."""
    try:
        os.kill(pid, 9)
    except ProcessLookupError:
        return
