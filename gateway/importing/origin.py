"""What an old mail's envelope was, as far as its header and its place tell, and which mail it is."""

import hashlib
import re
from collections.abc import Sequence

from gateway.importing.entry import Entry
from gateway.importing.fromline import unix_time
from gateway.model import Envelope
from gateway.sources.addressing import Addressing, addresses
from gateway.spool.identity import fields

_HEAD_END = re.compile(rb"\r?\n\r?\n")
_DATE = 200


def head_of(first: bytes) -> bytes:
    """Return the header block in a mail's first piece, as far as it is there."""
    found = _HEAD_END.search(first)
    return first[: found.end() if found else len(first)]


def envelope_of(entry: Entry, head: bytes, addressing: Addressing) -> tuple[Envelope, Sequence[str]]:
    """Return the envelope and the routes of a mail, [""] where none takes it.

    Return-Path is the envelope's sender (RFC 5321 4.4), then what an mbox says before the mail; where there is neither,
    the writer stands in. `peer` says where the mail lay, for the trace.
    """
    routes, recipients = addressing.routes(head)
    names = {name for name, _ in fields(head)}
    given = next(addresses(head, "return-path"), "")
    sender = given if b"return-path" in names else entry.sender or next(addresses(head, "from"), "")
    to = tuple(map(_printable, recipients))
    return Envelope("import", _printable(sender), to, peer=entry.shown), routes


def sent_at(entry: Entry, head: bytes) -> float | None:
    """Return when a mail was written, or else came (Unix time); None where nothing tells."""
    date = next((value for name, value in fields(head) if name == b"date"), b"")
    written = unix_time(" ".join(date[:_DATE].decode("latin-1").split()))
    return entry.received if written is None else written


def identified(entry: Entry, first: bytes) -> bytes:
    """Give a mail that has neither Message-ID nor Date a Message-ID, made of its place.

    Without either, two equal mails may be two, and are taken as two (rule 3); but one that is imported again is one.
    """
    named = {name for name, value in fields(head_of(first)) if value.strip()}
    if named & {b"message-id", b"date"}:
        return first
    # A Maildir's file changes its name after the colon when it is read.
    place = hashlib.sha256(str(entry.at).partition(":2,")[0].encode("utf-8", "surrogateescape")).hexdigest()[:32]
    end = b"\r\n" if b"\r\n" in first[:1000] else b"\n"
    return b"Message-ID: <%s@import.invalid>%s%s" % (place.encode(), end, first)


def _printable(address: str) -> str:
    return "".join(filter(str.isprintable, address))
