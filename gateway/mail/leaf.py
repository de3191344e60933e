"""A part that holds no others: what its header calls it, and its content as bytes or as text."""

import hashlib
import re
from dataclasses import dataclass
from typing import TypeVar

from gateway.mail.charset import decode
from gateway.mail.enclosed import take_out
from gateway.mail.filename import clean_name, type_of
from gateway.mail.flowed import unflow
from gateway.mail.header import to_text
from gateway.mail.parameter import disposition
from gateway.mail.scan import Part
from gateway.mail.transfer import decode_transfer

Notes = dict[str, None]
_T = TypeVar("_T", bytes, str)
_META = re.compile(rb"<meta\b[^<>]*?\bcharset\s*=\s*[\"']?\s*([\w.:-]+)", re.IGNORECASE)
_META_WINDOW = 4096


@dataclass(frozen=True, slots=True)
class File:
    """A file of a mail, decoded. `name` is clean, "" if there is none; `media_type` "" where none is known.

    `related` is true where it belongs to the page beside it.
    """

    name: str
    media_type: str
    content: bytes
    content_id: str = ""
    related: bool = False


@dataclass(frozen=True, slots=True)
class Leaf:
    """A leaf with its header read; `raw` is the mail that `part` is of.

    `media_type` is "" where the mail says none that can be read; `name` is clean, "" if there is none; `shown` is its
    disposition; `related` is true where it belongs to the page beside it. `location` is its Content-Location.
    """

    raw: bytes
    part: Part
    media_type: str
    name: str
    content_id: str
    location: str
    shown: str
    related: bool = False

    @property
    def detached(self) -> bool:
        """Whether its sender wants it to be shown as a file only."""
        return self.shown == "attachment"

    @property
    def size(self) -> int:
        """Its length, still encoded."""
        return self.part.end - self.part.body

    def content(self, notes: Notes) -> bytes:
        """Return the content with its transfer encoding undone."""
        encoding = self.part.header.raw("content-transfer-encoding").decode("latin-1")
        content, note = decode_transfer(self.raw, encoding, self.part.body, self.part.end)
        return _noted(content, note, notes)

    def text(self, notes: Notes) -> str:
        """Return the content as text, its lines ended by LF, and unwrapped where it is format=flowed."""
        return self._decoded(self.content(notes), notes)

    def text_and_files(self, notes: Notes, most: int) -> tuple[str, tuple[File, ...]]:
        """Return the text, as `text` does, without the files that stand in it (uuencode, yEnc), and those files.

        Those beyond `most` stay in the text.
        """
        charset = self.part.content_type.raw("charset")
        content, enclosed, faults = take_out(self.content(notes), charset, most)
        notes.update(dict.fromkeys(faults))
        files = ((clean_name(file.name), file.content) for file in enclosed)
        return self._decoded(content, notes), tuple(File(name, type_of(name), content) for name, content in files)

    def file(self, notes: Notes) -> File:
        """Return it as a file."""
        return File(
            self.name, self.media_type or type_of(self.name), self.content(notes), self.content_id, self.related
        )

    def _decoded(self, content: bytes, notes: Notes) -> str:
        given = self.part.content_type.raw
        charset = given("charset")
        if not charset and self.media_type == "text/html":
            meta = _META.search(content, 0, _META_WINDOW)
            charset = meta[1].decode("latin-1") if meta else ""
        text, note = decode(content, charset)
        text = _with_line_feeds(_noted(text, note, notes))
        if given("format").lower() == "flowed" and self.media_type == "text/plain":
            return unflow(text, delete_space=given("delsp").lower() == "yes")
        return text


def open_leaf(raw: bytes, part: Part, charset: str, *, related: bool = False) -> Leaf:
    """Read the header of a leaf. `charset` is what its raw 8-bit may be in if it is not UTF-8.

    A part that is called by its place (RFC 2557) gets a Content-ID made of that if it has none.
    """
    shown = disposition(part.header.raw("content-disposition"))
    name = shown.text(("filename", "name"), charset) or part.content_type.text(("name", "filename", "file"), charset)
    content_id = to_text(part.header.raw("content-id")).strip().removeprefix("<").removesuffix(">").strip()
    location = to_text(part.header.raw("content-location")).replace(" ", "")
    return Leaf(
        raw=raw,
        part=part,
        media_type=_media_type(part),
        name=clean_name(name),
        content_id=content_id or (_made_id(location) if location else ""),
        location=location,
        shown=_disposition(part, shown.value),
        related=related and bool(content_id),
    )


def _made_id(location: str) -> str:
    return f"{hashlib.sha256(location.encode()).hexdigest()[:24]}@content-location"


def _disposition(part: Part, shown: str) -> str:
    """Return what the sender wants. Of several dispositions the one that says that it is a file counts."""
    others = (disposition(value).value for value in part.header.all("content-disposition"))
    return "attachment" if shown == "attachment" or "attachment" in others else shown


def _media_type(part: Part) -> str:
    media_type = part.content_type.value
    if media_type.startswith("multipart/"):
        return "text/plain"  # it had no parts that could be found
    if not media_type and part.header.raw("content-type").strip().lower() in {b"text", b"text/", b"plain", b"text;"}:
        return "text/plain"
    return media_type


def _with_line_feeds(text: str) -> str:
    if "\r" not in text:
        return text
    usual = text.replace("\r\n", "\n")
    if "\r" not in usual:
        return usual
    return text.replace("\r\r\n", "\n").replace("\r\n", "\n").replace("\r", "\n")


def _noted(value: _T, note: str, notes: Notes) -> _T:
    if note:
        notes[note] = None
    return value
