"""A PostgreSQL of our own, on a free port, durable as in production; each test gets a fresh database in it."""

import contextlib
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import uuid
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import psycopg
from psycopg.sql import SQL, Identifier

from tests.servers.program import Program, free_port, needs, wait_until

# Debian's package is postgresql; the oldest version that we support is 15.
PROGRAMS = max(Path("/usr/lib/postgresql").glob("1[5-9]/bin"), default=Path("/usr/lib/postgresql/15/bin"))
USER, PASSWORD = "gateway", "correct-horse"
_ACCOUNT = "postgres"


class Postgres:
    """A server on 127.0.0.1:`port`. `folder` is where its data lies (removed at the end unless it was given).

    `settings` are lines of postgresql.conf. As root it runs as the user postgres, who must be able to reach `folder`.
    """

    def __init__(self, folder: Path | None = None, settings: Mapping[str, str] | None = None) -> None:
        needs(str(PROGRAMS / "initdb"), str(PROGRAMS / "postgres"))
        self._given = folder is not None
        self.folder = folder or Path(tempfile.mkdtemp(prefix="postgres-"))
        self.data = self.folder / "data"
        self.port = free_port()
        self._pid = 0
        if os.geteuid() == 0:
            shutil.chown(self.folder, _ACCOUNT)
        if not self.data.exists():
            self._initdb()
        options = {"port": str(self.port), "listen_addresses": "127.0.0.1", "unix_socket_directories": ""}
        options |= settings or {}
        arguments = [argument for name, value in options.items() for argument in ("-c", f"{name}={value}")]
        # A test run that is killed takes its server with it.
        argv = _as_account([str(PROGRAMS / "postgres"), "-D", str(self.data), *arguments], "--pdeathsig=QUIT")
        self._program = Program("PostgreSQL", argv, self.folder / "log")

    def _initdb(self) -> None:
        secret = self.folder / "password"
        secret.write_text(PASSWORD)
        argv = [str(PROGRAMS / "initdb"), "-D", str(self.data), "-U", USER, "--pwfile", str(secret)]
        argv += ["--auth=scram-sha-256", "--locale=C.UTF-8", "--encoding=UTF8"]
        # A folder that was given may lie on a disk whose power is cut; our own never does.
        argv += [] if self._given else ["--no-sync"]
        subprocess.run(_as_account(argv), check=True, stdout=subprocess.DEVNULL, cwd=self.folder)
        secret.unlink()

    def start(self) -> "Postgres":
        """Start it; returns when it takes connections. The kernel ends it with the thread that started it."""
        self._program.start(self.answers)
        self._pid = self._program.pid
        return self

    def stop(self) -> None:
        """End it in order, as a restart of the service does: its clients are cut off."""
        if self._program.exit_status is None and self._pid:
            self._program.send(signal.SIGINT)
            self._program.wait()

    def kill(self) -> None:
        """End it and all its processes at once, as the power does."""
        children = _children(self._pid)
        self._program.kill()
        for child in children:
            with contextlib.suppress(ProcessLookupError):
                os.kill(child, signal.SIGKILL)
        wait_until(lambda: not any(_alive(child) for child in children), "PostgreSQL's children end")

    def restart(self) -> None:
        """End it in order and start it again."""
        self.stop()
        self.start()

    def close(self) -> None:
        """End it, and remove its data unless it lies where we were told."""
        if self._pid:
            self.kill()
        if not self._given:
            shutil.rmtree(self.folder)

    def pause(self) -> None:
        """Stop it as it stands (SIGSTOP): it takes connections no more, and answers nothing."""
        for process in (self._pid, *_children(self._pid)):
            os.kill(process, signal.SIGSTOP)

    def resume(self) -> None:
        """Let it go on after `pause`."""
        for process in (self._pid, *_children(self._pid)):
            os.kill(process, signal.SIGCONT)

    def answers(self) -> bool:
        """Whether it takes a query."""
        try:
            self.execute("select 1")
        except psycopg.OperationalError:
            return False
        return True

    def execute(self, statement: Any, values: Any = None, database: str = "postgres") -> list[Any]:
        """Run a statement of its own transaction; its rows, if it has any."""
        with psycopg.connect(self.conninfo(database), autocommit=True) as connection:
            cursor = connection.execute(statement, values)
            return cursor.fetchall() if cursor.description else []

    def conninfo(self, database: str = "postgres") -> str:
        """What psycopg connects by."""
        host = f"host=127.0.0.1 port={self.port} dbname={database}"
        return f"{host} user={USER} password={PASSWORD} connect_timeout=5"

    def url(self, database: str = "postgres") -> str:
        """The URL of a database as the gateway's settings have it."""
        return f"postgresql+psycopg://{USER}:{PASSWORD}@127.0.0.1:{self.port}/{database}"

    def create(self, template: str = "template1") -> str:
        """Make a database of its own, a copy of `template`; its name."""
        name = f"t{uuid.uuid4().hex[:12]}"
        self.execute(SQL("create database {} template {}").format(Identifier(name), Identifier(template)))
        return name

    def drop(self, name: str) -> None:
        """Remove a database, whoever is connected to it."""
        self.execute(SQL("drop database if exists {} with (force)").format(Identifier(name)))


@contextlib.contextmanager
def running(folder: Path | None = None, settings: Mapping[str, str] | None = None) -> Iterator[Postgres]:
    """A server that runs meanwhile."""
    server = Postgres(folder, settings)
    try:
        yield server.start()
    finally:
        server.close()


def _as_account(argv: list[str], *options: str) -> list[str]:
    """Return the command as it is run: PostgreSQL's programs refuse root."""
    if os.geteuid() == 0:
        account = pwd.getpwnam(_ACCOUNT)
        options = (f"--reuid={account.pw_uid}", f"--regid={account.pw_gid}", "--init-groups", *options)
    return ["setpriv", *options, *argv]


def _children(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def _alive(pid: int) -> bool:
    """Whether a process runs; one that has ended may still wait for its parent to look."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False
