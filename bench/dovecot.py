"""Dovecot with a full mailbox, to be fetched from: Maildir, written as Dovecot names its files, in a user's folder."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.peer import own_folder
from bench.program import BenchError, Command, free_port, listens, running

_DOVECOT = Path("/usr/sbin/dovecot")
PASSWORD = "bench"
USER = "bench@example.com"
_LINE = b"The quick brown fox jumps over the lazy dog and counts to twelve and on.\r\n"
_SETTINGS = """\
base_dir = {folder}/run
state_dir = {folder}/state
log_path = /dev/stderr
protocols = imap
ssl = no
disable_plaintext_auth = no
auth_mechanisms = plain login
mail_location = maildir:{folder}/mail/%u
first_valid_uid = 1
passdb {{
  driver = static
  args = password={password}
}}
userdb {{
  driver = static
  args = uid=nobody gid=nogroup home={folder}/mail/%u allow_all_users=yes
}}
service imap-login {{
  inet_listener imap {{
    address = 127.0.0.1
    port = {port}
  }}
  inet_listener imaps {{
    port = 0
  }}
}}
service stats {{
  client_limit = 1000
}}
"""


@dataclass(frozen=True, slots=True)
class Mailbox:
    """A mailbox of `count` mails of `size` bytes behind a port of 127.0.0.1."""

    port: int
    count: int
    size: int


def letter(number: int, size: int) -> bytes:
    """A mail of about a size, with a Message-ID of its own, CR LF as on the wire."""
    head = (
        b"Return-Path: <asa@client.example>\r\nFrom: Asa <asa@client.example>\r\nTo: <bench@example.com>\r\n"
        b"Subject: letter %d\r\nMessage-ID: <%d@client.example>\r\nDate: Tue, 01 Oct 2024 10:00:00 +0000\r\n\r\n"
    ) % (number, number)
    return head + _LINE * max(1, (size - len(head)) // len(_LINE))


def missing() -> str:
    """Say what is not on this machine, "" for nothing."""
    if not _DOVECOT.exists():
        return "Dovecot is not installed"
    return "" if os.geteuid() == 0 else "Dovecot is started by root alone"


@contextmanager
def mailbox(count: int, size: int) -> Iterator[Mailbox]:
    """Have a Dovecot with such a mailbox; at the end both are gone."""
    if reason := missing():
        raise BenchError(reason)
    port = free_port()
    with own_folder("dovecot") as folder:
        _fill(folder / "mail" / USER, count, size)
        settings = folder / "dovecot.conf"
        settings.write_text(_SETTINGS.format(folder=folder, password=PASSWORD, port=port))
        command = Command([str(_DOVECOT), "-F", "-c", str(settings)])
        with running("Dovecot", command, folder / "log", lambda: listens(port)):
            yield Mailbox(port, count, size)


def _fill(maildir: Path, count: int, size: int) -> None:
    for name in ("cur", "new", "tmp"):
        (maildir / name).mkdir(parents=True)
    for number in range(count):
        raw = letter(number, size)
        stored = raw.replace(b"\r\n", b"\n")
        (maildir / "new" / f"17{number:08}.M{number}.bench,S={len(stored)},W={len(raw)}").write_bytes(stored)
    for path in (maildir.parent, *maildir.parent.rglob("*")):
        shutil.chown(path, "nobody", "nogroup")
    os.sync()
