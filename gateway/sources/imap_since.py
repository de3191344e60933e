"""Where to begin in a folder: at its first start, and when its UIDs mean nothing any more.

A server that gives a folder another UIDVALIDITY has forgotten which messages it showed us (RFC 3501 2.3.1.1). Then
every message that can be one of ours, or new, is taken once more, and its identity decides: the store recognises what
it has. A bound keeps out what never was ours: it is the time of the first start, and goes along with the time at a
distance of thirty days, so that nothing is taken again that the store may have forgotten.
"""

import time
from datetime import UTC, date, datetime, timedelta

from gateway.log import log
from gateway.model import Position
from gateway.sources.imap_folder import Folder, search_date
from gateway.sources.imap_progress import Progress

KEPT_SECONDS = 30 * 86400.0
_DAY = 86400.0
_CLOCKS = 600.0  # how much ours and the server's may differ


def begin(poller: str, folder: Folder, progress: Progress, since: str | date) -> None:
    """Have a position in the folder, if there is none that means something."""
    now = time.time()
    position = progress.position
    if position is None:
        wanted = _chosen(folder, since)
        start = 0 if since == "all" else folder.last
        progress.begin(Position(folder.uidvalidity, start), wanted, 0.0 if since == "all" else now)
    elif position.uidvalidity != folder.uidvalidity or position.uid > folder.last:
        _begin_again(poller, folder, progress, since)
    elif position.uid == folder.last and not progress.unfinished and progress.bound < now - KEPT_SECONDS - _DAY:
        progress.set_bound(now - KEPT_SECONDS)
    progress.forget_stale()


def _begin_again(poller: str, folder: Folder, progress: Progress, since: str | date) -> None:
    """Want all that came after the bound, and where something was still to be taken, what `since` chooses."""
    bound = progress.bound
    day = datetime.fromtimestamp(max(bound - _CLOCKS - _DAY, 0.0), UTC).date()
    candidates = folder.search(f"SINCE {search_date(day)}") if bound else folder.search("ALL")
    wanted = set(folder.since(bound - _CLOCKS, candidates) if bound else candidates)
    if progress.unfinished:
        wanted.update(_chosen(folder, since))
    log.poller(poller, "begins anew", f"UIDVALIDITY has changed; {len(wanted)} messages are looked at once more")
    progress.begin(Position(folder.uidvalidity, folder.last), sorted(wanted), bound)


def _chosen(folder: Folder, since: str | date) -> list[int]:
    """Return the UIDs of the messages that a first start takes, but for `all`, which needs no list."""
    if isinstance(since, date):
        day = since - timedelta(days=1)
        return folder.since(
            datetime(since.year, since.month, since.day, tzinfo=UTC).timestamp(),
            folder.search(f"SINCE {search_date(day)}"),
        )
    return folder.search("UNSEEN") if since == "unseen" else []
