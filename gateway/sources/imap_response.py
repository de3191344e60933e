"""What a server says in answer to FETCH and SEARCH (RFC 3501 7): a line with literals in it, taken apart."""

import re
from typing import NamedTuple

LITERAL = re.compile(rb"\{(\d+)\}\r\n\Z")

_FETCH = re.compile(rb"\* \d+ FETCH \(", re.IGNORECASE)
_FLAGS = re.compile(rb"FLAGS \([^()]*\)", re.IGNORECASE)
_UID = re.compile(rb"\bUID (\d+)", re.IGNORECASE)
_SIZE = re.compile(rb"\bRFC822\.SIZE (\d+)", re.IGNORECASE)
_DATE = re.compile(rb'\bINTERNALDATE "([^"]*)"', re.IGNORECASE)
_BODY = re.compile(rb'\bBODY\[\](?:<\d+>)? (?:\{(\d+)\}|"((?:[^"\\]|\\.)*)"|NIL)', re.IGNORECASE)
_ESCAPED = re.compile(rb"\\(.)")
_SEARCH = re.compile(rb"\* SEARCH((?: \d+)*)", re.IGNORECASE)
_STATUS = re.compile(rb"(\S+) (OK|NO|BAD) ?(.*)\r\n\Z", re.IGNORECASE | re.DOTALL)


class Response(NamedTuple):
    """A response: its text, in which literals are left out behind their `{size}`, and what they said.

    A literal is None where it was larger than it may be, or went elsewhere as it came.
    """

    text: bytes
    literals: tuple[bytes | None, ...] = ()

    @property
    def size(self) -> int:
        """Its bytes, but for those that went elsewhere."""
        return len(self.text) + sum(len(literal or b"") for literal in self.literals)


class Fetched(NamedTuple):
    """What a FETCH response says of a message; 0, "" and None for what it does not say.

    `body` is the whole body or a part of it; `size` in bytes, `date` as the server writes it.
    """

    uid: int
    size: int = 0
    date: str = ""
    body: bytes | None = None


def status_of(text: bytes) -> tuple[bytes, str, str] | None:
    """Split a status response with a tag into tag, "OK", "NO" or "BAD", and the text; None for any other."""
    found = _STATUS.match(text)
    return (found[1], found[2].decode().upper(), found[3].decode("utf-8", "replace")) if found else None


def fetched(response: Response) -> Fetched | None:
    """Read a FETCH response that names a UID; None for any other response."""
    if not _FETCH.match(response.text):
        return None
    # A keyword may be called UID.
    text = _FLAGS.sub(b"", response.text)
    if (uid := _UID.search(text)) is None:
        return None
    size, date = _SIZE.search(text), _DATE.search(text)
    said = date[1].decode("ascii", "replace") if date else ""
    return Fetched(int(uid[1]), int(size[1]) if size else 0, said, _body(text, response))


def found_uids(response: Response) -> list[int] | None:
    """Read a SEARCH response; None for any other response."""
    found = _SEARCH.match(response.text)
    return [int(number) for number in found[1].split()] if found else None


def sequence(uids: list[int]) -> str:
    """Write UIDs, which rise, as a set: `1:3,7` (RFC 3501 9, sequence-set)."""
    parts: list[str] = []
    first = last = uids[0]
    for uid in [*uids[1:], 0]:
        if uid == last + 1:
            last = uid
            continue
        parts.append(str(first) if first == last else f"{first}:{last}")
        first = last = uid
    return ",".join(parts)


def _body(text: bytes, response: Response) -> bytes | None:
    found = _BODY.search(text)
    if found is None:
        return None
    if found[1] is not None:
        return response.literals[0] if response.literals else None
    return _ESCAPED.sub(rb"\1", found[2]) if found[2] is not None else None
