"""What lies in an Outlook message's file (MS-OXMSG): streams and storages by the numbers of their properties.

`olefile` reads the container (MS-CFB); what the streams are called and how values are packed is here. It keeps what is
in a folder by name as well, in lower case, which is how it is asked here: its own look-ups go through all of a folder.
"""

import struct
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

from gateway.importing.entry import Unreadable
from gateway.mail.charset import decode
from gateway.mail.label import codecs_for
from gateway.mail.rtf import BadRtf, read, unpack

SUBJECT, CLASS, BODY, HTML, RTF, HEADERS, MESSAGE_ID = 0x0037, 0x001A, 0x1000, 0x1013, 0x1009, 0x007D, 0x1035
IN_REPLY_TO, REFERENCES, SENT, RECEIVED = 0x1042, 0x1039, 0x0039, 0x0E06
SENDER_NAMES, SENDER_ADDRESSES = (0x0042, 0x0C1A), (0x5D02, 0x5D01, 0x0065, 0x0C1F)
NAME, ADDRESSES, RECIPIENT_KIND = 0x3001, (0x39FE, 0x3003), 0x0C15
DATA, FILE_NAMES, MIME, CONTENT_ID = 0x3701, (0x3707, 0x3704, 0x3001), 0x370E, 0x3712
_HTML_PAGE, _TEXT_PAGE = 0x3FDE, 0x3FFD
_UNICODE, _STRING, _BINARY, _OBJECT = 0x001F, 0x001E, 0x0102, 0x000D
_ROW, _MOST_ROWS = 16, 10_000
_HEAD_OF_MESSAGE, _HEAD_OF_EMBEDDED, _HEAD_OF_PART = 32, 24, 8
_EPOCH = datetime(1601, 1, 1, tzinfo=UTC)
_LARGEST_RTF = 50_000_000
_STREAM = 2
_PROPERTIES = "__properties_version1.0"


class Storage:
    """A message, a recipient or an attachment: properties under one folder of the container."""

    def __init__(self, container: Any, folder: Any, head: int) -> None:
        self._container = container
        self._folder = folder
        self._fixed = dict(self._rows(head))

    def stream(self, name: str) -> bytes:
        """Return a stream's bytes, b"" where there is none."""
        found = self._folder.kids_dict.get(name.lower())
        if found is None or found.entry_type != _STREAM:
            return b""
        return bytes(self._container._open(found.isectStart, found.size).read())  # noqa: SLF001 - see above

    def text(self, *numbers: int) -> str:
        """Return the first of these properties that says something, "" for none."""
        return next(filter(None, map(self._text, numbers)), "")

    def binary(self, number: int) -> bytes:
        """Return a property of bytes."""
        return self.stream(f"__substg1.0_{number:04X}{_BINARY:04X}")

    def integer(self, number: int) -> int | None:
        """Return a property that is a 32-bit number."""
        value = self._fixed.get(number)
        return int.from_bytes(value[:4], "little") if value is not None else None

    def time(self, *numbers: int) -> datetime | None:
        """Return the first of these properties that is a time (FILETIME: 100 ns since 1601)."""
        found = (self._fixed[number] for number in numbers if number in self._fixed)
        for value in found:
            with suppress(OverflowError):
                return _EPOCH + timedelta(microseconds=int.from_bytes(value, "little") // 10)
        return None

    def parts(self, kind: str) -> "Iterator[Storage]":
        """Yield the recipients ("recip") or the attachments ("attach")."""
        for one in sorted(self._folder.kids, key=lambda one: str(one.name)):
            if one.name.startswith(f"__{kind}_version1.0_#"):
                yield Storage(self._container, one, _HEAD_OF_PART)

    def embedded(self) -> "Storage | None":
        """Return the message that an attachment is, None where it is something else."""
        folder = self._folder.kids_dict.get(f"__substg1.0_{DATA:04x}{_OBJECT:04x}")
        is_message = folder is not None and _PROPERTIES in folder.kids_dict
        return Storage(self._container, folder, _HEAD_OF_EMBEDDED) if is_message else None

    def texts(self) -> tuple[str, bytes, str]:
        """Return the plain text, the HTML, and its charset ("" for unknown); what is not stored may lie in the RTF."""
        plain = self.text(BODY)
        if stored := self.binary(HTML):
            return plain, stored, next(iter(codecs_for(self._page(_HTML_PAGE))), "")
        html = self.text(HTML)
        if not html:
            rich, html = self._in_rtf()
            plain = plain or rich
        return plain, html.encode("utf-8", "replace"), "utf-8"

    def _in_rtf(self) -> tuple[str, str]:
        with suppress(BadRtf):
            return read(unpack(self.binary(RTF), _LARGEST_RTF))
        return "", ""

    def _text(self, number: int) -> str:
        if unicode := self.stream(f"__substg1.0_{number:04X}{_UNICODE:04X}"):
            return unicode.decode("utf-16-le", "replace").rstrip("\0")
        narrow = self.stream(f"__substg1.0_{number:04X}{_STRING:04X}").rstrip(b"\0")
        return decode(narrow, self._page(_TEXT_PAGE) or "cp1252")[0]

    def _page(self, number: int) -> str:
        """Return the label of the code page that a property names, "" for none."""
        page = self.integer(number)
        return f"cp{page}" if page else ""

    def _rows(self, head: int) -> Iterator[tuple[int, bytes]]:
        """Yield the properties of fixed length: number and eight bytes (MS-OXMSG 2.4)."""
        rows = self.stream(_PROPERTIES)[head:]
        for at in range(0, min(len(rows), _ROW * _MOST_ROWS) - _ROW + 1, _ROW):
            (tag,) = struct.unpack_from("<I", rows, at)
            yield tag >> 16, rows[at + 8 : at + _ROW]


def message(container: Any, size: int) -> Storage:
    """Return the message that the container, a file of so many bytes, is; Unreadable for what is not whole."""
    if sum(map(_size, container.direntries)) > size:
        raise Unreadable("it is no Outlook message that can be read: more is said to be in it than there is")
    return Storage(container, container.root, _HEAD_OF_MESSAGE)


def _size(entry: Any) -> int:
    return int(entry.size) if entry is not None and entry.used and entry.entry_type == _STREAM else 0
