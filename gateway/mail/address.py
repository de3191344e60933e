"""The mailboxes of a From, Sender or Reply-To (RFC 5322 3.4), read from what is really written there.

Structure is read before encoded words are decoded, since a decoded name may hold a comma; each character stands for a
byte until then. Comments are counted, not recursed into. Every pattern takes linear time.
"""

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from html import unescape
from itertools import islice
from typing import NamedTuple

from gateway.mail.encodedword import decode_eight_bit, decode_words
from gateway.mail.field import clean
from gateway.model import Address

_VALUE_BYTES = 8 * 1024
_NAME = 1_000
_MAILBOXES = 100
_LOCAL = r'(?:"(?:[^"\\]|\\.)*+"|[^\s"(),:;<>@\[\]\\]+)'
# Among bytes, 0x85 and 0xA0 are parts of letters, not white space: hence ASCII.
_DOMAIN = r"(?:\[[^\]\s]*\]|[^\s\"(),:;<>@\[\]{}\\?&'/|=!*#$%^~`+]+)"
_ADDRESS = re.compile(_LOCAL + "@" + _DOMAIN, re.ASCII)
# Nearly every From: a name as words, in quotes or as encoded words, and the address in its brackets.
_SIMPLE = re.compile(
    rb"(?:([A-Za-z][A-Za-z0-9. _-]*+)"
    rb'|"([A-Za-z][A-Za-z0-9. _,()&@-]*+)" ?'
    rb"|((?:(?:[A-Za-z0-9._-]+|=\?[A-Za-z0-9-]{1,40}\?[bBqQ]\?[A-Za-z0-9+/_.=-]{1,200}?\?=)(?: |(?=<)))++))"
    rb"<([A-Za-z0-9._+-]{1,64}@[A-Za-z0-9.-]{1,255}[A-Za-z0-9])>"
)
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
_ESCAPED_SIGN = re.compile(r"\\([^\w\s])", re.ASCII)
_SPACE_AROUND = re.compile(r"(?:(?<!\s)\s++)?+([@.])\s*+", re.ASCII)
_SCHEME = re.compile(r"\[?\b(?:mailto|smtp):", re.IGNORECASE)
_X500 = re.compile(r"/[A-Za-z]{1,3}=")
_AROUND = {"{": "}", "'": "'"}
_QUOTES = frozenset({"''", '""', "\u201c\u201d", "\u2018\u2019"})
# Marks that turn the direction of text round, and what has no width.
_UNSEEN = re.compile("[\u200b\u202a-\u202e\u2060\u2066-\u2069\ufeff]")
_BRACKETS = str.maketrans("\uff1c\uff1e\ufe64\ufe65\u2039\u203a\u3008\u3009\u226a\u226b\u00ab\u00bb", "<>" * 6)
_AT_SIGNS = str.maketrans("\uff20\ufe6b", "@@")


class _Token(NamedTuple):
    """A piece of a value: `kind` is a group of `_TOKEN`, or "comment"."""

    kind: str
    text: str


def from_header(value: bytes, charset: str = "") -> Address | None:
    """Return the first mailbox that has an address, else the first one; None if there is none. See `mailboxes`."""
    return _first(value, "" if value.isascii() and b"\x1b" not in value else charset)


# A mail's From is asked for by several who read it.
@lru_cache(maxsize=16)
def _first(value: bytes, charset: str) -> Address | None:
    simple = _SIMPLE.fullmatch(value)
    if simple:
        plain, quoted, encoded, email = simple.groups()
        plainly = b" ".join(plain.split()) if plain else quoted
        name = _worded(encoded.strip(), charset) if encoded else plainly.decode().strip(" ,")
        return Address(name, email.decode())
    found = mailboxes(value, charset)
    return next((address for address in found if address.email), found[0] if found else None)


def mailboxes(value: bytes, charset: str = "") -> tuple[Address, ...]:
    """Return the mailboxes of a field in order, those of groups among them, at most 100.

    `value` is the unfolded field; raw 8-bit in it is read as UTF-8, else as `charset`. Where no address can be found,
    `email` is "" and `name` what could be read.
    """
    text = _characters(value[:_VALUE_BYTES], charset)
    found = [_mailbox(pieces, charset) for pieces in islice(_divided(text), _MAILBOXES)]
    if len(found) == 1 and not found[0].email and "@" in found[0].name:
        # The whole of it was one encoded word.
        again = found[0].name.encode().decode("latin-1")
        found = [_mailbox(pieces, charset) for pieces in islice(_divided(again), _MAILBOXES)]
    return tuple(address for address in found if address.email or address.name)


