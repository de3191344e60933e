"""The address of a From or Reply-To (RFC 5322 3.4), read from what is really written there.

Structure is read before encoded words are decoded, since a decoded name may hold a comma; each character stands for a
byte until then. Comments are counted, not recursed into.
"""

import re
from collections.abc import Iterator

from gateway.mail.encodedword import decode_words
from gateway.mail.field import clean
from gateway.model import Address

_VALUE_BYTES = 8 * 1024
_NAME = 1_000
_LOCAL = r'(?:"(?:[^"\\]|\\.)*+"|[^\s"(),:;<>@]+)'
# Among bytes, 0x85 and 0xA0 are parts of letters, not white space: hence ASCII.
_ADDRESS = re.compile(_LOCAL + r"@(?:\[[^\]\s]*\]|[^\s\"(),:;<>@]+)", re.ASCII)
_TOKEN = re.compile(
    rf"(?P<address>{_ADDRESS.pattern})"
    r'|"(?P<quoted>(?:[^"\\]|\\.)*+)"?'
    r"|<(?P<angle>[^>]*)>?"
    r"|(?P<word>=\?[^?\s]+\?[bBqQ]\?(?:(?!\?=).)*+\?=|[^\s\"(),:;<>]+)"
    r"|(?P<special>[(),:;>])",
    re.DOTALL | re.ASCII,
)
_COMMENT_PIECE = re.compile(r"\\.|[()]|[^\\()]+", re.DOTALL)
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)


def from_header(value: bytes, charset: str = "") -> Address | None:
    """Return the first address of a From, Sender or Reply-To; None if there is nothing in it.

    `value` is the unfolded field; raw 8-bit in it is read as UTF-8, else as `charset`. Where no address can be found,
    `email` is "" and `name` what could be read.
    """
    address = _first(value[:_VALUE_BYTES].decode("latin-1"), charset)
    if not address.email and "@" in address.name:
        # The whole of it was one encoded word.
        again = _first(address.name.encode().decode("latin-1"), charset)
        address = again if again.email else address
    return address if address.email or address.name else None


def _first(text: str, charset: str) -> Address:
    names: list[str] = []
    comments: list[str] = []
    email = ""
    for kind, content in _tokens(text):
        if kind == "angle" and "@" in content:
            email = _bare(content)
            break
        if kind == "address" and not email:
            email = content
        elif kind == "comment":
            comments.append(content)
        elif content in {",", ";"} and kind == "special":
            if email:
                break
            names = [*names[:-1], names[-1] + content] if names else names
        elif content == ":" and kind == "special":
            names, email = [], ""
        elif kind != "special":
            names.append(content)
    name = _decoded(" ".join(names).rstrip(",;"), charset) or _decoded(" ".join(comments), charset)
    return Address(name, _decoded(email, charset))


def _tokens(text: str) -> Iterator[tuple[str, str]]:
    at = 0
    while match := _TOKEN.search(text, at):
        kind = match.lastgroup or ""
        at = match.end()
        if match[0] == "(":
            kind = "comment"
            content, at = _comment(text, at)
        else:
            content = match[kind]
        yield kind, _ESCAPED.sub(r"\1", content) if kind in {"quoted", "comment"} else content


def _comment(text: str, start: int) -> tuple[str, int]:
    """Return a comment's content and where it ends; `start` is behind its opening bracket."""
    depth = 1
    for piece in _COMMENT_PIECE.finditer(text, start):
        depth += {"(": 1, ")": -1}.get(piece[0], 0)
        if depth == 0:
            return text[start : piece.start()], piece.end()
    return text[start:], len(text)


def _bare(content: str) -> str:
    """Return the address within angle brackets: without a source route, `mailto:`, spaces or comments."""
    found = [match[0] for match in _ADDRESS.finditer(content)]
    return found[-1] if found else content.strip()


def _decoded(text: str, charset: str) -> str:
    return clean(decode_words(text.encode("latin-1"), charset), _NAME)
