"""A house under load whose processes are killed: it is filled, loaded and killed here, and counted at the end."""

import asyncio
import random
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from itertools import pairwise
from pathlib import Path

from tests.acceptance.conftest import SUPPORT, House, house_settings, message
from tests.fault.processes import Kind, kill, of_session, processes
from tests.servers.gateway import Gateway
from tests.servers.load import Load, Outcome, send
from tests.servers.program import wait_until
from tests.servers.simulator import ATTACHMENT_TOKEN, SECRET, WORKSPACE, Simulator

WHOLE = "the whole program"
THREADS = 8
# Where nodes share a store, what a dead one had in hand is taken up when its leases have run out.
LEASE = "3 s"
FAILS = 0.2  # of all calls to Cention
SESSIONS = 8
_TO_DO = ("queued", "working", "held")

Mail = tuple[str, str]
"""Sender and Message-ID: which mail of which load."""


@dataclass(frozen=True, slots=True)
class Siege:
    """A house and the loads that are sent to it, with what came of each; `sessions` are the programs that were run."""

    house: House
    loads: Sequence[Load]
    outcomes: Sequence[Outcome]
    sessions: list[int] = field(default_factory=list)

    def start(self) -> None:
        """Start the gateway, once more if need be."""
        self.house.gateway.start()
        self.sessions.append(self.house.gateway.pid)

    def length(self) -> int:
        """How long the way is: each mail counts once when it is accepted, and once more when it is done."""
        return 2 * sum(load.mails for load in self.loads)

    def reached(self) -> int:
        """How far it is."""
        return 2 * sum(len(outcome.accepted) for outcome in self.outcomes) - self.unfinished()

    def unfinished(self) -> int:
        """How many jobs are not at their end."""
        states = self.house.gateway.jobs()
        return sum(states[state] for state in (*_TO_DO, "parked"))

    def wait_until_done(self) -> None:
        """Wait until nothing is left to do; what is parked is left for a person."""
        wait_until(self._is_done, "everything is done", seconds=60)

    def _is_done(self) -> bool:
        states = self.house.gateway.jobs()  # at one moment: a job goes from one to the other
        return not any(states[state] for state in _TO_DO)

    def accepted(self) -> set[Mail]:
        """What had its 250."""
        pairs = zip(self.loads, self.outcomes, strict=True)
        return {(load.sender, name) for load, outcome in pairs for name in outcome.accepted}

    def errands(self) -> dict[Mail, list[float]]:
        """When Cention made the errands of each mail (Unix time)."""
        return made_at(self.house.simulator)

    def starts(self) -> list[float]:
        """When the gateway was started, by its own log (Unix time): between two of them its main process was killed."""
        facts = self.house.gateway.facts("started")
        return [datetime.fromisoformat(fact["timestamp"]).timestamp() for fact in facts]

    def left_behind(self) -> list[int]:
        """Processes of programs that were killed or stopped."""
        return [pid for session in self.sessions for pid in of_session(session)]


def made_at(simulator: Simulator) -> dict[Mail, list[float]]:
    """When Cention made the errands of each mail (Unix time)."""
    made = {call["errand_id"]: call["at"] for call in simulator.calls() if call.get("errand_id")}
    found: dict[Mail, list[float]] = {}
    for errand in simulator.errands():
        asked = message(errand)
        found.setdefault((asked["from"], asked["message_id"]), []).append(made[errand["id"]])
    return {name: sorted(at) for name, at in found.items()}


@contextmanager
def siege(folder: Path, url: str, sizes: Sequence[tuple[int, int]]) -> Iterator[Siege]:
    """A house that forgets what was finished an hour ago, and loads for it: (mails, bytes of each). Not started."""
    gateway = Gateway(folder, {}, {"ATTACHMENT_TOKEN": ATTACHMENT_TOKEN, "SECRET": SECRET})
    simulator = Simulator(folder, f"{gateway.url}/callbacks/{WORKSPACE}")
    gateway.change(house_settings(simulator.url, folder))
    worker = {"threads": THREADS, "lease": LEASE}
    gateway.change({"gateway": {"spool": url, "retention": "1 h", "history": "1 h"}, "worker": worker})
    loads = [Load(gateway.smtp_port, mails, SESSIONS, size, f"{size}@example.net", SUPPORT) for mails, size in sizes]
    try:
        simulator.start()
        simulator.faults({"target": "create", "status": 500, "rate": FAILS})
        yield Siege(House(gateway, simulator), loads, [Outcome() for _ in loads])
    finally:
        print(gateway.said())  # pytest shows it where the test failed
        gateway.stop()
        simulator.stop()


async def load_and_kill(laid: Siege, victims: Sequence[str], seed: str) -> None:
    """Send the loads and meanwhile kill these, WHOLE or a kind of process, in random order at random moments."""
    async with asyncio.TaskGroup() as tasks:
        for load, outcome in zip(laid.loads, laid.outcomes, strict=True):
            tasks.create_task(send(load, outcome))
        tasks.create_task(asyncio.to_thread(_kill_all, laid, victims, random.Random(seed)))


def _kill_all(laid: Siege, victims: Sequence[str], chance: random.Random) -> None:
    moments = sorted(chance.sample(range(laid.length()), len(victims)))
    for moment, victim in zip(moments, chance.sample(victims, len(victims)), strict=True):
        wait_until(lambda moment=moment: laid.reached() >= moment, f"the siege is at {moment}", seconds=60)  # type: ignore[misc]
        _kill(laid, victim, chance)


def _kill(laid: Siege, victim: str, chance: random.Random) -> None:
    """Kill it, and start again what does not do so by itself."""
    gateway = laid.house.gateway
    if victim == WHOLE:
        gateway.kill()
        laid.start()
    elif victim == Kind.MAIN:
        gateway.kill_alone()
        laid.start()
    else:
        wait_until(lambda: processes(gateway)[Kind(victim)], f"there is a process of kind {victim}")
        kill(chance.choice(processes(gateway)[Kind(victim)]))


def made_twice_unasked(errands: dict[Mail, list[float]], starts: Sequence[float]) -> list[Mail]:
    """Mails with two errands between which there is none of these moments, at which a main process had been killed."""
    between = {name: list(pairwise(at)) for name, at in errands.items()}
    return [
        name
        for name, pairs in between.items()
        if not all(any(first < start < second for start in starts) for first, second in pairs)
    ]
