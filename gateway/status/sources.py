"""How each way in stands: the listeners, and everything that is fetched from."""

from collections.abc import Iterator, Mapping
from typing import Any

from gateway.config.settings import Settings
from gateway.status.live import Live
from gateway.status.standing import Level, SourceStanding
from gateway.status.stored import Stored

_WORDS = {
    "starting": (Level.OK, "starting"),
    "working": (Level.OK, "working"),
    "failing": (Level.WARNING, "fails and is tried again"),
    "refused": (Level.WRONG, "login refused"),
    "elsewhere": (Level.OK, "fetched by another node"),
    "paused": (Level.WARNING, "paused by a person"),
    "stopped": (Level.WARNING, "stopped"),
}


def sources(settings: Settings, stored: Stored, live: Live) -> Iterator[SourceStanding]:
    """Yield every way in that the settings name, and the pipe once something came by it."""
    listening = {"smtp": list(map(str, settings.smtp.listen)), "lmtp": list(map(str, settings.lmtp.listen))}
    for kind, places in listening.items():
        if places:
            yield _listener(kind, ", ".join(places), stored, live)
    if "pipe" in stored.last_mail:
        came = stored.last_mail["pipe"]
        yield SourceStanding(Level.OK, "pipe", "ingest", "working", "at each call", last_success=came)
    for kind, tables in settings.fetched().items():
        for one in tables:
            yield from _fetched(kind, one.name, stored, live)


def _listener(kind: str, places: str, stored: Stored, live: Live) -> SourceStanding:
    counts, last = live.arrivals.get(kind, {}), stored.last_mail.get(kind)
    if live.trouble:
        return SourceStanding(Level.WRONG, kind, places, "down", "the gateway does not run", last_success=last)
    if "smtp" not in live.parts:
        return SourceStanding(Level.OK, kind, places, "elsewhere", "taken by another node", last_success=last)
    error = live.parts["smtp"]
    return SourceStanding(
        level=Level.WRONG if error else Level.OK,
        kind=kind,
        name=places,
        state="failing" if error else "working",
        said=error or "listens",
        last_success=last,
        error=error,
        taken=counts.get("taken", 0),
        seen_before=counts.get("seen_before", 0),
        refused=counts.get("refused"),
    )


def _fetched(kind: str, name: str, stored: Stored, live: Live) -> Iterator[SourceStanding]:
    """Yield a mailbox's folders, or a directory; one line where the gateway says nothing of it."""
    ours = [one for one in live.mailboxes if one["name"].split(" ", 2)[:2] == [kind, name]]
    yield from (_poller(one) for one in ours)
    if not ours and live.trouble:
        last = stored.last_mail.get(kind)
        yield SourceStanding(Level.WRONG, kind, name, "down", "the gateway does not run", last_success=last)
    elif not ours:
        yield SourceStanding(Level.OK, kind, name, "elsewhere", "not fetched by this node")


def _poller(one: Mapping[str, Any]) -> SourceStanding:
    level, words = _WORDS.get(one["state"], (Level.WARNING, one["state"]))
    error = one.get("error", "")
    return SourceStanding(
        level=level,
        kind=one["kind"],
        name=one["name"].partition(" ")[2],
        state=one["state"],
        said=f"{words}: {error}" if error else words,
        since=one.get("since"),
        last_success=one.get("last_success"),
        error=error,
        taken=one.get("taken"),
        seen_before=one.get("copies"),
        skipped=one.get("skipped"),
        refused=one.get("refused"),
    )
