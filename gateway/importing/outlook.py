"""An Outlook message's file (MS-OXMSG) as a mail: its headers, texts and attachments, the same bytes for the same file.

Where the message has the header that it came with, that is the mail's; otherwise one is made of its properties. It is
what a child process does for `conversion`, since nothing is known of how the reading of a foreign file ends.
"""

import hashlib
from collections.abc import Iterator
from email import message_from_bytes
from email.message import EmailMessage
from email.parser import HeaderParser
from email.policy import SMTP
from email.utils import format_datetime, formataddr
from pathlib import Path

from gateway.importing import msgfile
from gateway.importing.entry import Unreadable
from gateway.importing.msgfile import Storage

_DEPTH = 10
_REFERENCES = (("In-Reply-To", msgfile.IN_REPLY_TO), ("References", msgfile.REFERENCES))
# Contacts, notes, appointments and tasks lie in files of the same kind.
_MESSAGES = ("ipm.note", "ipm.post", "ipm.schedule.meeting", "report")
_OF_THE_BODY = ("content-", "mime-version")


def mail_of(path: Path) -> bytes:
    """Return the mail that an Outlook message is; Unreadable, with the reason, where it is none or is broken."""
    import olefile

    try:
        with olefile.OleFileIO(path) as container:
            return _mail(_message(msgfile.message(container, path.stat().st_size)), _digest(path), _DEPTH)
    except (Unreadable, MemoryError):
        raise
    except Exception as error:
        said = str(error) or type(error).__name__
        raise Unreadable(f"it is no Outlook message that can be read: {said}") from error


def _message(found: Storage) -> Storage:
    kind = found.text(msgfile.CLASS)
    if not kind:
        raise Unreadable("it is no Outlook message that can be read: it says of nothing what it is")
    if not kind.lower().startswith(_MESSAGES):
        raise Unreadable(f"it is no message: Outlook calls it {kind}")
    return found


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()[:32]


def _mail(message: Storage, digest: str, depth: int) -> bytes:
    content = _content(message, digest, depth)
    for number, part in enumerate(content.walk()):
        if part.is_multipart() and part.get_content_maintype() == "multipart":
            part.set_boundary(f"=_{digest}_{number}")
    headers = b"".join(f"{name}: {_line(value)}\r\n".encode("utf-8", "replace") for name, value in _headers(message))
    return headers + content.as_bytes()


def _headers(message: Storage) -> Iterator[tuple[str, str]]:
    """Yield the header's fields: those that the message came with, and what they lack."""
    given = HeaderParser().parsestr(message.text(msgfile.HEADERS), headersonly=True).items()
    kept = [(name, str(value)) for name, value in given if not name.lower().startswith(_OF_THE_BODY)]
    yield from kept
    names = {name.lower() for name, _ in kept}
    for name, value in _properties(message):
        if value and name.lower() not in names:
            yield name, value


def _properties(message: Storage) -> Iterator[tuple[str, str]]:
    """Yield the fields that the message's properties come to."""
    addresses = filter(None, (message.text(number) for number in msgfile.SENDER_ADDRESSES))
    sender = next((one for one in addresses if "@" in one), "")
    yield "From", _address(message.text(*msgfile.SENDER_NAMES), sender)
    recipients = list(message.parts("recip"))
    for field, kind in (("To", 1), ("Cc", 2)):
        some = [one for one in recipients if (one.integer(msgfile.RECIPIENT_KIND) or 0) & 0xF == kind]
        yield field, ", ".join(filter(None, map(_recipient, some)))
    yield "Subject", message.text(msgfile.SUBJECT)
    when = message.time(msgfile.SENT, msgfile.RECEIVED)
    yield "Date", format_datetime(when) if when else ""
    yield "Message-ID", message.text(msgfile.MESSAGE_ID)
    for field, number in _REFERENCES:
        yield field, message.text(number)


def _recipient(one: Storage) -> str:
    return _address(one.text(msgfile.NAME), one.text(*msgfile.ADDRESSES))


def _address(name: str, address: str) -> str:
    address = _line(address)
    return formataddr((_line(name), address)) if "@" in address and address.isascii() else _line(name)


def _line(value: str) -> str:
    """Return a value in one line (its folding undone)."""
    return " ".join(value.replace("\0", "").split())


def _content(message: Storage, digest: str, depth: int) -> EmailMessage:
    content = EmailMessage(policy=SMTP)
    plain, html, charset = message.texts()
    content.set_content(plain.encode("utf-8", "replace").decode())
    if html:
        content.add_alternative(html, "text", "html", params={"charset": charset} if charset else {})
    for number, attachment in enumerate(message.parts("attach")):
        _attach(content, attachment, f"{digest}_{number}", depth)
    return content


def _attach(content: EmailMessage, attachment: Storage, digest: str, depth: int) -> None:
    name = _line(attachment.text(*msgfile.FILE_NAMES)) or "attachment"
    if (embedded := attachment.embedded()) is not None:
        if depth == 0:
            raise Unreadable("it has messages in messages too deeply")
        content.add_attachment(
            message_from_bytes(_mail(embedded, digest, depth - 1)), filename=f"{Path(name).stem}.eml"
        )
        return
    cid = _line(attachment.text(msgfile.CONTENT_ID))
    content.add_attachment(
        attachment.binary(msgfile.DATA),
        *_media_type(_line(attachment.text(msgfile.MIME))),
        filename=name,
        cid=f"<{cid}>" if cid else None,
        disposition="inline" if cid else "attachment",
    )


def _media_type(said: str) -> tuple[str, str]:
    """Return the halves of a media type. A file is one thing: the type of something with parts is none for it."""
    kind, _, sort = said.partition("/")
    has_parts = kind.lower() == "multipart" or (kind.lower() == "message" and sort.lower() != "rfc822")
    return (kind, sort) if kind and sort and not has_parts else ("application", "octet-stream")
