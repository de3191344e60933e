"""An import from its beginning to its end: the spool opened, each source in turn, stopped by a signal or by trouble."""

import asyncio
import signal
from collections.abc import Iterable
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from gateway.config.settings import Settings
from gateway.errors import GatewayError
from gateway.importing.conversion import Converter
from gateway.importing.find import Found, find
from gateway.importing.fromline import Flavour
from gateway.importing.importer import Importer, Task, Watch
from gateway.importing.journal import Journal
from gateway.importing.pace import Pace
from gateway.importing.rehearsal import Rehearsal
from gateway.importing.tally import Tally
from gateway.sources.addressing import Addressing
from gateway.spool import limits
from gateway.spool.spool import Spool, beside


@dataclass(frozen=True, slots=True)
class Order:
    """What an operator asks for. `since` is Unix time; `rate` mails a second, 0.0 for as many as go.

    `state` is where the journal is; None puts it beside a spool that is a file, and keeps none for another one.
    """

    paths: tuple[Path, ...]
    addressing: Addressing
    flavour: Flavour = Flavour.AUTO
    since: float | None = None
    rate: float = 0.0
    state: Path | None = None
    rehearse: bool = False


def run(settings: Settings, order: Order, watch: Watch) -> Tally:
    """Import; return what it came to. `Tally.stopped` says what ended it early. Temporary when it cannot begin."""
    place = settings.gateway
    with closing(Converter()) as converter:
        found = find(order.paths, converter, order.flavour)
        with beside(place.store, place.min_free, bodies=place.bodies) as spool:
            journal = Journal(None if order.rehearse else _state(order, spool), _purpose(order, spool))
            with closing(journal):
                return asyncio.run(_run(settings, order, watch, found, spool, journal))


async def _run(settings: Settings, order: Order, watch: Watch, found: Found, spool: Spool, journal: Journal) -> Tally:
    tally = Tally(found.size)
    pace = Pace(order.rate, partial(_limit, settings, order, spool), watch.waiting)
    _stop_by_signal(pace, tally)
    smtp = settings.smtp
    task = Task(order.addressing, order.since, smtp.max_size, smtp.max_header_size)
    importer = Importer(Rehearsal(spool) if order.rehearse else spool, task, journal, pace, watch, tally)
    for what, reason in found.wrong:
        importer.refuse(what, reason)
    try:
        for source in found.sources:
            if not pace.stopping.is_set():
                await importer.run(source)
    except GatewayError as error:
        tally.stopped = str(error)
    return tally


def _stop_by_signal(pace: Pace, tally: Tally) -> None:
    """Stop in order at the first signal; the second one does what it always does."""
    loop = asyncio.get_running_loop()

    def stop(number: signal.Signals) -> None:
        loop.remove_signal_handler(number)
        tally.stopped = "it was asked to stop"
        pace.stopping.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop, number)


def _limit(settings: Settings, order: Order, spool: Spool) -> str:
    place = settings.gateway
    return "" if order.rehearse else limits.reached(spool, place.max_spool, place.max_waiting)


def _state(order: Order, spool: Spool) -> Path | None:
    if order.state is not None or spool.door is None:
        return order.state
    return spool.door.with_name(spool.door.name.removesuffix(".sock") + ".import")


def _purpose(order: Order, spool: Spool) -> str:
    """Return what a source is done for: with another purpose it is begun anew."""
    asked: Iterable[object] = (order.addressing.route, *order.addressing.headers, order.since, order.flavour)
    return " ".join(map(str, (spool.name, *asked)))
