"""uuencode undone (POSIX, uuencode): as a transfer encoding, and as a block of lines within text.

A line tells by its first character how many bytes it holds. Spaces at its end, which stand for zeros, are lost on the
way, and some programs write a checksum behind: so a line may be somewhat shorter or longer than it says.
"""

import binascii
import re
from collections.abc import Iterator

import pybase64

from gateway.mail.block import Block

_BEGIN = re.compile(rb"^begin(-base64)?[ \t]++[0-7]{3,4}[ \t]([^\r\n]{1,300}+)[ \t]*+\r?\n", re.MULTILINE)
_LINE = re.compile(rb"([^\r\n]*)(?:\r{0,2}\n|\Z)")
_BASE64_END = re.compile(rb"^====[ \t]*(?:\r?\n|\Z)", re.MULTILINE)
_ENDS = frozenset({b"end", b"END"})
_EMPTY = frozenset({b"", b"`", b" "})
_MASK = 63


def decode(content: bytes) -> tuple[bytes, str]:
    """Return the file of a part that is uuencoded, and in words what was wrong with it ("" if nothing)."""
    block = next(blocks(content), None)
    if block is None:
        return content, "declared as uuencode, but it is not"
    return block.data, f"uuencode: {block.fault}" if block.fault else ""


def blocks(content: bytes) -> Iterator[Block]:
    """Yield the files in a text. What begins like one and has no line of data behind is text."""
    at = 0
    while begin := _BEGIN.search(content, at):
        data, at, complete = (_base64 if begin[1] else _lines)(content, begin.end())
        if data or complete:
            yield Block(begin.start(), at, begin[2].strip(b" \t"), data, fault="" if complete else "it was cut short")


def _lines(content: bytes, start: int) -> tuple[bytes, int, bool]:
    """Return what the lines from `start` on hold, where they end, and if they say that they do.

    What has small letters in it is no such line, and so ends a file that was cut.
    """
    lines: list[bytes] = []
    at = start
    while at < len(content) and (match := _LINE.match(content, at)):
        line = match[1]
        if line.rstrip() in _ENDS:
            return b"".join(lines), match.end(), True
        data = _line(line)
        if data is None:
            break
        lines.append(data)
        at = match.end()
    return b"".join(lines), at if lines else start, False


def _line(line: bytes) -> bytes | None:
    """Decode a line; None if it is none, b"" if it is empty."""
    if line in _EMPTY or not line.strip():
        return b""
    characters = 1 + -(-(line[0] - 32 & _MASK) // 3) * 4
    try:
        return binascii.a2b_uu(line[:characters])
    except binascii.Error:
        return None


def _base64(content: bytes, start: int) -> tuple[bytes, int, bool]:
    end = _BASE64_END.search(content, start)
    if end is None:
        return b"", len(content), False
    try:
        return pybase64.b64decode(content[start : end.start()]), end.end(), True
    except binascii.Error:
        return b"", end.end(), False
