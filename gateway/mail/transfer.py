"""Content-Transfer-Encoding undone (RFC 2045 6), as far as it goes: what is broken is read past, and told."""

import binascii
import re

import pybase64

from gateway.mail import uuencode, yenc

# Names without hyphens and spaces, which mailers put in and leave out.
_IDENTITY = frozenset({"", "7bit", "7bits", "8bit", "8bits", "binary", "7", "8", "bit", "none", "ascii", "utf8", "raw"})
_BASE64 = frozenset({"base64", "b64", "b", "xbase64", "mimebase64", "base64encoding", "base"})
_QUOTED_PRINTABLE = frozenset({"quotedprintable", "quotedprintible", "quotedprintalbe", "quoted", "qp", "q"})
_UUENCODE = frozenset({"xuuencode", "uuencode", "xuue", "uue", "xuu", "uu"})
_YENC = frozenset({"xyenc", "xyencode", "yenc", "yencode"})
_CHUNK = re.compile(rb"[^=]+=*")
_FOREIGN = re.compile(rb"[^A-Za-z0-9+/=\s]|[A-Za-z] +[A-Za-z]")
# Whole lines of base64, and behind them one that is words or a rule, as mailing lists and virus scanners add.
_FOOTER = re.compile(rb"\n(?=[-_*~]{2}|[^\r\n]*[A-Za-z:,.] {1,3}[A-Za-z])")
_SIGNS_OF_A_FOOTER = (b" ", b"\n--", b"\n__", b"\n**", b"\n~~")
_FOREIGN_BYTES = re.compile(rb"[^A-Za-z0-9+/=\s_-]+")
_URL_SAFE = re.compile(rb"[A-Za-z0-9][-_][A-Za-z0-9]")
_FROM_URL_SAFE = bytes.maketrans(b"-_", b"+/")
_ALPHABET = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
_ALPHABET_AND_SPACE = _ALPHABET + b" \t\r\n"
_NOT_BASE64 = bytes(set(range(256)).difference(_ALPHABET))
_ONLY_URL_SAFE = re.compile(rb"[A-Za-z0-9_=\s-]*")
# A soft break with spaces behind is none to the library; behind a CR alone it would leave out the rest of the line.
_ODD_BREAK = re.compile(rb"=(?:[ \t]|\r(?!\n))")
_SOFT_BREAK = re.compile(rb"=(?:[ \t]*\r{0,2}\n|\r)")
_SPACES = 40  # in one of so many places a space: words, not base64
_FOREIGN_SHARE = 4
_SAMPLE, _BEGINNING = 16_000, 1_000
_QUANTUM = 4
_CHUNKS = 10_000
_BROKEN = "base64 was broken, read as far as it goes"
_LEFT_OUT = "what followed the end of the base64 was left out"


def decode_transfer(raw: bytes, encoding: str, start: int = 0, end: int | None = None) -> tuple[bytes, str]:
    """Return `raw[start:end]` with its transfer encoding undone, and in words what was wrong with it ("" if nothing).

    `encoding` is the header's value; an unknown one leaves the content as it is. Never raises.
    """
    name = _name(encoding)
    if name in _BASE64:
        return decode_base64(raw, start, end)
    content = raw[start:end]
    if name in _IDENTITY:
        return content, ""
    if name in _QUOTED_PRINTABLE:
        return _quoted_printable(content), ""
    if name in _UUENCODE:
        return uuencode.decode(content)
    if name in _YENC:
        return yenc.decode(content)
    return content, f"unknown transfer encoding {name[:40]}, left as it is"