def _characters(value: bytes, charset: str) -> str:
    """Return a character for each byte; what is not ASCII becomes UTF-8, with the look-alikes of `<`, `>` and `@`."""
    text = value.decode("latin-1")
    if not value.isascii() or "\x1b" in text:
        decoded = decode_eight_bit(value, charset)
        if "<" not in decoded:
            decoded = decoded.translate(_BRACKETS)
        if "@" not in decoded:
            decoded = decoded.translate(_AT_SIGNS)
        text = decoded.encode("utf-8", "replace").decode("latin-1")
    if "&lt;" in text and "<" not in text:
        text = unescape(text.replace("&nbsp;", " "))
    return _SCHEME.sub("", text)


def _divided(text: str) -> Iterator[list[_Token]]:
    """Yield the tokens of each mailbox. A comma ends one only once it has an address: people write `Lee, Ann <a@b>`."""
    pieces: list[_Token] = []
    complete = False
    last_group = text.rfind(";")
    for token, end in _tokens(text):
        if token.kind != "special":
            pieces.append(token)
            complete = complete or bool(_address_in(token))
        elif complete and token.text in ",;":
            yield pieces
            pieces, complete = [], False
        elif token.text == ":" and end <= last_group:
            pieces, complete = [], False
        elif pieces and token.text in ",:":
            pieces[-1] = pieces[-1]._replace(text=pieces[-1].text + token.text)
    if pieces:
        yield pieces


def _tokens(text: str) -> Iterator[tuple[_Token, int]]:
    """Yield the tokens, each with where it ends."""
    at = 0
    while match := _TOKEN.search(text, at):
        kind = match.lastgroup or ""
        at = match.end()
        if match[0] == "(":
            kind = "comment"
            content, at = _comment(text, at)
        else:
            content = match[kind]
        if kind == "address" and content[:1] in _AROUND and text[at : at + 1] == _AROUND[content[0]]:
            content, at = content[1:], at + 1
        yield _Token(kind, _ESCAPED.sub(r"\1", content) if kind in {"quoted", "comment"} else content), at


def _comment(text: str, start: int) -> tuple[str, int]:
    """Return a comment's content and where it ends; `start` is behind its opening bracket."""
    depth = 1
    for piece in _COMMENT_PIECE.finditer(text, start):
        depth += {"(": 1, ")": -1}.get(piece[0], 0)
        if depth == 0:
            return text[start : piece.start()], piece.end()
    return text[start:], len(text)


def _mailbox(pieces: Sequence[_Token], charset: str) -> Address:
    """Put a mailbox together: the address in angle brackets, else one that stands alone, else one in a comment."""
    place, email = next(
        (
            (number, email)
            for kind in ("angle", "address", "comment")
            for number, piece in enumerate(pieces)
            if piece.kind == kind and (email := _address_in(piece))
        ),
        (len(pieces), ""),
    )
    name = _name(pieces[:place], charset) or _name(pieces[place + 1 :], charset, addresses=False)
    if not name:
        comments = " ".join(piece.text for piece in pieces if piece.kind == "comment")
        name = _decoded(comments.encode("latin-1"), charset)
    return Address(name, _decoded(email.encode("latin-1"), charset).rstrip("."))


def _name(pieces: Sequence[_Token], charset: str, *, addresses: bool = True) -> str:
    """Return what words say; in brackets without an address there is one that nobody could send to."""
    kinds = {"word", "quoted", "angle", "address"} if addresses else {"word", "quoted"}
    texts = [
        _ESCAPED_SIGN.sub(r"\1", piece.text) if piece.kind == "word" else piece.text
        for piece in pieces
        if piece.kind in kinds and not (piece.kind == "angle" and _X500.match(piece.text))
    ]
    return _worded(" ".join(texts).strip(" ,;:").encode("latin-1"), charset)


def _worded(words: bytes, charset: str) -> str:
    """Return a name, decoded; what is in quotation marks when it is, without them."""
    name = _decoded(words, charset)
    return name[1:-1].strip() if name[:1] + name[-1:] in _QUOTES and len(name) > 1 else name


def _address_in(piece: _Token) -> str:
    """Return the address that a token is or holds, "" if none: without a route, `mailto:`, spaces or comments."""
    if piece.kind == "address":
        return piece.text
    if piece.kind not in {"angle", "comment"} or ("@" not in piece.text and "=?" not in piece.text):
        return ""
    text = piece.text
    if "=?" in text:
        text = decode_words(text.encode("latin-1"), "").encode().decode("latin-1")
    tokens = [token for token, _ in _tokens(_SPACE_AROUND.sub(r"\1", _uncommented(text)))]
    found = [token.text for token in tokens if token.kind == "address" or _ADDRESS.fullmatch(token.text)]
    return found[-1] if found else ""


def _uncommented(text: str) -> str:
    if "(" not in text:
        return text
    kept: list[str] = []
    at = 0
    while (opening := text.find("(", at)) >= 0:
        kept.append(text[at:opening])
        _, at = _comment(text, opening + 1)
    return "".join([*kept, text[at:]])


def _decoded(text: bytes, charset: str) -> str:
    return clean(_UNSEEN.sub("", decode_words(text, charset)), _NAME)
