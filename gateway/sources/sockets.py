"""The sockets that servers listen on: ours, or those that systemd holds for us across restarts (sd_listen_fds(3))."""

import errno
import os
import socket
from collections.abc import Mapping, Sequence

from gateway.config.units import Listen
from gateway.errors import SettingsError

BACKLOG = 1024
_FIRST_INHERITED = 3


Passed = Mapping[int | str, socket.socket]
"""Listening sockets that were there before us, by port, or by path for a Unix socket."""


def inherited() -> Passed:
    """Take the listening sockets that systemd passes to this process; none where it passes none."""
    if os.environ.get("LISTEN_PID") != str(os.getpid()):
        return {}
    count = int(os.environ.pop("LISTEN_FDS", "0"))
    os.environ.pop("LISTEN_PID")
    found: dict[int | str, socket.socket] = {}
    for descriptor in range(_FIRST_INHERITED, _FIRST_INHERITED + count):
        os.set_inheritable(descriptor, False)  # noqa: FBT003 - the standard library's own form
        passed = socket.socket(fileno=descriptor)
        if passed.family in {socket.AF_INET, socket.AF_INET6} and passed.type == socket.SOCK_STREAM:
            found[passed.getsockname()[1]] = passed
        elif passed.family == socket.AF_UNIX and passed.type == socket.SOCK_STREAM:
            found[passed.getsockname()] = passed
        else:
            passed.close()
    return found


def bind(key: str, listen: Listen, copies: int, *, shared: bool = False) -> list[socket.socket]:
    """Bind an address so many times (SO_REUSEPORT: the kernel deals connections out); SettingsError when it is taken.

    `shared` lets it be taken by another gateway of this user: two run side by side during a rolling restart.
    """
    family = socket.AF_INET6 if ":" in listen.host else socket.AF_INET
    try:
        if not shared and listen.port:
            # Alone among those that reuse a port, a socket that does not is refused one that is taken.
            socket.create_server((listen.host, listen.port), family=family).close()
        first = _bound(listen.host, listen.port, family)
        port = first.getsockname()[1]
        return [first, *(_bound(listen.host, port, family) for _ in range(copies - 1))]
    except OSError as error:
        raise SettingsError([f"{key}: cannot listen on {listen}: {_reason(error)}"]) from error


def _bound(host: str, port: int, family: socket.AddressFamily) -> socket.socket:
    """Bind, and leave listening to who takes the connections: until then the kernel deals none to this socket."""
    bound = socket.socket(family, socket.SOCK_STREAM)
    try:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        if family == socket.AF_INET6:
            bound.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        bound.bind((host, port))
    except OSError:
        bound.close()
        raise
    return bound


def _reason(error: OSError) -> str:
    if error.errno == errno.EACCES:
        return "not permitted; ports under 1024 need root, CAP_NET_BIND_SERVICE or systemd's socket activation"
    return error.strerror or str(error)


def listening(
    key: str, listens: Sequence[Listen], copies: int, passed: Passed, *, shared: bool
) -> list[list[socket.socket]]:
    """Return, for each process, a socket for each address: systemd's where it passed one for that port."""
    columns = [
        [passed[listen.port]] * copies if listen.port in passed else bind(key, listen, copies, shared=shared)
        for listen in listens
    ]
    return [list(row) for row in zip(*columns, strict=True)] if columns else [[] for _ in range(copies)]
