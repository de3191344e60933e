"""Content-Transfer-Encoding undone (RFC 2045 6), as far as it goes: what is broken is read past, and told."""

import binascii
import re

import pybase64

# Names without hyphens and spaces, which mailers put in and leave out.
_IDENTITY = frozenset({"", "7bit", "7bits", "8bit", "8bits", "binary"})
_UUENCODE = frozenset({"xuuencode", "uuencode", "xuue", "uue"})
_NOT_BASE64 = re.compile(rb"[^A-Za-z0-9+/]+")
_CHUNK = re.compile(rb"[^=]+=*")
_FOREIGN = re.compile(rb"[^A-Za-z0-9+/=\s]|[A-Za-z] +[A-Za-z]")
_SOFT_BREAK = re.compile(rb"=[ \t]+(?=\r?\n)")
_UU_BEGIN = re.compile(rb"^begin [0-7]{3,4} [^\n]*\n", re.MULTILINE)
_SPACES = 40  # in one of so many places a space: words, not base64
_QUANTUM = 4
_CHUNKS = 10_000


def decode_transfer(content: bytes, encoding: str) -> tuple[bytes, str]:
    """Return `content` with its transfer encoding undone, and in words what was wrong with it ("" if nothing).

    `encoding` is the header's value; an unknown one leaves the content as it is. Never raises.
    """
    name = _name(encoding)
    if name in _IDENTITY:
        return content, ""
    if name == "base64":
        return decode_base64(content)
    if name == "quotedprintable":
        return _quoted_printable(content), ""
    if name in _UUENCODE:
        return _uuencode(content)
    return content, f"unknown transfer encoding {name[:40]}, left as it is"


def decode_base64(content: bytes) -> tuple[bytes, str]:
    """Decode base64 with whatever is between its characters: line ends, garbage, padding in the middle or none."""
    content = content.strip()
    padding = content.find(b"=")
    # The library reads past padding in the middle as if it were not there, so it is asked only where there is none.
    if padding < 0 or not content[padding:].strip(b"=\r\n\t "):
        try:
            decoded = pybase64.b64decode(content)
        except (binascii.Error, ValueError):
            return _broken_base64(content)
        if len(decoded) >= len(content) * 2 // 3 - 2:
            return decoded, ""
    return _broken_base64(content)


def _broken_base64(content: bytes) -> tuple[bytes, str]:
    if content.strip().count(b" ") * _SPACES > len(content):
        return content, "declared as base64, but it is not"
    if content.count(b"=") > _CHUNKS:
        return _chunk(_NOT_BASE64.sub(b"", content)), "base64 was broken, read as far as it goes"
    pieces: list[bytes] = []
    for match in _CHUNK.finditer(content):
        if pieces and _FOREIGN.search(match[0]):
            return b"".join(pieces), "what followed the end of the base64 was left out"
        pieces.append(_chunk(_NOT_BASE64.sub(b"", match[0])))
    return b"".join(pieces), "base64 was broken, read as far as it goes"


def _chunk(characters: bytes) -> bytes:
    """Decode up to the last whole byte; a single character over says nothing."""
    over = len(characters) % _QUANTUM
    if over == 1:
        characters = characters[:-1]
    return pybase64.b64decode(characters + b"=" * (-len(characters) % _QUANTUM))


def _quoted_printable(content: bytes) -> bytes:
    if b"= " in content or b"=\t" in content:
        content = _SOFT_BREAK.sub(b"=", content)
    return binascii.a2b_qp(content)


def _uuencode(content: bytes) -> tuple[bytes, str]:
    begin = _UU_BEGIN.search(content)
    if not begin:
        return content, "declared as uuencode, but it is not"
    lines = []
    for line in content[begin.end() :].splitlines():
        if line.strip() in {b"end", b"`", b""}:
            break
        lines.append(_uu_line(line))
    return b"".join(lines), ""


def _uu_line(line: bytes) -> bytes:
    """Decode a line; one with garbage behind the characters that its length asks for is cut to them."""
    try:
        return binascii.a2b_uu(line)
    except binascii.Error:
        characters = ((line[0] - 32 & 63) * 4 + 5) // 3
    try:
        return binascii.a2b_uu(line[: characters + 1])
    except binascii.Error:
        return b""


def _name(encoding: str) -> str:
    return re.sub(r"[;(].*|[\s\"'_-]", "", encoding[:100].lower())
