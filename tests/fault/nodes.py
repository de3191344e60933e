"""Several nodes of the gateway on one PostgreSQL, before one Cention: each is a program of its own with its roles."""

import asyncio
import os
import threading
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg
import requests

from tests.acceptance.conftest import SUPPORT, house_settings, message
from tests.fault.houses import secrets
from tests.fault.siege import Mail
from tests.servers.gateway import PROGRAM, Gateway, Settings
from tests.servers.load import Load, Outcome, send
from tests.servers.postgres import Postgres, running
from tests.servers.program import Program, free_port, wait_until
from tests.servers.simulator import WORKSPACE, Simulator

ALL, FRONT, BACK = "smtp,http,worker", "smtp,http", "worker"
THREADS = 8
LEASE = 3.0  # seconds
MAILS, SESSIONS, SIZE = 100, 6, 2000
SECONDS = 60.0  # for a load, whatever happens meanwhile


class Node(Gateway):
    """A gateway of some roles on a store that it shares, and on an SMTP port that it shares with its neighbours."""

    def __init__(self, folder: Path, roles: str, port: int, settings: Settings) -> None:
        folder.mkdir()
        super().__init__(folder, settings, secrets())
        self.roles = roles
        self.smtp_port = port
        self.change({"smtp": {"listen": [f"127.0.0.1:{port}"], "share_port": True, "processes": 1}})
        argv = [PROGRAM, "run", "--config", str(self.settings_file), "--role", roles]
        self._program = Program(f"node {folder.name}", argv, folder / "gateway.log", os.environ | secrets())

    def trouble(self) -> dict[str, str]:
        """What /readyz says is wrong, by part."""
        parts: dict[str, str] = requests.get(f"{self.url}/readyz", timeout=30).json()["parts"]
        return {name: said for name, said in parts.items() if said != "ok"}

    @property
    def works(self) -> bool:
        """Whether it works on jobs."""
        return BACK in self.roles


@dataclass(frozen=True, slots=True)
class Cluster:
    """Nodes that run on one store; `database` is its name at the server, `port` is where the nodes take mail."""

    server: Postgres
    database: str
    simulator: Simulator
    nodes: Sequence[Node]
    port: int

    def leases(self) -> dict[int, int]:
        """The jobs that some node has in hand, with their leases' numbers."""
        return dict(self._query("select id, lease from job where state = 'working'"))

    def waiting(self) -> int:
        """How many jobs nobody has in hand yet."""
        [(count,)] = self._query("select count(*) from job where state = 'queued'")
        return int(count)

    def taken_over(self, leases: Mapping[int, int]) -> int:
        """How many of these leases were followed by another."""
        now = dict(self._query("select id, lease from job"))
        return sum(now[job] > lease for job, lease in leases.items())

    def results(self) -> dict[int, str]:
        """The errand of each job that is done."""
        return dict(self._query("select id, result from job where state = 'done'"))

    def late_results(self) -> list[str]:
        """The errands that traces tell of as results that came too late."""
        late = "select detail ->> 'result' from event where step = 'late result ignored'"
        return [errand for (errand,) in self._query(late)]

    def left(self) -> int:
        """How many jobs are not done or discarded."""
        [(count,)] = self._query("select count(*) from job where state not in ('done', 'discarded')")
        return int(count)

    def wait_until_done(self, seconds: float = SECONDS) -> None:
        """Wait until nothing is left to do."""
        wait_until(lambda: not self.left(), "everything is done", seconds)

    def count(self, accepted: set[Mail]) -> dict[str, int]:
        """What came of it, as a row of the table."""
        made = Counter((asked["from"], asked["message_id"]) for asked in map(message, self.simulator.errands()))
        return {
            "accepted": len(accepted),
            "errands": made.total(),
            "repeats": made.total() - len(made),
            "left": self.left(),
            "lost": len(accepted - made.keys()),
        }

    def _query(self, statement: str) -> list[Any]:
        return self.server.execute(statement, database=self.database)


@contextmanager
def cluster(folder: Path, *roles: str, more: Settings | None = None) -> Iterator[Cluster]:
    """A cluster that runs meanwhile, with a node for each of these roles."""
    folder.mkdir(exist_ok=True)
    with ExitStack() as stops:
        server = stops.enter_context(running())
        database, port = server.create(), free_port()
        simulator = Simulator(folder, f"http://127.0.0.1:{free_port()}/callbacks/{WORKSPACE}")
        settings = house_settings(simulator.url, folder)
        settings["worker"] |= {"threads": THREADS, "readers": 1, "lease": f"{LEASE} s"}
        settings["gateway"] = {"spool": server.url(database)}
        nodes = [Node(folder / f"node-{number}", which, port, settings) for number, which in enumerate(roles, 1)]
        stops.callback(simulator.stop)
        simulator.start()
        for node in nodes:
            stops.callback(node.stop)
            stops.callback(lambda said: print(said()), node.said)  # pytest shows it where the test failed
            node.change(more or {})
        with ThreadPoolExecutor() as pool:
            list(pool.map(Node.start, nodes))
        yield Cluster(server, database, simulator, nodes, port)


@dataclass(slots=True)
class Traffic:
    """Mail that comes in, load after load; a load waits until the nodes have done most of those before."""

    nodes: Cluster
    loads: list[tuple[Load, Outcome]] = field(default_factory=list)

    @contextmanager
    def coming_in(self) -> Iterator[None]:
        """Mail comes in meanwhile; the last load is sent to its end."""
        over = threading.Event()
        with ThreadPoolExecutor(1) as pool:
            sending = pool.submit(self._send_until, over)
            try:
                yield
            finally:
                over.set()
            sending.result()

    def send_load(self, mails: int = MAILS) -> None:
        """Send so many mails, to whichever node the kernel chooses."""
        sender = f"load-{len(self.loads)}@example.net"
        load, outcome = Load(self.nodes.port, mails, SESSIONS, SIZE, sender, SUPPORT), Outcome()
        self.loads.append((load, outcome))
        asyncio.run(asyncio.wait_for(send(load, outcome), SECONDS))

    def _send_until(self, over: threading.Event) -> None:
        while not over.is_set():
            self.send_load()
            wait_until(lambda: over.is_set() or self._is_wanted(), "most mails are done", SECONDS)

    def _is_wanted(self) -> bool:
        try:
            return self.nodes.left() < MAILS
        except psycopg.OperationalError:  # the server is away
            return False

    def is_in_the_middle(self) -> bool:
        """Whether some of the last load was taken, and some was not."""
        return bool(self.loads) and MAILS // 4 < len(self.loads[-1][1].accepted) < MAILS * 3 // 4

    def accepted(self) -> set[Mail]:
        """What had its 250."""
        return {(load.sender, name) for load, outcome in self.loads for name in outcome.accepted}

    def refusals(self) -> list[str]:
        """What was answered to mails that had to come again."""
        return [refusal for _, outcome in self.loads for refusal in outcome.refusals]
