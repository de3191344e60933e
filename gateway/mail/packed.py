"""A message that Outlook packed into another one (TNEF in TNEF), as the mail that it is.

As it came only Outlook opens it, and of that not every version; as a mail (RFC 5322) it opens anywhere.
"""

from collections.abc import Iterator
from datetime import UTC, datetime
from email.utils import format_datetime
from hashlib import sha256

from gateway.mail import part, tnef
from gateway.mail.field import clean, fold, mailbox, words
from gateway.mail.filename import clean_name, type_of
from gateway.mail.html import to_text
from gateway.mail.leaf import File
from gateway.model import Address, Attachment

_DEPTH = 3
_MESSAGES = 20
_LONGEST = 1_000


def files_of(message: tnef.Unpacked, limit: int) -> tuple[File, ...]:
    """Return the files of a winmail.dat, the messages among them as mails.

    As it came is what cannot be opened, has more than `limit` bytes in it, lies in three messages or more, or comes
    after twenty others.
    """
    room = iter(range(_MESSAGES))
    return tuple(_file(one, limit, room, 1) for one in message.files)


def _file(packed: tnef.Packed, limit: int, room: Iterator[int], depth: int) -> File:
    if packed.content.startswith(tnef.SIGNATURE) and depth <= _DEPTH and next(room, None) is not None:
        message = tnef.open_tnef(packed.content, limit)
        if message is not None:
            files = [_file(one, limit, room, depth + 1) for one in message.files]
            name = clean_name(message.subject) or clean_name(packed.name.removesuffix(".dat")) or "message"
            return File(f"{name}.eml", "message/rfc822", _mail(message, files, sha256(packed.content).hexdigest()))
    name = clean_name(packed.name)
    return File(name, packed.media_type or type_of(name), packed.content, packed.content_id)


def _mail(message: tnef.Unpacked, files: list[File], key: str) -> bytes:
    """Write the mail; `key` is its own, from which its boundaries are made."""
    body = part.text("plain", message.text or to_text(message.html))
    if message.html:
        body = part.multipart("alternative", key, [body, part.text("html", message.html)])
    if files:
        attachments = [Attachment(one.name or "attachment", one.media_type, one.content) for one in files]
        body = part.multipart("mixed", key, [body, *map(part.file, attachments)])
    head = [fold("From", _writer(message.sender)), fold("Subject", words(clean(message.subject, _LONGEST)))]
    if message.sent is not None:
        head.append(fold("Date", [format_datetime(datetime.fromtimestamp(message.sent, UTC))]))
    return b"".join([*head, fold("MIME-Version", ["1.0"]), *body])


def _writer(sender: Address) -> list[str]:
    try:
        return mailbox(sender)
    except ValueError:
        return list(words(clean(sender.name or sender.email, _LONGEST)))
