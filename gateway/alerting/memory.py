"""What was told, kept in the spool beside what pollers remember, so that a restart tells nothing twice.

What cannot be written while the spool is away is kept here, and written once it is back.
"""

import json
from collections.abc import Mapping

from gateway.alerting.matter import Known
from gateway.errors import GatewayError
from gateway.log import log
from gateway.model import Mark
from gateway.spool.fetching import Places

# A mailbox of this name there cannot be: each has one of a letter at least.
_MAILBOX, _FOLDER = "", "alerts"
_LONGEST = 500


class Memory:
    """Lives as long as the alerts. Several nodes share what is written; each writes what it has changed."""

    def __init__(self, places: Places) -> None:
        self._places = places
        self._stored: dict[str, Known] = {}
        self._unwritten: dict[str, Known] = {}
        self._undeleted: set[str] = set()
        self._said = ""

    def read(self) -> dict[str, Known]:
        """Return what is known, by its name."""
        try:
            marks = self._places.marks(_MAILBOX, _FOLDER)
            self._stored = {mark.uid: _known(mark) for mark in marks.values()}
        except GatewayError as error:
            self._trouble(error)
        return {what: one for what, one in self._stored.items() if what not in self._undeleted} | self._unwritten

    def write(self, known: Mapping[str, Known]) -> None:
        """Write what is known by now."""
        self._unwritten = {what: one for what, one in known.items() if self._stored.get(what) != one}
        self._undeleted = {what for what in self._stored if what not in known}
        try:
            self._places.mark(_MAILBOX, _FOLDER, [_mark(one) for one in self._unwritten.values()])
            self._places.unmark(_MAILBOX, _FOLDER, list(self._undeleted))
        except GatewayError as error:
            self._trouble(error)
        else:
            self._unwritten, self._undeleted, self._said = {}, set(), ""

    def _trouble(self, error: GatewayError) -> None:
        if str(error) != self._said:
            self._said = str(error)
            log.trouble("alerts", error)


def _mark(one: Known) -> Mark:
    times = {"told_at": one.told_at, "right_since": one.right_since}
    state = "right" if one.right_since else "wrong"
    return Mark(one.what, state, one.number, one.since, json.dumps(times | {"said": one.said[:_LONGEST]}))


def _known(mark: Mark) -> Known:
    said = json.loads(mark.error)
    return Known(mark.uid, said["said"], mark.at, mark.tries, said["told_at"], said["right_since"])
