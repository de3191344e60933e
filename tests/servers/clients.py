"""Clients that others wrote: swaks, and Postfix's smtp-source."""

import subprocess
from email.message import EmailMessage
from email.policy import SMTP

from tests.servers.program import needs

SWAKS = "/usr/bin/swaks"
SMTP_SOURCE = "/usr/sbin/smtp-source"


def swaks(port: int, *options: str, sender: str, to: str, mail: EmailMessage | None = None) -> str:
    """Send a mail, by default a small one of swaks' own, to 127.0.0.1:`port`; the conversation, as swaks shows it."""
    needs(SWAKS)
    argv = [
        SWAKS,
        "--server",
        "127.0.0.1",
        "--port",
        str(port),
        "--from",
        sender,
        "--to",
        to,
        "--timeout",
        "30",
        *options,
    ]
    data = b""
    if mail is not None:
        argv += ["--data", "-"]
        data = mail.as_bytes(policy=SMTP)
    ran = subprocess.run(argv, input=data, capture_output=True, check=False, timeout=120)
    return (ran.stdout + ran.stderr).decode(errors="replace")


def smtp_source(port: int, sessions: int, mails: int, size: int, sender: str, to: str) -> None:
    """Send so many mails of `size` bytes, each with a Message-ID of its own, in so many sessions at once.

    CalledProcessError as soon as one is refused or a connection breaks.
    """
    needs(SMTP_SOURCE)
    load = ["-s", str(sessions), "-m", str(mails), "-l", str(size)]
    argv = [SMTP_SOURCE, *load, "-f", sender, "-t", to, f"127.0.0.1:{port}"]
    subprocess.run(argv, check=True, timeout=300, stdin=subprocess.DEVNULL, capture_output=True)
