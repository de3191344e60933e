"""What a mailbox does not keep: the envelope. It is made from what the last server wrote into the header."""

import re
from collections.abc import Sequence

from gateway.model import Envelope
from gateway.sources.addressing import Addressing, addresses

_HEAD_END = re.compile(rb"\r?\n\r?\n")
_NAMED = re.compile(rb"^(?:message-id|date)[ \t]*:[ \t]*[^\s]", re.IGNORECASE | re.MULTILINE)
_RETURN_PATH = re.compile(rb"^return-path[ \t]*:", re.IGNORECASE | re.MULTILINE)
_LONGEST_HEAD = 1_000_000


def head_of(raw: bytes) -> bytes:
    """Return the header block of a message."""
    found = _HEAD_END.search(raw, 0, _LONGEST_HEAD)
    return raw[: found.end() if found else _LONGEST_HEAD]


def envelope_of(
    head: bytes, addressing: Addressing, user: str, peer: str, source: str
) -> tuple[Envelope, Sequence[str]]:
    """Return the envelope and the routes of a message; where nothing names a recipient, it is the mailbox's user."""
    routes, recipients = addressing.routes(head)
    to = recipients or ((user,) if "@" in user else ())
    return Envelope(source=source, sender=_sender(head), recipients=to, peer=peer), routes


def identified(raw: bytes, head: bytes, name: str) -> bytes:
    """Give a message that has neither Message-ID nor Date a Message-ID, of its place on the server.

    Without either, equal mails are taken as two, since they may be; but one that is fetched again after a crash is one.
    """
    return raw if _NAMED.search(head) else b"Message-ID: <%s>\r\n%s" % (name.encode(), raw)


def _sender(head: bytes) -> str:
    """Return-Path is the envelope's, empty for a bounce (RFC 5321 4.4); where there is none, the writer stands in."""
    if _RETURN_PATH.search(head):
        return next(addresses(head, "return-path"), "")
    return next(reversed(list(addresses(head, "from"))), "")
