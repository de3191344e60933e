"""A part that holds no others: what its header calls it, and its content as bytes or as text."""

import re
from dataclasses import dataclass
from typing import TypeVar

from gateway.mail.charset import decode
from gateway.mail.filename import clean_name, made_name, type_of
from gateway.mail.flowed import unflow
from gateway.mail.header import read_header, to_text
from gateway.mail.parameter import disposition
from gateway.mail.scan import Part
from gateway.mail.transfer import decode_transfer
from gateway.model import Attachment

Notes = dict[str, None]
_T = TypeVar("_T", bytes, str)
_HEADER_OF_ATTACHED_MAIL = 64 * 1024
_META = re.compile(rb"<meta\b[^<>]*?\bcharset\s*=\s*[\"']?\s*([\w.:-]+)", re.IGNORECASE)
_META_WINDOW = 4096
MAILS = frozenset({"message/rfc822", "message/global"})


@dataclass(frozen=True, slots=True)
class Leaf:
    """A leaf with its header read.

    `media_type` is "" where the mail says none that can be read; `name` is clean, "" if there is none; `detached` is
    true where it is to be shown as a file only; `related` where it belongs to the page beside it.
    """

    part: Part
    media_type: str
    name: str
    content_id: str
    detached: bool
    related: bool = False

    def content(self, raw: bytes, notes: Notes) -> bytes:
        """Return the content with its transfer encoding undone."""
        encoding = self.part.header.raw("content-transfer-encoding").decode("latin-1")
        content, note = decode_transfer(raw[self.part.body : self.part.end], encoding)
        return _noted(content, note, notes)

    def text(self, raw: bytes, notes: Notes) -> str:
        """Return the content as text, its lines ended by LF, and unwrapped where it is format=flowed."""
        content = self.content(raw, notes)
        given = self.part.content_type.raw
        charset = given("charset")
        if not charset and self.media_type == "text/html":
            meta = _META.search(content, 0, _META_WINDOW)
            charset = meta[1].decode("latin-1") if meta else ""
        text, note = decode(content, charset)
        text = _noted(text, note, notes).replace("\r\n", "\n").replace("\r", "\n")
        if given("format").lower() == "flowed" and self.media_type == "text/plain":
            return unflow(text, delete_space=given("delsp").lower() == "yes")
        return text

    def attachment(self, raw: bytes, number: int, cids: frozenset[str], notes: Notes) -> Attachment:
        """Return the leaf as a file, the `number`th of the mail; inline where the page says `cid:` to it or owns it."""
        content = self.content(raw, notes)
        media_type = self.media_type or type_of(self.name)
        stem = _subject(content) if media_type in MAILS else ""
        name = self.name or made_name(stem or f"attachment-{number}", media_type)
        inline = self.related or self.content_id in cids
        return Attachment(name, media_type, content, self.content_id if inline else "")


def open_leaf(part: Part, charset: str, *, related: bool = False) -> Leaf:
    """Read the header of a leaf. `charset` is what its raw 8-bit may be in if it is not UTF-8."""
    shown = disposition(part.header.raw("content-disposition"))
    name = shown.text(("filename", "name"), charset) or part.content_type.text(("name", "filename", "file"), charset)
    content_id = to_text(part.header.raw("content-id")).strip().removeprefix("<").removesuffix(">").strip()
    return Leaf(
        part=part,
        media_type=_media_type(part),
        name=clean_name(name),
        content_id=content_id,
        detached=_is_detached(part, shown.value),
        related=related and bool(content_id),
    )


def _is_detached(part: Part, shown: str) -> bool:
    """Say if the sender wants a file. Of several dispositions the one that says so counts."""
    others = (disposition(value).value for value in part.header.all("content-disposition"))
    return shown == "attachment" or "attachment" in others


def _media_type(part: Part) -> str:
    media_type = part.content_type.value
    if media_type.startswith("multipart/"):
        return "text/plain"  # it had no parts that could be found
    if not media_type and part.header.raw("content-type").strip().lower() in {b"text", b"text/", b"plain", b"text;"}:
        return "text/plain"
    return media_type


def _subject(content: bytes) -> str:
    header, _ = read_header(content, 0, min(len(content), _HEADER_OF_ATTACHED_MAIL))
    return to_text(header.raw("subject"))


def _noted(value: _T, note: str, notes: Notes) -> _T:
    if note:
        notes[note] = None
    return value
