"""An answer as a mail: from a `Reply` to the bytes of RFC 5322, pure, the same reply giving the same bytes.

The shape is mixed > alternative(text, related(html, pictures)) and the files; a level that would hold one thing is left
out. What others wrote is cleaned before it is set in a header, and the finished bytes are checked once more.
"""

import re
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from email.utils import format_datetime
from hashlib import sha256

from gateway.errors import Permanent, Reason
from gateway.mail import document, field, part
from gateway.mail.embed import cids, embed
from gateway.mail.html import to_text
from gateway.model import Address, Attachment, Reply

_CHAIN = 20
_CHAIN_BYTES = 8_000  # some relays refuse a header of more than 10,000
_TEXT = 1000
_LONGEST_LINE = 998
_BODY_FIELDS = frozenset({"Content-Type", "Content-Transfer-Encoding"})


def compose(reply: Reply) -> bytes:
    """Return the mail, its lines ended by CRLF, as it is signed and sent.

    Recipients that no header can carry are left out of To (the smarthost is not asked for them either). Raises
    Permanent if the sender or the Message-ID is unfit, or if the result has not exactly the fields that were meant.
    """
    try:
        fields = list(_fields(reply))
        message = b"".join([*(field.fold(name, tokens) for name, tokens in fields), *_content(reply)])
    except ValueError as error:
        raise Permanent(f"The answer cannot be written as a mail: {error}", reason=Reason.MAIL_UNWRITABLE) from error
    if not message.endswith(b"\r\n"):
        message += b"\r\n"
    _check(message, [name for name, _ in fields])
    return message


def _fields(reply: Reply) -> Iterable[tuple[str, Sequence[str]]]:
    own_id = field.message_id(reply.message_id)
    if own_id is None:
        raise ValueError(f"{reply.message_id!r} is not a Message-ID")
    yield "From", field.mailbox(reply.sender)
    if reply.reply_to is not None:
        yield "Reply-To", field.mailbox(reply.reply_to)
    yield "To", field.mailboxes(filter(_is_writable, reply.to)) or ["undisclosed-recipients:;"]
    if copies := field.mailboxes(filter(_is_writable, reply.cc)):
        yield "Cc", copies
    yield "Subject", field.words(field.clean(reply.subject, _TEXT))
    yield "Date", [format_datetime(datetime.fromtimestamp(int(reply.date), UTC))]
    yield "Message-ID", [own_id]
    yield from _thread(reply)
    yield from _manners(reply)
    for name, value in reply.headers:
        yield name, field.words(field.clean(value, _TEXT))
    yield "MIME-Version", ["1.0"]


def _thread(reply: Reply) -> Iterable[tuple[str, Sequence[str]]]:
    chain = _chain(reply.references)
    if chain and chain[-1] == reply.references[-1]:
        yield "In-Reply-To", [chain[-1]]
    if chain:
        yield "References", chain
    if reply.auto_submitted:
        yield "Auto-Submitted", ["auto-replied" if chain else "auto-generated"]


def _manners(reply: Reply) -> Iterable[tuple[str, Sequence[str]]]:
    """Yield what other programs are told: the language, and how the reader gets no more of such mail (RFC 2369)."""
    if reply.language:
        yield "Content-Language", [field.clean(reply.language, 40)]
    if reply.unsubscribe:
        *others, last = (f"<{address}>" for address in reply.unsubscribe)
        yield "List-Unsubscribe", [*(f"{one}," for one in others), last]
    if reply.one_click and any(address.startswith("https:") for address in reply.unsubscribe):
        yield "List-Unsubscribe-Post", ["List-Unsubscribe=One-Click"]


def _chain(references: tuple[str, ...]) -> list[str]:
    """Return the chain without repeats and without what no header can carry.

    Of a long one the first stays, which names the thread, and the last ones: readers and relays have limits.
    """
    known = [reference for reference in dict.fromkeys(reversed(references)) if field.message_id(reference)][::-1]
    room = _CHAIN_BYTES - sum(map(len, known[:1]))
    last: list[str] = []
    for reference in reversed(known[1:]):
        room -= len(reference)
        if room < 0 or len(last) == _CHAIN - 1:
            break
        last.append(reference)
    return [*known[:1], *reversed(last)]


def _is_writable(address: Address) -> bool:
    try:
        field.bare_address(address.email)
    except ValueError:
        return False
    return True


def _content(reply: Reply) -> list[bytes]:
    html = reply.html_body if reply.html_body.strip() else ""
    body = part.text("plain", reply.body if reply.body.strip() or not html else to_text(html))
    pictures = _pictures(reply, html)
    if html:
        body = part.multipart("alternative", reply.message_id, [body, _page(reply, html, pictures)])
    files = [*reply.files, *(picture for picture in reply.inline if picture not in pictures.values())]
    return part.multipart("mixed", reply.message_id, [body, *map(part.file, files)]) if files else body


def _pictures(reply: Reply, html: str) -> dict[str, Attachment]:
    """Return the pictures that the HTML shows, by name; the first of two with one name."""
    named = cids(html)
    return {picture.content_id: picture for picture in reversed(reply.inline) if picture.content_id in named}


def _page(reply: Reply, html: str, pictures: dict[str, Attachment]) -> list[bytes]:
    """Return the HTML as a part, with its pictures around it if it has any; of two that are the same, one."""
    first = {(pictures[name].content_type, pictures[name].content): name for name in sorted(pictures, reverse=True)}
    same = {name: first[picture.content_type, picture.content] for name, picture in pictures.items()}
    ids = {name: _content_id(reply, same[name]) for name in pictures}
    page = part.text("html", document.whole(embed(html, ids), reply.language))
    if not pictures:
        return page
    shown = [part.file(pictures[name], content_id=ids[name]) for name in sorted(set(same.values()))]
    return part.multipart("related", reply.message_id, [page, *shown], type="text/html")


def _content_id(reply: Reply, name: str) -> str:
    domain = re.fullmatch(r".*@([\w.-]+)>", reply.message_id, re.ASCII)
    readable = re.sub(r"[^A-Za-z0-9_-]+", "-", name)[:40]
    digest = sha256(f"{reply.message_id} {name}".encode("utf-8", "replace")).hexdigest()[:16]
    return f"{readable}.{digest}@{domain[1] if domain else 'localhost'}"


def _check(message: bytes, expected: list[str]) -> None:
    """Look at the bytes once more, whatever was done before (lessons.md: what leaves is checked as bytes)."""
    ends = message.count(b"\r\n")
    if ends != message.count(b"\r") or ends != message.count(b"\n") or b"\0" in message:
        raise Permanent(
            "The composed mail has a bare CR, a bare LF or a NUL in it; it was not sent.", reason=Reason.MAIL_UNWRITABLE
        )
    if max(map(len, message.split(b"\r\n"))) > _LONGEST_LINE:
        raise Permanent(
            "The composed mail has a line of more than 998 bytes; it was not sent.", reason=Reason.MAIL_UNWRITABLE
        )
    head = message.partition(b"\r\n\r\n")[0].decode()
    names = re.findall(r"^([^\s:]+):", head, re.MULTILINE)
    if (
        names[: len(expected)] != expected
        or len({name.lower() for name in names}) < len(names)
        or set(names) - {*expected, *_BODY_FIELDS}
    ):
        raise Permanent(
            f"The composed mail has other headers than it should: {', '.join(names)}; it was not sent.",
            reason=Reason.MAIL_UNWRITABLE,
        )
