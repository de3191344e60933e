"""yEnc undone (yenc.org, draft of 2003, version 1.3): files as 8-bit lines within text, as news programs send them.

Each byte is sent with 42 added; where that is a NUL, LF, CR or `=`, a `=` comes first and 64 is added as well.
"""

import re
import zlib
from collections.abc import Iterator

from gateway.mail.block import Block

_BEGIN = re.compile(rb"^=ybegin[ \t]([^\r\n]{1,1000})\r?\n", re.MULTILINE)
_NAME = re.compile(rb"(?:\A|[ \t])name=([^\r\n]{1,300})")
_PART = re.compile(rb"=ypart[ \t][^\r\n]{0,200}\r?\n")
_END = re.compile(rb"^=yend\b([^\r\n]{0,300})(?:\r?\n|\Z)", re.MULTILINE)
_SIZE = re.compile(rb"\bsize=(\d{1,15})")
_NUMBER = re.compile(rb"\bpart=(\d{1,6})")
_CHECKSUM = re.compile(rb"\bcrc32=0{0,8}([0-9A-Fa-f]{1,8})\b")
_CHECKSUM_OF_PART = re.compile(_CHECKSUM.pattern.replace(b"crc32", b"pcrc32"))
_SHIFTED = bytes((byte - 42) & 0xFF for byte in range(256))
_ESCAPED = bytes((byte - 64 - 42) & 0xFF for byte in range(256))


def decode(content: bytes) -> tuple[bytes, str]:
    """Return the file of a part that is yEnc, and in words what was wrong with it ("" if nothing)."""
    block = next(blocks(content), None)
    if block is None:
        return content, "declared as yEnc, but it is not"
    return block.data, f"yEnc: {block.fault}" if block.fault else ""


def blocks(content: bytes) -> Iterator[Block]:
    """Yield the files in a text, or the parts of them."""
    at = 0
    while begin := _BEGIN.search(content, at):
        at = begin.end()
        if name := _NAME.search(begin[1]):
            block = _block(content, begin, name[1].strip(b' \t"'))
            at = block.end
            yield block


def _block(content: bytes, begin: re.Match[bytes], name: bytes) -> Block:
    number, part = _NUMBER.search(begin[1]), _PART.match(content, begin.end())
    start = part.end() if part else begin.end()
    end = _END.search(content, start)
    data = _decoded(content[start : end.start() if end else len(content)])
    fault = _fault(data, end[1], part=bool(part)) if end else "it was cut short"
    return Block(begin.start(), end.end() if end else len(content), name, data, int(number[1]) if number else 0, fault)


def _decoded(lines: bytes) -> bytes:
    first, *rest = lines.translate(None, b"\r\n").split(b"=")
    escaped = (piece[:1].translate(_ESCAPED) + piece[1:].translate(_SHIFTED) for piece in rest)
    return b"".join([first.translate(_SHIFTED), *escaped])


def _fault(data: bytes, trailer: bytes, *, part: bool) -> str:
    size, checksum = _SIZE.search(trailer), (_CHECKSUM_OF_PART if part else _CHECKSUM).search(trailer)
    if size and int(size[1]) != len(data):
        return f"it has {len(data)} bytes in place of {int(size[1])}"
    if checksum and int(checksum[1], 16) != zlib.crc32(data):
        return "its checksum is another one"
    return ""
