"""What an old mail's envelope was, as far as its header and its place tell, and which mail it is."""

import hashlib
from collections.abc import Sequence
from dataclasses import replace

from gateway.importing.entry import Entry
from gateway.importing.fromline import unix_time
from gateway.model import Envelope
from gateway.sources import imap_envelope
from gateway.sources.addressing import Addressing
from gateway.sources.imap_envelope import head_of
from gateway.spool.identity import fields

_DATE = 200


def envelope_of(entry: Entry, head: bytes, addressing: Addressing) -> tuple[Envelope, Sequence[str]]:
    """Return the envelope and the routes of a mail, [""] where none takes it.

    What an mbox says before the mail is its sender where there is no Return-Path. `peer` says where the mail lay, for
    the trace.
    """
    envelope, routes = imap_envelope.envelope_of(head, addressing, "", entry.shown, "import")
    return replace(envelope, sender=imap_envelope.sender_of(head, entry.sender)), routes


def sent_at(entry: Entry, head: bytes) -> float | None:
    """Return when a mail was written, or else came (Unix time); None where nothing tells."""
    date = next((value for name, value in fields(head) if name == b"date"), b"")
    written = unix_time(" ".join(date[:_DATE].decode("latin-1").split()))
    return entry.received if written is None else written


def identified(entry: Entry, first: bytes) -> bytes:
    """Give a mail that has neither Message-ID nor Date a Message-ID, made of its place.

    Without either, two equal mails may be two, and are taken as two (rule 3); but one that is imported again is one.
    """
    # A Maildir's file changes its name after the colon when it is read.
    place = hashlib.sha256(str(entry.at).partition(":2,")[0].encode("utf-8", "surrogateescape")).hexdigest()[:32]
    return imap_envelope.identified(first, head_of(first), f"{place}@import.invalid")
