"""Rich text as Outlook sends it: unpacked (MS-OXRTFCP), and read as text or as the HTML hidden in it (MS-OXRTFEX).

One pass over the tokens; nothing raises but `BadRtf`, for what is packed wrongly.
"""

import re
import struct
from dataclasses import dataclass, field

from gateway.mail.label import ISO_2022, codecs_for

_HEADER = struct.Struct("<IIII")
_PACKED, _PLAIN = 0x75465A4C, 0x414C454D
_DICTIONARY = 4096
_SHORTEST = 2
_PRESET = (
    b"{\\rtf1\\ansi\\mac\\deff0\\deftab720{\\fonttbl;}{\\f0\\fnil \\froman \\fswiss \\fmodern \\fscript \\fdecor MS "
    b"Sans SerifSymbolArialTimes New RomanCourier{\\colortbl\\red0\\green0\\blue0\r\n\\par "
    b"\\pard\\plain\\f0\\fs20\\b\\i\\u\\tab\\tx"
)
_TOKEN = re.compile(
    rb"\\([a-zA-Z]{1,32})(-?\d{1,10})? ?|\\'([0-9a-fA-F]{2})|\\([^a-zA-Z\r\n])|\\?([\r\n]+)|([{}])|([^\\{}\r\n]+)"
)
_TEXTS = {
    "par": "\n",
    "line": "\n",
    "sect": "\n\n",
    "page": "\n\n",
    "tab": "\t",
    "cell": "\t",
    "row": "\n",
    "bullet": "•",
}
_TEXTS |= {"lquote": "‘", "rquote": "’", "ldblquote": "“", "rdblquote": "”", "endash": "–", "emdash": "—"}  # noqa: RUF001 - these are meant
_SYMBOLS = {b"~": "\xa0", b"_": "-", b"\\": "\\", b"{": "{", b"}": "}"}
_UNSEEN = frozenset({"fonttbl", "colortbl", "stylesheet", "info", "pict", "object", "header", "footer", "listtable"})
_HIGHEST = 0xFFFF
_DEPTH = 1_000


class BadRtf(ValueError):
    """What should be packed rich text is not."""


def unpack(packed: bytes, limit: int) -> bytes:
    """Return the rich text in a PR_RTF_COMPRESSED; BadRtf where it is none, or would be larger than `limit`."""
    if len(packed) < _HEADER.size:
        raise BadRtf("it is too short")
    _, size, kind, _ = _HEADER.unpack_from(packed)
    if size > limit:
        raise BadRtf("it would be too large")
    if kind == _PLAIN:
        return packed[_HEADER.size :][:size]
    if kind != _PACKED:
        raise BadRtf("it is packed in an unknown way")
    return _unpacked(packed, size)


def _unpacked(packed: bytes, size: int) -> bytes:
    """Undo MS-OXRTFCP: bits of a control byte say whether a byte follows or a place in the last 4096 and a length."""
    out = bytearray(_PRESET)
    full = len(_PRESET) + size
    at, end = _HEADER.size, len(packed)
    while at < end and len(out) < full:
        control, at = packed[at], at + 1
        for bit in range(8):
            if at >= end or len(out) >= full:
                break
            if not control >> bit & 1:
                out.append(packed[at])
                at += 1
                continue
            if at + 1 >= end:
                return bytes(out[len(_PRESET) :])
            place, at = packed[at] << 8 | packed[at + 1], at + 2
            back = (len(out) - (place >> 4)) % _DICTIONARY
            if not back:
                return bytes(out[len(_PRESET) :])  # it points at where it would write: the end
            for _ in range((place & 0xF) + _SHORTEST):
                out.append(out[-back] if back <= len(out) else 0x20)
    return bytes(out[len(_PRESET) : full])


@dataclass(slots=True)
class _Group:
    """What holds until a closing brace. `unseen`: not shown; `markup`: a piece of HTML; `replaced`: not HTML."""

    unseen: bool = False
    markup: bool = False
    first: bool = True
    starred: bool = False
    replaced: bool = False


@dataclass(slots=True)
class _Reader:
    """A reading under way: the text so far, and bytes of it that wait to be decoded together."""

    html: bool
    codec: str = "cp1252"
    fallback: int = 1
    skip: int = 0
    waiting: bytearray = field(default_factory=bytearray)
    pieces: list[str] = field(default_factory=list)
    groups: list[_Group] = field(default_factory=lambda: [_Group()])

    def text(self, text: str) -> None:
        if self.waiting:
            self.pieces.append(self.waiting.decode(self.codec, "replace"))
            self.waiting.clear()
        if text and self._shown():
            self.pieces.append(text)

    def raw(self, content: bytes) -> None:
        if self._shown():
            self.waiting += content

    def _shown(self) -> bool:
        group = self.groups[-1]
        return not group.unseen and not (self.html and group.replaced)

    def open(self) -> None:
        if len(self.groups) > _DEPTH:
            raise BadRtf("it is nested too deeply")
        above = self.groups[-1]
        self.groups.append(_Group(unseen=above.unseen, markup=above.markup, replaced=above.replaced))

    def close(self) -> None:
        self.text("")
        if len(self.groups) > 1:
            self.groups.pop()

    def word(self, word: str, number: int | None) -> None:
        group = self.groups[-1]
        if word in _UNSEEN or (group.starred and group.first):
            group.unseen = not (self.html and word == "htmltag")
            group.markup = not group.unseen
        elif word == "htmlrtf":
            self.text("")
            group.replaced = number != 0
        elif word == "ansicpg" and number:
            self.codec = next((codec for codec in codecs_for(f"cp{number}") if codec != ISO_2022), "cp1252")
        elif word == "uc":
            self.fallback = number or 0
        elif word == "u" and number is not None:
            self.text(chr(number & _HIGHEST))
            self.skip = self.fallback
        elif word in _TEXTS and not group.markup:
            self.text(_TEXTS[word] if not self.html or word != "par" else "\r\n")
        elif word in {"par", "tab", "line"}:
            self.text({"par": "\r\n", "tab": "\t", "line": "\n"}[word])
        group.first = False


def read(rtf: bytes) -> tuple[str, str]:
    """Return rich text as plain text and as HTML; one of them is "": it is HTML where HTML is hidden in it.

    BadRtf where it is nested as nobody writes.
    """
    html = b"\\fromhtml" in rtf[:2_000]
    reader = _Reader(html)
    for match in _TOKEN.finditer(rtf):
        _take(reader, match)
    reader.text("")
    text = "".join(reader.pieces).encode("utf-16", "surrogatepass").decode("utf-16", "replace").replace("\0", "")
    return ("", text.strip()) if html else (text.strip(), "")


def _take(reader: _Reader, match: re.Match[bytes]) -> None:
    word, number, code, symbol, _, brace, run = match.groups()
    group = reader.groups[-1]
    if word:
        reader.word(word.decode(), int(number) if number else None)
    elif brace:
        (reader.open if brace == b"{" else reader.close)()
    elif symbol == b"*":
        group.starred = True
    elif code or run or symbol in _SYMBOLS:
        group.first = False
        content = bytes.fromhex(code.decode()) if code else run or b""
        kept = content[reader.skip :]
        reader.skip = max(0, reader.skip - len(content))
        if symbol:
            reader.text(_SYMBOLS[symbol])
        elif code:
            reader.raw(kept)
        else:
            reader.text("")
            reader.raw(kept)
            reader.text("")
