"""A folder that is open: its name on the server, its UIDs, sizes and dates, and the wait for new mail."""

import time
from collections.abc import Callable, Iterable, Iterator
from datetime import date
from email.utils import mktime_tz, parsedate_tz
from itertools import islice
from typing import Any

from gateway.errors import Temporary
from gateway.sources.imap_dialog import Dialog, Goodbye
from gateway.sources.imap_response import Fetched, fetched, found_uids, sequence

AT_ONCE = 500
_LOOK_SECONDS = 0.5
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
# What tells of a new message, in a line without its CR LF (RFC 3501 7.3).
_NEWS = (b" EXISTS", b" RECENT")


class Folder:
    """A selected folder. `last` is the highest UID that was there when it was opened, 0 for none."""

    def __init__(self, dialog: Dialog, name: str, *, readonly: bool) -> None:
        self.dialog = dialog
        self.name = name_on_server(dialog, name)
        answer: dict[bytes, Any] = dialog.select_folder(self.name, readonly=readonly)
        if b"UIDVALIDITY" not in answer:
            raise Temporary(f"the server gives no UIDVALIDITY for {name}, so nothing can be told apart there")
        self.uidvalidity = int(answer[b"UIDVALIDITY"])
        self.exists = int(answer.get(b"EXISTS", 0))
        self.last = int(answer[b"UIDNEXT"]) - 1 if b"UIDNEXT" in answer else max(self.search("UID *"), default=0)

    def search(self, criteria: str) -> list[int]:
        """Return the UIDs of the messages that meet some criteria (RFC 3501 6.4.4), rising."""
        found = [found_uids(response) or () for response in self.dialog.ask(f"UID SEARCH {criteria}")]
        if self.dialog.ended.status != "OK":
            raise Temporary(f"UID SEARCH {criteria}: {self.dialog.ended.text}")
        return sorted({uid for uids in found for uid in uids})

    def after(self, uid: int) -> list[int]:
        """Return the UIDs past one: what a server says to `N:*` may be an older one, which is the last."""
        self.dialog.ask("NOOP")
        return [found for found in self.search(f"UID {uid + 1}:*") if found > uid]

    def listed(self, uids: Iterable[int], items: str) -> Iterator[Fetched]:
        """Yield what the server says of messages: `items` are RFC822.SIZE or INTERNALDATE."""
        for some in chunks(uids):
            for response in self.dialog.ask(f"UID FETCH {sequence(some)} (UID {items})"):
                if (one := fetched(response)) is not None:
                    yield one

    def since(self, time_of: float, uids: Iterable[int]) -> list[int]:
        """Return those of the messages that came to the server at a Unix time or later, or nobody knows when."""
        return [one.uid for one in self.listed(uids, "INTERNALDATE") if _time(one.date) >= time_of]

    def wait(self, seconds: float, wanted: Callable[[], bool]) -> None:
        """Look on for so long, or until something is `wanted`, without IDLE."""
        end = time.monotonic() + seconds
        while not wanted() and (left := end - time.monotonic()) > 0:
            time.sleep(min(_LOOK_SECONDS, left))

    def idle(self, seconds: float, wanted: Callable[[], bool]) -> None:
        """Have the server tell of a new message (RFC 2177): return when it does, or as `wait` would."""
        if (tag := self.dialog.begins_to_idle()) is None:
            self.wait(seconds, wanted)
            return
        end = time.monotonic() + seconds
        while not wanted() and (left := end - time.monotonic()) > 0:
            if self.dialog.transport.waits(min(_LOOK_SECONDS, left)) and self._is_news():
                break
        self.dialog.stops_idling(tag)

    def _is_news(self) -> bool:
        self.dialog.transport.expect()
        line = self.dialog.transport.line()
        if line[:5].upper() == b"* BYE":
            raise Goodbye(f"the server said goodbye: {line[5:].decode('utf-8', 'replace').strip()}")
        return line.rstrip().upper().endswith(_NEWS)


def name_on_server(dialog: Dialog, name: str) -> str:
    """Return what a server calls a folder: its own separator for `/`, and the personal namespace before it (RFC 2342).

    A name that is there as it was written goes before one that has to be changed.
    """
    if name.upper() == "INBOX" or dialog.folder_exists(name):
        return name
    prefix, separator = _personal(dialog)
    inner = name.replace("/", separator) if separator else name
    return inner if inner.startswith(prefix) and prefix else prefix + inner


def search_date(day: date) -> str:
    """Write a date as SEARCH takes it (RFC 3501 9, date)."""
    return f"{day.day}-{_MONTHS[day.month - 1]}-{day.year}"


def chunks(uids: Iterable[int]) -> Iterator[list[int]]:
    """Split UIDs into lists that fit into a command's line."""
    rest = iter(uids)
    while some := list(islice(rest, AT_ONCE)):
        yield some


def _personal(dialog: Dialog) -> tuple[str, str]:
    if dialog.has_capability("NAMESPACE") and (spaces := dialog.namespace().personal):
        return spaces[0][0], spaces[0][1] or ""
    folders = dialog.list_folders("", "")
    separator = folders[0][1] if folders else None
    return "", separator.decode() if separator else ""


def _time(text: str) -> float:
    """Read an INTERNALDATE; what cannot be read is taken for new."""
    found = parsedate_tz(text.strip().replace("-", " ", 2))
    return mktime_tz(found) if found is not None else time.time()
