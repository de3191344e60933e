"""Load by Postfix's smtp-source: what it sends, and how long it took."""

import subprocess
import time
from dataclasses import dataclass, replace
from pathlib import Path

from bench.peer import RECIPIENT
from bench.program import BenchError

SMTP_SOURCE = Path("/usr/sbin/smtp-source")
_SECONDS = 300


@dataclass(frozen=True, slots=True)
class Load:
    """So many mails of `size` bytes in so many sessions at once; `kept` sends all of a session on one connection."""

    size: int
    mails: int
    sessions: int
    kept: bool = False

    def warming(self) -> "Load":
        """Return a short load of the same kind, for what happens only once: processes that start, code that loads."""
        return replace(self, mails=min(self.mails, self.sessions * 5))


def send(load: Load, port: int) -> float:
    """Send it to 127.0.0.1:`port`; return the seconds from the start of smtp-source to its end.

    BenchError when it did not get a yes to every mail. Each mail has a Message-ID of its own.
    """
    argv = [
        *(str(SMTP_SOURCE), *(["-d"] if load.kept else [])),
        *("-s", str(load.sessions), "-m", str(load.mails), "-l", str(load.size)),
        *("-f", "sender@example.net", "-t", RECIPIENT, "-M", "load.example.net", f"127.0.0.1:{port}"),
    ]
    began = time.perf_counter()
    try:
        ran = subprocess.run(argv, stdin=subprocess.DEVNULL, capture_output=True, check=False, timeout=_SECONDS)
    except subprocess.TimeoutExpired as error:
        raise BenchError(f"smtp-source was not done within {_SECONDS} s") from error
    seconds = time.perf_counter() - began
    if ran.returncode:
        raise BenchError(f"smtp-source ended with {ran.returncode}: {ran.stderr.decode(errors='replace')[-500:]}")
    return seconds
