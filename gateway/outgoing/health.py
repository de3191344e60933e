"""Which smarthost is asked first: by priority and weight, and one that failed last of all for a growing while."""

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from random import SystemRandom

from gateway.outgoing.host import Smarthost

_FIRST_REST = 5.0
_LONGEST_REST = 900.0
_random = SystemRandom()


@dataclass(frozen=True, slots=True)
class Standing:
    """How a smarthost is doing: it works or fails `since` then, or was not asked yet (0.0). Times are Unix seconds.

    `failures` are those in a row, `reason` the last one's, `mails` what it took since the start; `open` says how many
    connections there are, of which `kept` wait for a mail.
    """

    name: str
    address: str
    since: float = 0.0
    last_success: float = 0.0
    failures: int = 0
    reason: str = ""
    mails: int = 0
    open: int = 0
    kept: int = 0

    @property
    def state(self) -> str:
        """`unused`, `ok` or `failing`."""
        return "failing" if self.failures else "ok" if self.last_success else "unused"


class Health:
    """Remembers of each smarthost, by its address, how it was lately. Used from any thread.

    `clock` is in monotonic seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._standings: dict[str, Standing] = {}
        self._rests_until: dict[str, float] = {}
        self._lock = threading.Lock()

    def ordered(self, smarthosts: Sequence[Smarthost]) -> list[Smarthost]:
        """Put them in the order in which a mail asks them.

        One whose rest is over is asked at its place, by one mail: the others keep off until that has come to its end.
        """
        with self._lock:
            now = self._clock()
            resting = {one.address for one in smarthosts if self._rests_until.get(one.address, now) > now}
            for one in smarthosts:
                if one.address in self._rests_until and one.address not in resting:
                    self._rest(one.address, self._standings[one.address].failures)
        return sorted(_by_preference(smarthosts), key=lambda one: one.address in resting)

    def works(self, smarthost: Smarthost, mails: int = 0) -> None:
        """Take in that a smarthost answered, and took so many mails."""
        with self._lock:
            before, now = self.of(smarthost), time.time()
            since = before.since if before.state == "ok" else now
            self._rests_until.pop(smarthost.address, None)
            self._standings[smarthost.address] = replace(
                before, since=since, last_success=now, failures=0, reason="", mails=before.mails + mails
            )

    def fails(self, smarthost: Smarthost, reason: str) -> None:
        """Take in that a smarthost could not be talked to, or did not want to hear of any mail."""
        with self._lock:
            before = self.of(smarthost)
            since = before.since if before.failures else time.time()
            failed = replace(before, since=since, failures=before.failures + 1, reason=reason)
            self._standings[smarthost.address] = failed
            self._rest(smarthost.address, failed.failures)

    def of(self, smarthost: Smarthost) -> Standing:
        """Return how a smarthost is doing."""
        known = self._standings.get(smarthost.address) or Standing("", smarthost.address)
        return replace(known, name=smarthost.name or smarthost.address)

    def _rest(self, address: str, failures: int) -> None:
        self._rests_until[address] = self._clock() + min(_LONGEST_REST, _FIRST_REST * 2.0 ** min(failures - 1, 30))


def _by_preference(smarthosts: Sequence[Smarthost]) -> list[Smarthost]:
    """Sort by priority; those of one priority come first as often as their weights say."""
    drawn = {one.address: _random.random() ** (1 / one.weight) for one in smarthosts}
    return sorted(smarthosts, key=lambda one: (one.priority, -drawn[one.address]))
