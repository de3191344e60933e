"""Values with parameters: Content-Type and Content-Disposition (RFC 2045 5.1, RFC 2183, RFC 2231).

Read as they are written, not as they should be: without quotes or without the closing one, with spaces and brackets in
a name, with raw 8-bit, twice, with encoded words where RFC 2231 is asked for.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import groupby
from urllib.parse import unquote_to_bytes

from gateway.mail.charset import decode
from gateway.mail.encodedword import decode_words, unmasked
from gateway.mail.field import clean
from gateway.mail.label import codecs_for

_VALUE_BYTES = 16 * 1024
_USUAL = 100
_TEXT = 1_000
_MEDIA_TYPE = re.compile(r"[\s\"]*([A-Za-z0-9!#$&^_.+-]{1,127})\s*/\s*([A-Za-z0-9!#$&^_.+-]{1,127})")
_TOKEN = re.compile(r"[\s\"]*([A-Za-z0-9_-]+)")
# A value without quotes ends at a semicolon, or where the next parameter begins without one. A quotation mark is part
# of a quoted value if another one follows, and neither a semicolon nor the next parameter does.
_PARAMETER = re.compile(
    r"""(?:[;\s"]|^)([A-Za-z0-9!#$&^_.+-]+)((?:\*\d{1,3})?\*?)\s*=\s*
    (?:"((?:[^"\\]|\\.|"(?=[^";]*+")(?!\s*+(?:;|[\w*-]++\s*=)))*+)(?:"|\\?\Z)
    | ((?:[\w.:-]{0,40}'[\w-]{0,20}'"[^"]*+)(?=")|(?:(?!\s[A-Za-z0-9_-]+(?:\*\d{0,3}\*?)?\s?=(?!\?))[^;"])*))""",
    re.DOTALL | re.VERBOSE | re.ASCII,
)
_ESCAPED = re.compile(r'\\(["\\])')
_COMMENT = re.compile(r"(?<!\s)\s+\(.*", re.DOTALL)
# `charset'language'` before the first piece; the second mark is sometimes left out, and a quotation mark put behind.
_CHARSET = re.compile(r"([\w.:-]{0,40})'(?:([A-Za-z0-9-]{0,20})')?\"?", re.ASCII)
_MARKED_AS_EXTENDED = re.compile(r"(?:utf-8|iso-8859-1|windows-125\d|us-ascii)'[A-Za-z-]{0,10}'", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Parameters:
    """What stands before the first semicolon, in lower case ("" if it is not fit), and the parameters behind.

    Names are in lower case. Values are as on the wire, one character for each byte, but for those of RFC 2231, which
    are in `decoded`.
    """

    value: str = ""
    given: dict[str, str] = field(default_factory=dict)
    decoded: dict[str, str] = field(default_factory=dict)

    def raw(self, name: str) -> str:
        """Return a parameter that is a token, such as `boundary` or `charset`; "" if it is not there.

        A comment behind it is no part of it.
        """
        value = self.decoded.get(name) or self.given.get(name, "")
        return _COMMENT.sub("", value) if value.endswith(")") else value

    def text(self, names: Iterable[str], charset: str = "") -> str:
        """Return the first of `names` that says something, decoded to one line of text.

        What is raw 8-bit is read as UTF-8, else as `charset`.
        """
        for name in names:
            text = self.decoded.get(name, "")
            if not text and (given := self.given.get(name)):
                extended = _MARKED_AS_EXTENDED.match(given)
                text = _joined({"*": given}) if extended else decode_words(given.encode("latin-1"), charset)
            if text and (text := clean(text, _TEXT)):
                return text
        return ""


_NONE = Parameters()


def media_type(value: bytes) -> Parameters:
    """Read a Content-Type."""
    if not value:
        return _NONE
    return _text_type(value) if value.startswith(b"text/") and len(value) <= _USUAL else _media_type(value)


@lru_cache(maxsize=512)
def _text_type(value: bytes) -> Parameters:
    """Read a type that many mails have: a text, and its character set."""
    return _media_type(value)


def _media_type(value: bytes) -> Parameters:
    text = _characters(value)
    match = _MEDIA_TYPE.match(text)
    if not match:
        return _read("", text)
    return _read(f"{match[1]}/{match[2]}".lower(), text[match.end() :])


def disposition(value: bytes) -> Parameters:
    """Read a Content-Disposition."""
    if not value:
        return _NONE
    text = _characters(value)
    match = _TOKEN.match(text)
    # `filename=x` without a disposition before it
    if not match or text[match.end() :].lstrip().startswith(("=", "*")):
        return _read("", text)
    return _read(match[1].lower(), text[match.end() :])


def _characters(value: bytes) -> str:
    """Return a character for each byte; what is raw ISO-2022-JP is made UTF-8, since it has quotation marks in it."""
    value = value[:_VALUE_BYTES]
    return (unmasked(value, "") if b"\x1b" in value else value).decode("latin-1")


def _read(value: str, text: str) -> Parameters:
    if "=" not in text:
        return Parameters(value)
    given: dict[str, str] = {}
    pieces: dict[str, dict[str, str]] = {}
    for match in _PARAMETER.finditer(text):
        name, extended = match[1].lower(), match[2]
        if extended:
            pieces.setdefault(name, {}).setdefault(extended, _content(match))
        else:
            given.setdefault(name, _content(match))
    return Parameters(value, given, {name: _joined(found) for name, found in pieces.items()})


def _content(match: re.Match[str]) -> str:
    return _ESCAPED.sub(r"\1", match[3]) if match[3] is not None else match[4].strip()


def _joined(pieces: dict[str, str]) -> str:
    """Put the pieces of RFC 2231 together by number, undo the percent signs, decode by the first piece's charset."""
    if "*" in pieces:
        pieces = {"*0*": pieces["*"]}
    ordered = sorted(pieces.items(), key=lambda piece: int(piece[0].strip("*")))
    charset = ""
    mark, text = ordered[0]
    marked = _CHARSET.match(text) if mark.endswith("*") else None
    # Another apostrophe is one in a name.
    if marked and (marked[2] == "" or codecs_for(marked[1])):
        charset, ordered[0] = marked[1], (mark, text[marked.end() :])
    # A percent sign and its digits may be in two pieces, so those that are encoded are joined before they are decoded.
    runs = groupby(ordered, key=lambda piece: piece[0].endswith("*"))
    raw = ((encoded, "".join(text for _, text in run).encode("latin-1")) for encoded, run in runs)
    content = b"".join(unquote_to_bytes(text) if encoded else text for encoded, text in raw)
    if not charset:
        return decode_words(content, "")
    return decode(content, charset)[0]
