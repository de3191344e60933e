"""The watch: looks now and then, tells what has changed, remembers what was told. It never holds anybody up."""

import threading
import time
from collections.abc import Callable, Mapping, Sequence

from gateway import metrics
from gateway.alerting.channels import Channel
from gateway.alerting.matter import Known, Matter, Notice, Patience, due, forgotten, taken_in, told
from gateway.alerting.memory import Memory
from gateway.alerting.outbox import Outbox
from gateway.alerting.sight import Sight, own, shared
from gateway.errors import GatewayError
from gateway.log import log
from gateway.spool.fetching import Places

_HOLD = "alerts"
_LOOKS_HELD = 3.0
_IDLE_SECONDS = 5.0


class Alerts:
    """Lives from start to stop, in a thread of its own; while the settings name nobody it does nothing.

    What all nodes of a spool see alike is told by the one that holds that; what one alone sees, by that one.
    """

    def __init__(self, sight: Sight, places: Places, channels: Callable[[], Sequence[Channel]]) -> None:
        self._sight = sight
        self._places = places
        self._channels = channels
        self._memory = Memory(places)
        self._outboxes: dict[str, Outbox] = {}
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._run, name="alerts", daemon=True)

    def start(self) -> None:
        """Begin to look."""
        self._thread.start()

    def stop(self, seconds: float) -> None:
        """Look no more; wait for a call under way, at most so long."""
        self._ending.set()
        if self._thread.is_alive():
            self._thread.join(seconds)

    def _run(self) -> None:
        wait = 0.0
        while not self._ending.wait(wait):
            alerts = self._sight.settings().alerts
            wait = alerts.every if alerts.wanted else _IDLE_SECONDS
            try:
                if alerts.wanted:
                    self.look(time.time())
            except Exception as error:  # noqa: BLE001 - the watch outlives whatever it looks at
                log.trouble("alerts", error)

    def look(self, now: float) -> None:
        """Look once, at a time in Unix seconds, and tell what is due."""
        alerts = self._sight.settings().alerts
        known = self._memory.read()
        seen = [*own(self._sight, known, now), *self._shared(known, now)]
        known = forgotten(taken_in(known, seen, now))
        notices = due(known, seen, Patience(alerts.calm, alerts.remind), now)
        known = told(known, self._sent(notices, known, now), seen)
        self._memory.write(known)
        metrics.alerts.set(sum(not one.right_since for one in known.values()))

    def _shared(self, known: Mapping[str, Known], now: float) -> list[Matter]:
        try:
            if not self._places.hold([_HOLD], _LOOKS_HELD * self._sight.settings().alerts.every):
                return []
            return shared(self._sight, known, now)
        except GatewayError:  # a part that this node sees for itself
            return []

    def _sent(self, notices: Sequence[Notice], known: Mapping[str, Known], now: float) -> set[Notice]:
        """Send what is due, and what is owed from before; return what anybody has by now."""
        sent: set[Notice] = set()
        channels = self._channels()
        self._outboxes = {one.name: self._outboxes.get(one.name) or Outbox() for one in channels}
        for channel in channels:
            outbox = self._outboxes[channel.name]
            outbox.take(notices, known)
            sent |= outbox.send(channel, now)
        return sent
