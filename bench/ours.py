"""This gateway as a peer: the program as it is started, with the settings that it has by default."""

import sqlite3
import sys
from contextlib import closing
from pathlib import Path

from bench.peer import Peer
from bench.program import Command, free_port

# Nobody answers there: for what does not create errands.
NOWHERE = "http://127.0.0.1:9/s/demo"
_SETTINGS = """\
[gateway]
hostname = "gateway.example.com"
spool = "{spool}"
log = "json"

[smtp]
listen = ["127.0.0.1:{smtp}"]
{more}

[http]
listen = "127.0.0.1:{http}"

[automatic]
most_alike = 0

[cention.demo]
url = "{cention}"
attachment_token = "env:BENCH_TOKEN"

[[route]]
name = "support"
recipients = ["*@example.com"]
workspace = "demo"
token = "env:BENCH_TOKEN"
reply_from = "Support <support@example.com>"
"""


def spool_file(folder: Path) -> Path:
    """Return where its spool is."""
    return folder / "spool.db"


def command(folder: Path, port: int, cention: str = NOWHERE, roles: str = "", more: str = "", http: int = 0) -> Command:
    """Write its settings and return what starts it, by default in every role; `more` goes into the section `smtp`."""
    settings = folder / "config.toml"
    spool = f"sqlite:///{spool_file(folder)}"
    settings.write_text(_SETTINGS.format(spool=spool, smtp=port, http=http or free_port(), cention=cention, more=more))
    argv = [sys.executable, "-m", "gateway", "run", "--config", str(settings), *(["--role", roles] if roles else [])]
    return Command(argv, {"BENCH_TOKEN": "token-of-the-bench"})


def stored(folder: Path) -> int:
    """Count the mails in its spool."""
    with closing(sqlite3.connect(f"file:{spool_file(folder)}?mode=ro", uri=True)) as spool:
        count: int = spool.execute("SELECT count(*) FROM mail").fetchone()[0]
        return count


def accepting(name: str, more: str = "") -> Peer:
    """Return it as a peer that only accepts."""
    return Peer(name, lambda folder, port: command(folder, port, roles="smtp", more=more), stored)


OURS = accepting("gateway")
