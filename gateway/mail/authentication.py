"""Authentication-Results (RFC 8601): what our own border server found out about who sent a mail.

A header of any other name is what a stranger may have written, and is not looked at.
"""

import re
from collections.abc import Iterator

from gateway.mail.header import Header

_VALUE_BYTES = 8 * 1024
_FIELDS = 20
# Comments may hold anything, so they go first; a quoted string may hold what looks like one.
_PIECE = re.compile(r'"(?:[^"\\]|\\.)*+"?|\\.|[()]|[^"()\\]+', re.DOTALL)
_RESULT = re.compile(r"\s*([\w-]+)(?:\s*/\s*\d+)?\s*=\s*(\w+)")


def results(header: Header, authserv_id: str) -> dict[str, str]:
    """Return the result of each method, both in lower case, as the server of that name wrote them.

    Of several results of one method (a mail with two signatures) a `pass` counts, else the first.
    """
    found: dict[str, str] = {}
    for method, result in _results(header, authserv_id):
        if method not in found or result == "pass":
            found[method] = result
    return found


def _results(header: Header, authserv_id: str) -> Iterator[tuple[str, str]]:
    for number, value in enumerate(header.all("authentication-results")):
        if number >= _FIELDS or not authserv_id:
            return
        server, *said = _split(value[:_VALUE_BYTES].decode("latin-1"))
        if server.split()[:1] != [authserv_id.lower()]:
            continue
        for one in said:
            match = _RESULT.match(one)
            if match:
                yield match[1], match[2]


def _split(text: str) -> list[str]:
    """Split a value, in lower case, at its semicolons, without comments and quoted strings."""
    kept: list[str] = []
    depth = 0
    for piece in _PIECE.findall(text):
        if piece in "()":
            depth = max(0, depth + (1 if piece == "(" else -1))
        elif not depth and not piece.startswith(('"', "\\")):
            kept.append(piece)
    return " ".join(kept).lower().split(";")
