"""A mail to the document that creates its errand: a pure function, run in a child process that can be ended."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gateway.cention.document import new_errand, pieces, without_largest
from gateway.flow.automatic import Handling, Signs, fitted, signs
from gateway.flow.edit import edited
from gateway.flow.ruling import Arrived, ruled
from gateway.mail.header import Header
from gateway.mail.manner import USUAL, Manner
from gateway.mail.parse import read
from gateway.model import Address, Errand, Mail, Thread
from gateway.route.outcome import Create, Disposition, Outcome, Trial

LARGE_DOCUMENT = 1_000_000
"""Bytes of text and files from which on a document is written to a file, where there is one."""

_USUAL_HANDLING = Handling()


@dataclass(frozen=True, slots=True)
class Reading:
    """What reading a mail needs to know beside its bytes.

    `envelope_sender` stands in where no header names a writer, `fallback_id` where the mail has no Message-ID;
    `writer` is the header that names the writer ("from" or "reply-to"); `smaller` leaves the largest attachments out.
    `into` is the descriptor of an open file for a large document. `arrived` is what rules ask for,
    None where there are none; `manner` is how the settings want it read, `handling` what they want of automatic mail.
    `reverse_path` and `recipients` are the envelope's, `thread` is what the mail belongs to, once that is known. `link`
    is what a notice of our own is about, as its errand's extradata; `edited` what a person wants in the document.
    """

    envelope_sender: str
    fallback_id: str
    writer: str = "from"
    smaller: bool = False
    into: int | None = None
    arrived: Arrived | None = None
    manner: Manner = USUAL
    handling: Handling = _USUAL_HANDLING
    reverse_path: str | None = None
    recipients: tuple[str, ...] = ()
    thread: Thread | None = None
    link: dict[str, Any] | None = None
    edited: Mapping[str, str] | None = None


@dataclass(frozen=True, slots=True)
class Ruled:
    """What rules made of a mail: see `Outcome`. `matched` are the rules that did, for the trace."""

    route: str
    also: tuple[str, ...]
    disposition: Disposition
    reference: str
    matched: tuple[Trial, ...]

    @classmethod
    def of(cls, outcome: Outcome) -> "Ruled":
        """Take from an outcome what is to be known of it where the job is."""
        return cls(outcome.route, outcome.also, outcome.disposition, outcome.reference, outcome.matched)


@dataclass(frozen=True, slots=True)
class Prepared:
    """A mail that was read: the JSON:API document, what it can be found by, and what the trace should say.

    `document` is empty where it was written to the file of `Reading.into`; `size` is its length in bytes in both cases,
    and 0 where `ruled` (None where there are no rules) says that no errand is to be created. `signs` tell who wrote the
    mail and where it belongs; `belongs` is the thread that the document names.
    """

    document: bytes
    size: int
    message_id: str
    subject: str
    from_address: str
    thread: tuple[str, ...]
    attachments: int
    notes: tuple[str, ...]
    left_out: tuple[str, ...]
    ruled: Ruled | None = None
    signs: Signs | None = None
    belongs: Thread | None = None
    name: str = ""


def prepare(source: bytes | Path, reading: Reading) -> Prepared:
    """Read a mail, given as its bytes or the file they are in, into the document that creates its errand."""
    raw = source if isinstance(source, bytes) else source.read_bytes()
    parsed = read(raw, reading.fallback_id, reading.manner)
    mail = parsed.mail
    errand = to_errand(mail, reading)
    outcome = _ruled(parsed.header, len(raw), errand, reading)
    found = signs(raw, parsed, reading.reverse_path, reading.recipients, reading.handling)
    errand = fitted(outcome.errand, found, reading.thread, reading.handling)
    errand, left_out = without_largest(errand) if reading.smaller else (errand, ())
    document, size = _document(errand, reading.into) if isinstance(outcome.disposition, Create) else (b"", 0)
    return Prepared(
        document=document,
        size=size,
        message_id=errand.message_id,
        subject=errand.subject,
        from_address=errand.sender,
        name=errand.name,
        thread=mail.references,
        attachments=len(errand.attachments) + len(left_out),
        notes=mail.notes,
        left_out=left_out,
        ruled=Ruled.of(outcome) if reading.arrived is not None else None,
        signs=found,
        belongs=reading.thread,
    )


def _ruled(header: Header, size: int, errand: Errand, reading: Reading) -> Outcome:
    """Apply the rules, if there are any, and over them what a person has changed."""
    if reading.arrived is None:
        return Outcome(edited(errand, reading.edited), "")
    return ruled(header, size, errand, reading.arrived, reading.edited)


def _document(errand: Errand, into: int | None) -> tuple[bytes, int]:
    """Return the document and its length; b"" for one that was written to the file."""
    content = len(errand.body) + len(errand.html_body) + sum(len(each.content) for each in errand.attachments)
    if into is None or content < LARGE_DOCUMENT:
        document = new_errand(errand)
        return document, len(document)
    with open(into, "wb", closefd=False) as file:
        return b"", sum(file.write(piece) for piece in pieces(errand))


def to_errand(mail: Mail, reading: Reading) -> Errand:
    """Map a mail onto the errand's `msg` (contract.md, Create)."""
    writer = _writer(mail, reading)
    return Errand(
        message_id=mail.message_id,
        name=writer.name,
        sender=writer.email,
        subject=mail.subject,
        body=mail.body,
        html_body=mail.html_body,
        attachments=mail.attachments,
        extradata=reading.link,
    )


def _writer(mail: Mail, reading: Reading) -> Address:
    if reading.writer == "reply-to" and mail.reply_to is not None and mail.reply_to.email:
        return Address(mail.reply_to.name or mail.sender.name, mail.reply_to.email)
    if mail.sender.email:
        return mail.sender
    return Address(mail.sender.name, reading.envelope_sender)
