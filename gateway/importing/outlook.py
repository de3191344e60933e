"""An Outlook message's file (MS-OXMSG) as a mail: its headers, texts and attachments, the same bytes for the same file.

Where the message has the header that it came with, that is the mail's; otherwise one is made of its properties. It is
what a child process does for `conversion`, since nothing is known of how the reading of a foreign file ends.
"""

import codecs
import hashlib
import logging
from collections.abc import Iterator
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, formataddr
from pathlib import Path
from typing import Any

from gateway.importing.entry import Unreadable

_DEPTH = 10
_HTML, _CODE_PAGE = "__substg1.0_10130102", "3FDE0003"
_UTF_8 = 65001
_SENDER_NAMES = ("__substg1.0_0042", "__substg1.0_0C1A")
_SENDER_ADDRESSES = ("__substg1.0_5D02", "__substg1.0_5D01", "__substg1.0_0065", "__substg1.0_0C1F")
_REFERENCES = (("In-Reply-To", "__substg1.0_1042"), ("References", "__substg1.0_1039"))
# Contacts, notes, appointments and tasks lie in files of the same kind.
_MESSAGES = ("ipm.note", "ipm.post", "ipm.schedule.meeting", "report")
_OF_THE_BODY = ("content-", "mime-version")


def mail_of(path: Path) -> bytes:
    """Return the mail that an Outlook message is; Unreadable, with the reason, where it is none or is broken."""
    import extract_msg

    logging.disable()  # the library logs what it also raises
    try:
        with extract_msg.openMsg(path, errorBehavior=extract_msg.enums.ErrorBehavior.RTFDE) as message:
            is_message = str(message.classType).lower().startswith(_MESSAGES)
            return _mail(message, _digest(path), _DEPTH) if is_message else _refused(message)
    except (Unreadable, MemoryError):
        raise
    except Exception as error:
        said = str(error) or type(error).__name__
        raise Unreadable(f"it is no Outlook message that can be read: {said}") from error


def _refused(message: Any) -> bytes:
    raise Unreadable(f"it is no message: Outlook calls it {message.classType}")


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()[:32]


def _mail(message: Any, digest: str, depth: int) -> bytes:
    content = _content(message, digest, depth)
    for number, part in enumerate(content.walk()):
        if part.is_multipart() and part.get_content_maintype() == "multipart":
            part.set_boundary(f"=_{digest}_{number}")
    headers = b"".join(f"{name}: {_line(value)}\r\n".encode("utf-8", "replace") for name, value in _headers(message))
    return headers + content.as_bytes()


def _headers(message: Any) -> Iterator[tuple[str, str]]:
    """Yield the header's fields: those that the message came with, and what they lack."""
    given = [(name, str(value)) for name, value in message.header.items() if message.headerText]
    kept = [(name, value) for name, value in given if not name.lower().startswith(_OF_THE_BODY)]
    yield from kept
    names = {name.lower() for name, _ in kept}
    for name, value in _properties(message):
        if value and name.lower() not in names:
            yield name, value


def _properties(message: Any) -> Iterator[tuple[str, str]]:
    """Yield the fields that the message's properties come to."""
    name = next(filter(None, map(message.getStringStream, _SENDER_NAMES)), "")
    addresses = filter(None, map(message.getStringStream, _SENDER_ADDRESSES))
    yield "From", _address(name, next((one for one in addresses if "@" in one), ""))
    for field, kind in (("To", 1), ("Cc", 2)):
        some = [_address(one.name or "", one.email or "") for one in message.recipients if _kind(one) == kind]
        yield field, ", ".join(filter(None, some))
    yield "Subject", message.subject or ""
    yield "Date", format_datetime(message.date) if message.date else ""
    yield "Message-ID", message.getStringStream("__substg1.0_1035") or ""
    for field, stream in _REFERENCES:
        yield field, message.getStringStream(stream) or ""


def _kind(recipient: Any) -> int:
    return int(recipient.type) & 0xF


def _address(name: str, address: str) -> str:
    address = _line(address)
    return formataddr((_line(name), address)) if "@" in address and address.isascii() else _line(name)


def _line(value: str) -> str:
    """Return a value in one line (its folding undone)."""
    return " ".join(value.replace("\0", "").split())


def _content(message: Any, digest: str, depth: int) -> EmailMessage:
    content = EmailMessage(policy=SMTP)
    content.set_content(_text(message.body or ""))
    html = _html(message)
    if html:
        content.add_alternative(html, "text", "html", params=_charset(message))
    for number, attachment in enumerate(message.attachments):
        _attach(content, attachment, f"{digest}_{number}", depth)
    return content


def _text(text: str | bytes) -> str:
    plain = text.decode("utf-8", "replace") if isinstance(text, bytes) else text
    return plain.encode("utf-8", "replace").decode()


def _html(message: Any) -> bytes:
    """Return the HTML as it is stored, or as it lies in the message's RTF (MS-OXRTFEX)."""
    from extract_msg.enums import DeencapType

    found = message.getStream(_HTML)
    if not found and message.rtfBody and b"\\fromhtml" in message.rtfBody[:1000]:
        found = message.deencapsulateBody(message.rtfBody, DeencapType.HTML)
    return found.encode("utf-8", "replace") if isinstance(found, str) else bytes(found or b"")


def _charset(message: Any) -> dict[str, str]:
    """Return the charset of stored HTML, where the message names one that is known."""
    if not message.getStream(_HTML):
        return {"charset": "utf-8"}
    page = message.getPropertyVal(_CODE_PAGE)
    name = "utf-8" if page == _UTF_8 else f"cp{page}"
    try:
        return {"charset": codecs.lookup(name).name}
    except LookupError:
        return {}


def _attach(content: EmailMessage, attachment: Any, digest: str, depth: int) -> None:
    data = attachment.data
    name = _line(attachment.name or "attachment")
    if isinstance(data, bytes):
        kind, _, sort = (attachment.mimetype or "application/octet-stream").partition("/")
        cid = f"<{_line(attachment.cid)}>" if attachment.cid else None
        content.add_attachment(
            data, kind, sort or "octet-stream", filename=name, cid=cid, disposition="inline" if cid else "attachment"
        )
    elif data is not None:
        if depth == 0:
            raise Unreadable("it has messages in messages too deeply")
        content.add_attachment(message_from_bytes(_mail(data, digest, depth - 1)), filename=f"{Path(name).stem}.eml")
