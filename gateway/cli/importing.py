"""How an import is watched: a bar with rate and time left on a terminal, lines of JSON for programs."""

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Protocol

from rich.console import Console
from rich.filesize import decimal
from rich.markup import escape
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

from gateway.importing.importer import Watch
from gateway.importing.tally import Tally

_LINE_MAILS = 1000
_SHOWN_REASONS = 20


class Looker(Watch, Protocol):
    """Looks on to the end."""

    def ended(self, tally: Tally) -> None:
        """It has come to its end, whichever: the summary."""


@contextmanager
def watching(*, as_json: bool, rehearsal: bool) -> Iterator[Looker]:
    """Look on, in the way that was asked for."""
    if as_json:
        yield _Program(rehearsal=rehearsal)
        return
    person = _Person(rehearsal=rehearsal)
    with person.progress:
        yield person


class _Program:
    """A line of JSON for each refused mail, for each thousand mails, and for the whole at its end."""

    def __init__(self, *, rehearsal: bool) -> None:
        self._rehearsal = rehearsal

    def moved(self, tally: Tally) -> None:
        if tally.mails % _LINE_MAILS == 0:
            left = tally.seconds_left
            self._say("progress", **tally.told(), seconds_left=None if left is None else round(left, 1))

    def refused(self, what: str, reason: str) -> None:
        self._say("refused", what=what, reason=reason)

    def waiting(self, why: str) -> None:
        self._say("waiting" if why else "going on", reason=why)

    def ended(self, tally: Tally) -> None:
        reasons = dict(tally.reasons.most_common(_SHOWN_REASONS))
        self._say("summary", **tally.told(), reasons=reasons, stopped=tally.stopped, dry_run=self._rehearsal)

    def _say(self, event: str, **fields: Any) -> None:
        print(json.dumps({"event": event} | fields, ensure_ascii=False), flush=True)


class _Person:
    """A bar, and a line above it for each refused mail; on standard error, so that the summary can be kept apart."""

    def __init__(self, *, rehearsal: bool) -> None:
        self._rehearsal = rehearsal
        console = Console(stderr=True)
        self.progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            DownloadColumn(),
            TextColumn("{task.fields[rate]:,.0f} mails/s"),
            TimeRemainingColumn(),
            console=console,
            disable=not console.is_terminal,
            transient=True,
        )
        self._bar = self.progress.add_task("looking", total=None, rate=0.0)

    def moved(self, tally: Tally) -> None:
        done = tally.earlier + tally.done
        self.progress.update(
            self._bar, description=f"{tally.mails:,} mails", completed=done, total=tally.size, rate=tally.rate
        )

    def refused(self, what: str, reason: str) -> None:
        self._line(f"{what}: {reason}")

    def waiting(self, why: str) -> None:
        self._line(f"waiting for the gateway: {why}" if why else "going on")

    def ended(self, tally: Tally) -> None:
        self.progress.stop()
        would = "would be " if self._rehearsal else ""
        print(f"{tally.taken} {would}taken, {tally.seen} seen before, {tally.refused} refused", end="")
        print(f", {tally.older} older and left out" if tally.older else "")
        for reason, count in tally.reasons.most_common(_SHOWN_REASONS):
            print(f"  {count} refused: {reason}")
        if tally.earlier:
            print(f"{decimal(tally.earlier)} were done in an earlier run")
        if tally.stopped:
            print(f"ended early: {tally.stopped}; {decimal(tally.left)} are left: the same command goes on there")
        print(f"{tally.mails} mails, {tally.rate:,.0f} a second")

    def _line(self, text: str) -> None:
        if self.progress.disable:
            print(text, file=sys.stderr, flush=True)
        else:
            self.progress.console.print(escape(text), highlight=False, soft_wrap=True)
