"""Files that stand in the text itself, between its lines, without a word in the header: uuencode and yEnc."""

from collections.abc import Iterator
from dataclasses import dataclass
from heapq import merge
from itertools import groupby, islice

from gateway.mail import uuencode, yenc
from gateway.mail.block import Block
from gateway.mail.encodedword import decode_words
from gateway.mail.field import clean
from gateway.mail.manner import WITHIN

_NAME = 300
TOO_MANY = "there are too many files in the text"
"""The note on files beyond those that were taken out."""


@dataclass(frozen=True, slots=True)
class Enclosed:
    """A file from within a text: its name as the sender has it (not yet a clean one), and its content."""

    name: str
    content: bytes


def take_out(
    content: bytes, charset: str = "", most: int = WITHIN.parts
) -> tuple[bytes, tuple[Enclosed, ...], tuple[str, ...]]:
    """Return a text's bytes without the files in it, those files in order, and notes on what is wrong with them.

    `content` has its transfer encoding undone. The parts of one yEnc file are put together. `charset` is for names in
    raw 8-bit. Text without files is returned as it is, at the cost of a search. Of more than `most` files or parts of
    them the others stay in the text, and TOO_MANY is among the notes.
    """
    found = list(islice(_blocks(content), most + 1)) if b"begin" in content else []
    if not found:
        return content, (), ()
    beyond = (TOO_MANY,) * (len(found) > most)
    found = found[:most]
    starts, ends = [block.start for block in found], [block.end for block in found]
    text = b"".join(content[end:start] for end, start in zip([0, *ends], [*starts, len(content)], strict=True))
    files = tuple(_file(list(parts), charset) for _, parts in groupby(found, key=_identity))
    notes = tuple(f"{_name(block, charset)}: {block.fault}" for block in found if block.fault)
    return text, files, notes + beyond


def _blocks(content: bytes) -> Iterator[Block]:
    at = 0
    for block in merge(uuencode.blocks(content), yenc.blocks(content), key=lambda block: block.start):
        if block.start >= at:
            yield block
            at = block.end


def _identity(block: Block) -> tuple[bytes, int]:
    """Return what the parts of one file have in common."""
    return block.name, 0 if block.part else block.end


def _file(parts: list[Block], charset: str) -> Enclosed:
    return Enclosed(_name(parts[0], charset), b"".join(part.data for part in parts))


def _name(block: Block, charset: str) -> str:
    return clean(decode_words(block.name, charset), _NAME)
