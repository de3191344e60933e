"""What a channel owes: notices that it could not send yet, tried again after longer and longer rests."""

from collections.abc import Container, Sequence

from gateway.alerting.channels import Channel
from gateway.alerting.matter import Notice
from gateway.errors import GatewayError
from gateway.log import log

_FIRST_REST, _LONGEST_REST = 30.0, 900.0


class Outbox:
    """Lives as long as the alerts, whatever becomes of the settings of its channel."""

    def __init__(self) -> None:
        self._owed: dict[str, Notice] = {}
        self._failures = 0
        self._rests_until = 0.0
        self._said = ""

    def take(self, notices: Sequence[Notice], known: Container[str]) -> None:
        """Owe these as well, each instead of what was owed of the same; leave out what was forgotten meanwhile."""
        self._owed |= {notice.what: notice for notice in notices}
        self._owed = {what: one for what, one in self._owed.items() if not one.wrong or what in known}

    def send(self, channel: Channel, now: float) -> frozenset[Notice]:
        """Send all that is owed, unless it rests; return what was sent. `now` in seconds of any clock."""
        if not self._owed or now < self._rests_until:
            return frozenset()
        owed = tuple(self._owed.values())
        try:
            channel.send(owed)
        except (GatewayError, OSError, ValueError) as error:
            self._rest(channel, error, now)
            return frozenset()
        self._owed, self._failures, self._said = {}, 0, ""
        for one in owed:
            log.alerted(channel.name, one.what, one.said, wrong=one.wrong)
        return frozenset(owed)

    def _rest(self, channel: Channel, error: Exception, now: float) -> None:
        self._rests_until = now + min(_LONGEST_REST, _FIRST_REST * 2.0**self._failures)
        self._failures = min(self._failures + 1, 10)
        if (said := str(error) or type(error).__name__) != self._said:
            self._said = said
            log.alert_not_sent(channel.name, said)
