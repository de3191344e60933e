"""What lies in an Outlook message's file (MS-OXMSG): streams and storages by the numbers of their properties.

`olefile` reads the container (MS-CFB); what the streams are called and how values are packed is here.
"""

import codecs
import struct
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

from gateway.mail.rtf import BadRtf, read, unpack

SUBJECT, CLASS, BODY, HTML, RTF, HEADERS, MESSAGE_ID = 0x0037, 0x001A, 0x1000, 0x1013, 0x1009, 0x007D, 0x1035
IN_REPLY_TO, REFERENCES, SENT, RECEIVED = 0x1042, 0x1039, 0x0039, 0x0E06
SENDER_NAMES, SENDER_ADDRESSES = (0x0042, 0x0C1A), (0x5D02, 0x5D01, 0x0065, 0x0C1F)
NAME, ADDRESSES, RECIPIENT_KIND = 0x3001, (0x39FE, 0x3003), 0x0C15
DATA, FILE_NAMES, MIME, CONTENT_ID = 0x3701, (0x3707, 0x3704, 0x3001), 0x370E, 0x3712
_HTML_PAGE, _TEXT_PAGE = 0x3FDE, 0x3FFD
_UNICODE, _STRING, _BINARY, _OBJECT = 0x001F, 0x001E, 0x0102, 0x000D
_UTF_8 = 65001
_ROW, _MOST_ROWS = 16, 10_000
_HEAD_OF_MESSAGE, _HEAD_OF_EMBEDDED, _HEAD_OF_PART = 32, 24, 8
_EPOCH = datetime(1601, 1, 1, tzinfo=UTC)
_LARGEST_RTF = 50_000_000


class Storage:
    """A message, a recipient or an attachment: properties under one folder of the container."""

    def __init__(self, container: Any, folder: tuple[str, ...], head: int) -> None:
        self._container = container
        self._folder = folder
        self._fixed = dict(self._rows(head))

    def stream(self, name: str) -> bytes:
        """Return a stream's bytes, b"" where there is none."""
        path = [*self._folder, name]
        return bytes(self._container.openstream(path).read()) if self._is_stream(path) else b""

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
        depth = len(self._folder)
        folders = {
            tuple(entry[: depth + 1])
            for entry in self._container.listdir(streams=True, storages=True)
            if tuple(entry[:depth]) == self._folder and len(entry) > depth
        }
        for folder in sorted(folders):
            if folder[-1].startswith(f"__{kind}_version1.0_#"):
                yield Storage(self._container, folder, _HEAD_OF_PART)

    def embedded(self) -> "Storage | None":
        """Return the message that an attachment is, None where it is something else."""
        folder = (*self._folder, f"__substg1.0_{DATA:04X}{_OBJECT:04X}")
        path = "/".join(folder)
        is_message = self._container.exists(f"{path}/__properties_version1.0")
        return Storage(self._container, folder, _HEAD_OF_EMBEDDED) if is_message else None

    def html(self) -> tuple[bytes, str]:
        """Return the HTML and its charset ("" for unknown), as it is stored, or as it lies in the RTF (MS-OXRTFEX)."""
        if stored := self.binary(HTML):
            return stored, _codec(self.integer(_HTML_PAGE))
        text = self.text(HTML) or self._html_in_rtf()
        return text.encode("utf-8", "replace"), "utf-8"

    def _html_in_rtf(self) -> str:
        with suppress(BadRtf, ValueError):
            return read(unpack(self.binary(RTF), _LARGEST_RTF))[1]
        return ""

    def _text(self, number: int) -> str:
        if unicode := self.stream(f"__substg1.0_{number:04X}{_UNICODE:04X}"):
            return unicode.decode("utf-16-le", "replace").rstrip("\0")
        narrow = self.stream(f"__substg1.0_{number:04X}{_STRING:04X}")
        return narrow.decode(_codec(self.integer(_TEXT_PAGE)) or "cp1252", "replace").rstrip("\0")

    def _is_stream(self, path: list[str]) -> bool:
        return bool(self._container.get_type("/".join(path)) == _STREAM)

    def _rows(self, head: int) -> Iterator[tuple[int, bytes]]:
        """Yield the properties of fixed length: number and eight bytes (MS-OXMSG 2.4)."""
        rows = self.stream("__properties_version1.0")[head:]
        for at in range(0, min(len(rows), _ROW * _MOST_ROWS) - _ROW + 1, _ROW):
            (tag,) = struct.unpack_from("<I", rows, at)
            yield tag >> 16, rows[at + 8 : at + _ROW]


_STREAM = 2


def message(container: Any) -> Storage:
    """Return the message that the container is."""
    return Storage(container, (), _HEAD_OF_MESSAGE)


def _codec(page: int | None) -> str:
    if page is None:
        return ""
    try:
        return codecs.lookup("utf-8" if page == _UTF_8 else f"cp{page}").name
    except LookupError:
        return ""
