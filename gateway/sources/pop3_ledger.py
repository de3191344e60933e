"""What is remembered of a POP3 mailbox's messages while they are on the server: ours since when, or failed.

A message is known by its UIDL (RFC 1939 7) and size: a server may give the UIDL of one that is gone to another.
"""

import hashlib
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from gateway.model import Mark
from gateway.sources.places import Places

TAKEN, FAILED, LARGE = "taken", "failed", "large"
TRIES = 3
_FIRST_WAIT, _STEEPER, _LONGEST_WAIT = 5.0, 6.0, 6 * 3600.0
_LONGEST_UIDL = 200
_LONGEST_LINE = 2000
_LONGEST_SIZE = 18
_AT_ONCE = 1000


class Message(NamedTuple):
    """A message as the server lists it. Where the server does not tell it from others, `key` is good for one session.

    `certain` is whether it does. Otherwise the content has to be looked at (`key_of_content`).
    """

    number: int
    size: int
    key: str
    certain: bool


class Ledger:
    """What is remembered of one mailbox, of a poller that is the only one there: read once, written as it changes."""

    def __init__(self, places: Places, mailbox: str) -> None:
        self._places = places
        self._here = (f"pop3:{mailbox}", "")
        self._marks = dict(places.marks(*self._here))

    def is_ours(self, key: str) -> bool:
        """Whether a message was taken."""
        return key in self._marks and self._marks[key].state == TAKEN

    def age(self, key: str) -> float:
        """Return for how many seconds a message that was taken has been ours."""
        return max(0.0, time.time() - self._marks[key].at)

    def waits(self, key: str) -> bool:
        """Whether a message has failed, and it is too early to try again."""
        return key in self._marks and self._marks[key].state == FAILED and self._marks[key].at > time.time()

    def take(self, keys: Iterable[str]) -> None:
        """Remember that messages are ours."""
        now = time.time()
        self._mark([Mark(key, TAKEN, at=now) for key in keys])

    def fail(self, key: str, reason: str, *, lasting: bool = False) -> bool:
        """Remember that a message could not be taken; return whether that is to be told, once for a message.

        It is tried again after a while, and after longer ones; at once after the longest where it is `lasting`.
        """
        before = self._marks.get(key, Mark(key, FAILED)).tries
        tries = max(before + 1, TRIES) if lasting else before + 1
        wait = _LONGEST_WAIT if lasting else min(_LONGEST_WAIT, _FIRST_WAIT * _STEEPER ** min(before, 10))
        self._mark([Mark(key, FAILED, tries, time.time() + wait, reason.replace("\0", " ")[:500])])
        return before < TRIES <= tries

    def is_too_large(self, key: str, reason: str) -> bool:
        """Remember that a message is over the limit as it is now; return whether that is to be told."""
        known = key in self._marks and self._marks[key].state == LARGE
        if not known:
            self._mark([Mark(key, LARGE, TRIES, time.time(), reason)])
        return not known

    def keep_only(self, keys: set[str]) -> None:
        """Forget the messages that are not on the server any more."""
        self.forget(self._marks.keys() - keys)

    def forget(self, keys: Iterable[str]) -> None:
        """Forget messages."""
        known = [key for key in keys if key in self._marks]
        self._places.unmark(*self._here, known)
        for key in known:
            del self._marks[key]

    def _mark(self, marks: list[Mark]) -> None:
        for start in range(0, len(marks), _AT_ONCE):
            self._places.mark(*self._here, marks[start : start + _AT_ONCE])
        self._marks.update((mark.uid, mark) for mark in marks)


def messages_of(sizes: Iterable[str], uidls: Iterable[str]) -> list[Message]:
    """Read the lines of LIST and UIDL; those that are neither are passed over.

    A UIDL that stands for several messages tells none of them from the others.
    """
    known = dict(_numbered(uidls))
    count = Counter(known.values())
    messages = []
    for number, text in _numbered(sizes):
        if text.isdecimal() and len(text) <= _LONGEST_SIZE:
            uidl = known.get(number, "")
            certain = count[uidl] == 1
            key = _key(uidl, text) if certain else f"? {number} {text}"
            messages.append(Message(number, int(text), key, certain))
    return messages


def key_of_content(digest: str, size: int) -> str:
    """Return by what a message is known that the server does not tell from others: its content's hash."""
    return f"= {digest} {size}"


def _key(uidl: str, size: str) -> str:
    """Return by what a message is known; a UIDL that RFC 1939 does not allow is known by its hash."""
    if len(uidl) > _LONGEST_UIDL or not uidl.isprintable():
        uidl = hashlib.sha256(uidl.encode()).hexdigest()
    return f"{uidl} {size}"


def _numbered(lines: Iterable[str]) -> Iterator[tuple[int, str]]:
    for line in lines:
        number, _, rest = line.strip().partition(" ")
        if number.isdecimal() and len(line) < _LONGEST_LINE and rest:
            yield int(number), rest.split()[0]
