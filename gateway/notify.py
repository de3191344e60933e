"""What systemd is told (sd_notify(3)): that we are ready, read our settings again, stop, and still live.

Without `NOTIFY_SOCKET` in the environment nothing is told to anybody.
"""

import os
import socket
import time
from collections.abc import Mapping
from contextlib import suppress

_LONGEST_STATUS = 300


class Notifier:
    """Lives as long as the program. `watchdog` is the time in seconds within which systemd wants a sign, 0.0: none."""

    def __init__(self, environment: Mapping[str, str] = os.environ) -> None:
        self._address = environment.get("NOTIFY_SOCKET", "")
        self.watchdog = _watchdog(environment)

    @property
    def wanted(self) -> bool:
        """Whether there is anybody to be told."""
        return bool(self._address)

    def ready(self, status: str) -> None:
        """Everything works, from the start or with new settings."""
        self._say("READY=1", _status(status))

    def reloading(self) -> None:
        """New settings are being read; `ready` ends that."""
        self._say("RELOADING=1", f"MONOTONIC_USEC={time.monotonic_ns() // 1000}")

    def stopping(self, seconds: float) -> None:
        """No new work is begun; what is in hand may take so long."""
        self._say("STOPPING=1", f"EXTEND_TIMEOUT_USEC={int(seconds * 1_000_000)}")

    def status(self, text: str) -> None:
        """Have `systemctl status` say this."""
        self._say(_status(text))

    def lives(self) -> None:
        """Give the watchdog its sign."""
        self._say("WATCHDOG=1")

    def _say(self, *lines: str) -> None:
        """Send a datagram; that nobody takes it must not cost a mail."""
        if not self._address:
            return
        address = f"\0{self._address[1:]}" if self._address.startswith("@") else self._address
        with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as line:
            line.settimeout(0)
            line.sendto("\n".join(lines).encode(), address)


def _status(text: str) -> str:
    return f"STATUS={' '.join(text.split())[:_LONGEST_STATUS]}"


def _watchdog(environment: Mapping[str, str]) -> float:
    """Return WatchdogSec; another process's is none of ours (sd_watchdog_enabled(3))."""
    microseconds = environment.get("WATCHDOG_USEC", "")
    if not microseconds.isdecimal() or environment.get("WATCHDOG_PID", str(os.getpid())) != str(os.getpid()):
        return 0.0
    return int(microseconds) / 1_000_000
