"""What is found where a file stands between the lines of a text."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Block:
    """A file, or one part of it: `content[start:end]` of the text is all that belongs to it.

    `name` is as the sender has it. `part` is the number of a part, 0 for a whole file. `fault` says what is wrong with
    it, "" for nothing.
    """

    start: int
    end: int
    name: bytes
    data: bytes
    part: int = 0
    fault: str = ""
