"""Values with parameters: Content-Type and Content-Disposition (RFC 2045 5.1, RFC 2183, RFC 2231).

Read as they are written, not as they should be: without quotes or without the closing one, with spaces and brackets in
a name, with raw 8-bit, twice, with encoded words where RFC 2231 is asked for.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from urllib.parse import unquote_to_bytes

from gateway.mail.charset import decode
from gateway.mail.encodedword import decode_words
from gateway.mail.field import clean

_VALUE_BYTES = 16 * 1024
_TEXT = 1_000
_MEDIA_TYPE = re.compile(r"[\s\"]*([A-Za-z0-9!#$&^_.+-]{1,127})\s*/\s*([A-Za-z0-9!#$&^_.+-]{1,127})")
_TOKEN = re.compile(r"[\s\"]*([A-Za-z0-9_-]+)")
# A value without quotes ends at a semicolon, or where the next parameter begins without one.
_PARAMETER = re.compile(
    r"""(?:[;\s"]|^)([A-Za-z0-9!#$&^_.+-]+)((?:\*\d{1,3})?\*?)\s*=\s*
    (?:"((?:[^"\\]|\\.)*+)(?:"|\\?\Z) | ((?:(?!\s[A-Za-z0-9_-]+(?:\*\d{0,3}\*?)?\s?=(?!\?))[^;"])*))""",
    re.DOTALL | re.VERBOSE,
)
_ESCAPED = re.compile(r'\\(["\\])')


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
        """Return a parameter that is a token, such as `boundary` or `charset`; "" if it is not there."""
        return self.decoded.get(name) or self.given.get(name, "")

    def text(self, names: Iterable[str], charset: str = "") -> str:
        """Return the first of `names` that says something, decoded to one line of text.

        What is raw 8-bit is read as UTF-8, else as `charset`.
        """
        for name in names:
            text = self.decoded.get(name, "")
            if not text and self.given.get(name):
                text = decode_words(self.given[name].encode("latin-1"), charset)
            if text and (text := clean(text, _TEXT)):
                return text
        return ""


def media_type(value: bytes) -> Parameters:
    """Read a Content-Type."""
    text = value[:_VALUE_BYTES].decode("latin-1")
    match = _MEDIA_TYPE.match(text)
    if not match:
        return _read("", text)
    return _read(f"{match[1]}/{match[2]}".lower(), text[match.end() :])


def disposition(value: bytes) -> Parameters:
    """Read a Content-Disposition."""
    text = value[:_VALUE_BYTES].decode("latin-1")
    match = _TOKEN.match(text)
    # `filename=x` without a disposition before it
    if not match or text[match.end() :].lstrip().startswith(("=", "*")):
        return _read("", text)
    return _read(match[1].lower(), text[match.end() :])


def _read(value: str, text: str) -> Parameters:
    if "=" not in text:
        return Parameters(value)
    given: dict[str, str] = {}
    pieces: dict[str, dict[str, str]] = {}
    for match in _PARAMETER.finditer(text):
        name, extended = match[1].lower(), match[2]
        content = _ESCAPED.sub(r"\1", match[3]) if match[3] is not None else match[4].strip()
        if extended:
            pieces.setdefault(name, {}).setdefault(extended, content)
        else:
            given.setdefault(name, content)
    return Parameters(value, given, {name: _joined(found) for name, found in pieces.items()})


def _joined(pieces: dict[str, str]) -> str:
    """Put the pieces of RFC 2231 together by number, undo the percent signs, decode by the first piece's charset."""
    if "*" in pieces:
        pieces = {"*0*": pieces["*"]}
    content, charset = b"", ""
    for number, (mark, text) in enumerate(sorted(pieces.items(), key=lambda piece: int(piece[0].strip("*")))):
        piece = text
        if mark.endswith("*") and number == 0 and piece.count("'") >= 2:  # noqa: PLR2004 - charset'language'text
            charset, _, piece = piece.split("'", 2)
        raw = piece.encode("latin-1")
        content += unquote_to_bytes(raw) if mark.endswith("*") else raw
    if not charset:
        return decode_words(content, "")
    return decode(content, charset)[0]