def decode_base64(raw: bytes, start: int = 0, end: int | None = None) -> tuple[bytes, str]:
    """Decode the base64 of `raw[start:end]` with whatever is between its characters: line ends, garbage, padding.

    What is whole is not copied first: it may be many megabytes.
    """
    last = len(raw) if end is None else end
    end = last
    while end > start and raw[end - 1 : end].isspace():
        end -= 1
    padding = raw.find(b"=", start, end)
    # The library reads past padding in the middle as if it were not there, so it is asked only where there is none.
    if padding < 0 or not raw[padding:end].strip(b"=\r\n\t "):
        try:
            decoded = pybase64.b64decode(memoryview(raw)[start:end])
        except (binascii.Error, ValueError):
            return _broken_base64(raw[start:last])
        if _is_all(decoded, raw, start, padding if padding >= 0 else end):
            return decoded, ""
    return _broken_base64(raw[start:last])


def _is_all(decoded: bytes, raw: bytes, start: int, end: int) -> bool:
    """Say if nothing but white space was left out of what was decoded from `raw[start:end]`."""
    # Lines are nearly always as long as the first; looking where they end then is faster than counting in all of it.
    first = raw.find(b"\n", start, end)
    if first > start:
        line = first + 1 - start
        line_ends = raw[first:end:line].count(b"\n") + raw[first - 1 : end : line].count(b"\r")
        if len(decoded) == (end - start - line_ends) * 3 // _QUANTUM:
            return True
    line_ends = raw.count(b"\n", start, end) + raw.count(b"\r", start, end)
    whole = len(decoded) == (end - start - line_ends) * 3 // _QUANTUM
    return whole or not raw[start:end].translate(None, _ALPHABET_AND_SPACE)


def _broken_base64(content: bytes) -> tuple[bytes, str]:
    content = content.strip()
    footer = _footer(content)
    if footer and not _FOREIGN.search(content, 0, footer.start()):
        return _chunks(content[: footer.start()]), _LEFT_OUT
    if _is_not_base64(content[:_SAMPLE]):
        return content, "declared as base64, but it is not"
    if (b"-" in content or b"_" in content) and _URL_SAFE.search(content) and _ONLY_URL_SAFE.fullmatch(content):
        return _chunks(content.translate(_FROM_URL_SAFE)), "base64 was that of web addresses"
    if content.count(b"=") > _CHUNKS:
        return _chunk(content.translate(None, _NOT_BASE64)), _BROKEN
    pieces: list[bytes] = []
    for match in _CHUNK.finditer(content):
        if pieces and _FOREIGN.search(match[0][:_BEGINNING]):
            return b"".join(pieces), _LEFT_OUT
        pieces.append(_chunk(match[0].translate(None, _NOT_BASE64)))
    return b"".join(pieces), _BROKEN


def _footer(content: bytes) -> re.Match[bytes] | None:
    """Find where lines of words begin, looking only from the first line on that could be one."""
    signs = [place for sign in _SIGNS_OF_A_FOOTER if (place := content.find(sign)) >= 0]
    return _FOOTER.search(content, max(content.rfind(b"\n", 0, min(signs) + 1), 0)) if signs else None


def _is_not_base64(sample: bytes) -> bool:
    """Say if it is words or data that were never encoded: spaces in it, or bytes that base64 has not."""
    foreign = sum(map(len, _FOREIGN_BYTES.findall(sample)))
    return sample.count(b" ") * _SPACES > len(sample) or foreign * _FOREIGN_SHARE > len(sample)


def _chunks(content: bytes) -> bytes:
    return b"".join(_chunk(match[0].translate(None, _NOT_BASE64)) for match in _CHUNK.finditer(content))


def _chunk(characters: bytes) -> bytes:
    """Decode up to the last whole byte; a single character over says nothing."""
    over = len(characters) % _QUANTUM
    if over == 1:
        characters = characters[:-1]
    return pybase64.b64decode(characters + b"=" * (-len(characters) % _QUANTUM))


def _quoted_printable(content: bytes) -> bytes:
    if _ODD_BREAK.search(content):
        content = _SOFT_BREAK.sub(b"=\n", content)
    return binascii.a2b_qp(content)


def _name(encoding: str) -> str:
    return re.sub(r"[;(].*|[\s\"'_-]", "", encoding[:100].lower())
