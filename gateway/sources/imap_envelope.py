"""The envelope, which mailboxes and old files do not keep: made from what the last server wrote into the header."""

import re
from collections.abc import Sequence

from gateway.model import Envelope
from gateway.sources.addressing import Addressing, addresses

_HEAD_END = re.compile(rb"\r?\n\r?\n")
# A long Message-ID stands on a line of its own (RFC 5322 2.2.3).
_NAMED = re.compile(rb"^(?:message-id|date)[ \t]*:(?:\r?\n[ \t]|[ \t])*[^\s]", re.IGNORECASE | re.MULTILINE)
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
    return Envelope(source=source, sender=sender_of(head), recipients=tuple(map(_printable, to)), peer=peer), routes


def identified(raw: bytes, head: bytes, name: str) -> bytes:
    """Give a message that has neither Message-ID nor Date a Message-ID, of its place on the server.

    Without either, equal mails are taken as two, since they may be; but one that is fetched again after a crash is one.
    """
    if _NAMED.search(head):
        return raw
    end = b"\r\n" if b"\r\n" in head else b"\n"
    return b"Message-ID: <%s>%s%s" % (name.encode(), end, raw)


def sender_of(head: bytes, known: str = "") -> str:
    """Return the envelope's sender: Return-Path has it, empty for a bounce (RFC 5321 4.4).

    Where there is none, what is `known` otherwise stands in, or the writer, whose address may stand behind another one.
    """
    if _RETURN_PATH.search(head):
        return _printable(next(addresses(head, "return-path"), ""))
    return _printable(known or next(reversed(list(addresses(head, "from"))), ""))


def _printable(address: str) -> str:
    return "".join(filter(str.isprintable, address))
