"""Reading a mail: from its bytes to what it says, a pure function that takes whatever comes.

Structure comes from `scan`, headers from `header` and its neighbours, text and files from `body`. What passes a bound
or breaks on the way is still a mail: with what could be read, and the whole of it as an attachment.
"""

import re
from dataclasses import dataclass

from gateway.mail.attaching import MAILS, attach, unique
from gateway.mail.body import read_body
from gateway.mail.field import clean
from gateway.mail.header import Header, header_start, read_header, to_text
from gateway.mail.leaf import Notes
from gateway.mail.manner import USUAL, Manner
from gateway.mail.scan import Part, scan
from gateway.mail.writer import reply_to, writer
from gateway.model import Address, Attachment, Mail

_CHAIN = 50
_CHAIN_BYTES = 64 * 1024
_LONGEST_ID = 998
_LONGEST_NOTE = 300
_ID = re.compile(rb"<[^<>\s\x00-\x1f]{1,996}>")
_ID_ALONE = re.compile(r"(<[^<>\s]+>)(?:\s.*)?")
_NOBODY = Address("", "")
_ATTACHED_DEPTH = 3
_WRITERS = ("from", "sender", "reply-to")


@dataclass(frozen=True, slots=True)
class Parsed:
    """A mail as it was read, and its header for those who ask more of it than what it says to a person."""

    mail: Mail
    header: Header


def parse(raw: bytes, fallback_id: str, manner: Manner = USUAL) -> Mail:
    """Return what a mail says; see `read`."""
    return read(raw, fallback_id, manner).mail


def read(raw: bytes, fallback_id: str, manner: Manner = USUAL) -> Parsed:
    """Read a mail. `fallback_id` becomes the Message-ID of one that has none. Never raises.

    The sender is From, else Sender, else nobody: `Address("", "")`. `notes` says what had to be repaired, and why a
    `mail.eml` with the whole mail is among the attachments where it is.
    """
    try:
        return _read(raw, fallback_id, manner)
    except Exception as error:  # noqa: BLE001 - a mail that breaks its reader must not stop, nor be lost (lessons.md)
        return _unread(raw, fallback_id, f"reading it failed ({type(error).__name__})")


def _read(raw: bytes, fallback_id: str, manner: Manner = USUAL, depth: int = 0) -> Parsed:
    notes: Notes = {}
    mended = raw
    if b"\r" in raw and b"\n" not in raw:
        mended = raw.replace(b"\r", b"\n")
        notes["its lines end in CR only"] = None
    structure = scan(mended, manner.bounds)
    notes |= dict.fromkeys(structure.notes)
    header, charset = structure.root.header, _charset(structure.root)
    crowded = any(value.count(b"@") > manner.bounds.addresses for name in _WRITERS for value in header.all(name))
    if crowded:
        notes["a field that names the writer has too many addresses"] = None
    body = read_body(structure.root, mended, charset, notes, manner)
    files, html = attach(body.files, body.html, notes, manner)
    text = body.text if body.text.strip() else _attached_text(files, manner, depth) or body.text
    if crowded or not (structure.complete and body.complete):
        files = (*files, _whole(raw, files))
    return Parsed(_mail(header, charset, fallback_id, text, html, files, notes), header)


def _attached_text(files: tuple[Attachment, ...], manner: Manner, depth: int) -> str:
    """Return the text of the first attached mail, for a mail that says nothing itself: someone forwarded it."""
    forwarded = next((file for file in files if file.content_type in MAILS), None)
    if not forwarded or depth >= _ATTACHED_DEPTH:
        return ""
    return _read(forwarded.content, "", manner, depth + 1).mail.body


def _unread(raw: bytes, fallback_id: str, note: str) -> Parsed:
    """Make a mail of what could not be read: its header as far as it goes, and the whole of it as a file."""
    try:
        header, _ = read_header(raw, header_start(raw), min(len(raw), 1 << 18))
        return Parsed(_mail(header, "", fallback_id, "", "", (_whole(raw),), {note: None}), header)
    except Exception:  # noqa: BLE001 - as above; then nothing of it can be read
        return Parsed(Mail(fallback_id, _NOBODY, None, "", "", "", (_whole(raw),), (), (note,)), Header())


def _mail(
    header: Header, charset: str, fallback_id: str, body: str, html: str, files: tuple[Attachment, ...], notes: Notes
) -> Mail:
    return Mail(
        message_id=_message_id(header) or fallback_id,
        sender=writer(header, charset),
        reply_to=reply_to(header, charset),
        subject=to_text(header.raw("subject"), charset),
        body=body,
        html_body=html,
        attachments=files,
        references=_references(header),
        notes=tuple(clean(note, _LONGEST_NOTE) for note in notes),
    )


def _whole(raw: bytes, beside: tuple[Attachment, ...] = ()) -> Attachment:
    return Attachment(unique("mail.eml", {file.name.casefold(): 1 for file in beside}), "message/rfc822", raw)


def _charset(part: Part) -> str:
    """Return the first character set that the mail names: what raw 8-bit in its headers is in if it is not UTF-8."""
    return part.content_type.raw("charset") or next(filter(None, map(_charset, part.parts)), "")


def _message_id(header: Header) -> str:
    """Return the Message-ID as it stands, without what some servers write behind it."""
    text = to_text(header.raw("message-id"))
    alone = _ID_ALONE.fullmatch(text)
    return alone[1] if alone else text[:_LONGEST_ID]


def _references(header: Header) -> tuple[str, ...]:
    """Return the chain: References, then In-Reply-To where it says something new; its last ones."""
    chain = [
        clean(found.decode("utf-8", "replace"), _LONGEST_ID)
        for name in ("references", "in-reply-to")
        for value in header.all(name)
        for found in _ID.findall(value[-_CHAIN_BYTES:])
    ]
    return tuple(dict.fromkeys(chain))[-_CHAIN:]
