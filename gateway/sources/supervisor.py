"""All pollers under one roof: each in its thread, run again for ever after longer and longer rests, stopped in time.

Several nodes may have the same pollers (on PostgreSQL): a node polls those that it holds, renews its hold while it
lives, and another takes over when it has not.
"""

import asyncio
import random
import threading
import time
from collections.abc import Callable, Container, Sequence
from typing import Any

from gateway.errors import GatewayError, Refused, said
from gateway.log import log
from gateway.sources.poller import Denied, Ground, Poller, State, Status
from gateway.sources.store import Store

FIRST_REST = 1.0
DENIED_REST = 60.0
LONGEST_REST = 900.0
HOLD = 30.0

Hold = Callable[[Sequence[str], float], set[str]]
"""Holds pollers by their names for so many seconds, and returns those that are ours; it may raise GatewayError."""


class Supervisor:
    """Runs pollers. `hold` says which of them are this node's."""

    def __init__(self, store: Store[Any], hold: Hold, max_size: int, max_head: int) -> None:
        self._store = store
        self._hold = hold
        self._sizes = (max_size, max_head)
        self._grounds: dict[str, Ground] = {}
        self._threads: list[threading.Thread] = []
        self._held: set[str] = set()
        self._halted: Container[str] = ()
        self._held_until = 0.0
        self._ending = threading.Event()
        self._asked = threading.Event()

    @property
    def statuses(self) -> Sequence[Status]:
        """How each poller is doing."""
        return [ground.status for ground in self._grounds.values()]

    def start(self, pollers: Sequence[Poller]) -> None:
        """Start the pollers; from the event loop's thread."""
        loop = asyncio.get_running_loop()
        self._ending = threading.Event()
        self._grounds = {
            one.name: Ground(Status(one.name, one.kind), self._store, loop, *self._sizes) for one in pollers
        }
        self._threads = [self._thread(self._keep, one) for one in pollers]
        if pollers:
            self._threads.append(self._thread(self._keep_hold))

    def stop(self, seconds: float) -> int:
        """Have all pollers end; return how many did not within so many seconds. It waits: not for the loop's thread."""
        deadline = time.monotonic() + seconds
        self._ending.set()
        for ground in self._grounds.values():
            ground.stopping.set()
        for thread in self._threads:
            thread.join(max(0.0, deadline - time.monotonic()))
        return sum(thread.is_alive() for thread in self._threads)

    def halt(self, names: Container[str]) -> None:
        """Have the pollers of these sources rest ("archive" is "imap archive INBOX" as well), and all others go on."""
        self._halted = names
        for name, ground in self._grounds.items():
            if self._is_halted(name):
                ground.stopping.set()

    def _is_halted(self, poller: str) -> bool:
        return poller.split(" ")[1] in self._halted if " " in poller else poller in self._halted

    def _thread(self, work: Callable[..., None], *arguments: Poller) -> threading.Thread:
        name = arguments[0].name if arguments else "hold of pollers"
        thread = threading.Thread(target=work, args=(*arguments, self._ending), name=name, daemon=True)
        thread.start()
        return thread

    # -- which pollers are ours

    def _keep_hold(self, ending: threading.Event) -> None:
        while True:
            self._renew()
            self._asked.set()
            for name, ground in self._grounds.items():
                if name not in self._held:
                    ground.stopping.set()
            if ending.wait(HOLD / 3):
                return

    def _renew(self) -> None:
        """Hold on; while the store is away, what we held is ours until the time is over that we held it for."""
        asked = time.monotonic()
        try:
            self._held = self._hold(list(self._grounds), HOLD)
            self._held_until = asked + HOLD
        except GatewayError as error:
            log.trouble("hold of pollers", error)
            if time.monotonic() > self._held_until:
                self._held = set()

    # -- one poller

    def _keep(self, poller: Poller, ending: threading.Event) -> None:
        ground, failures = self._grounds[poller.name], 0
        self._asked.wait(FIRST_REST)
        while not ending.is_set():
            ground.stopping.clear()
            before = ground.status.progress
            state = self._turn(poller, ground, ending)
            failures = 1 if ground.status.progress != before else failures + 1
            if state is State.ELSEWHERE:
                ground.status.turn(State.ELSEWHERE if self._held_until else State.STARTING)
            elif state is State.PAUSED:
                ground.status.turn(State.PAUSED)
            ending.wait(rest_after(state, failures))
        ground.status.turn(State.STOPPED)

    def _turn(self, poller: Poller, ground: Ground, ending: threading.Event) -> State:
        """Run a poller if it is its turn here."""
        if self._is_halted(poller.name):
            return State.PAUSED
        return self._once(poller, ground) if poller.name in self._held and not ending.is_set() else State.ELSEWHERE

    def _once(self, poller: Poller, ground: Ground) -> State:
        """Run a poller until it ends, and say what it ended as."""
        try:
            poller.run(ground)
        except (Denied, Refused) as error:
            return self._failed(ground, State.REFUSED, error)
        except (GatewayError, OSError) as error:
            return self._failed(ground, State.FAILING, error)
        except Exception as error:  # noqa: BLE001 - whatever a library raises must not switch a mailbox off
            log.trouble(poller.name, error)
            return self._failed(ground, State.FAILING, error)
        return State.WORKING

    def _failed(self, ground: Ground, state: State, error: Exception) -> State:
        """Say what is wrong once, and again when it changes."""
        reason = said(error)
        if ground.status.turn(state, reason):
            log.poller(ground.status.name, state, reason)
        return state


def rest_after(state: State, failures: int) -> float:
    """Return how long a poller rests after it ended in a state, so many times in a row; never over LONGEST_REST.

    Refused credentials are tried slowly, so that no account gets locked.
    """
    if state in {State.ELSEWHERE, State.PAUSED}:
        return FIRST_REST
    first = DENIED_REST if state is State.REFUSED else FIRST_REST
    rest = min(LONGEST_REST, first * 2.0 ** min(failures - 1, 20))
    return rest * random.uniform(0.8, 1.0)  # noqa: S311 - so that not all come at once
