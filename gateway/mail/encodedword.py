"""Encoded words (RFC 2047), as they are really written: anywhere, cut inside a character, with spaces, broken."""

import re
from binascii import a2b_qp
from itertools import groupby
from typing import NamedTuple

from gateway.mail.charset import decode
from gateway.mail.transfer import decode_base64

# A word ends at the first `?=` and does not run over the beginning of another one.
_WORD = re.compile(
    rb"=\?\s?([^?\s*\"]{1,60})(?:\*[^?]{0,20})?\s?\?\s?([bBqQ])\s?\?((?:(?!=\?[^?\s]{1,60}\?[bBqQ]\?).)*?)\?=",
    re.DOTALL,
)


class _Piece(NamedTuple):
    """A word, or with no `charset` the text between words."""

    charset: str
    encoding: bytes
    content: bytes


def decode_words(value: bytes, charset: str) -> str:
    """Return `value` with its encoded words decoded, and what is raw 8-bit between them as UTF-8, else as `charset`.

    Space between two words is not text (RFC 2047 6.2). Words of one character set are put together as bytes before
    they are decoded: many mailers cut them inside a character.
    """
    if b"=?" not in value:
        return decode_eight_bit(value, charset)
    return "".join(_text(list(run), charset) for _, run in groupby(_pieces(value), key=lambda piece: piece.charset))


def decode_eight_bit(value: bytes, charset: str) -> str:
    """Decode bytes that stand in a header without a word about their character set."""
    try:
        return value.decode("utf-8")
    except UnicodeDecodeError:
        return decode(value, charset)[0]


def _pieces(value: bytes) -> list[_Piece]:
    pieces: list[_Piece] = []
    done = 0
    # Past the last `?=` no word can end: without looking there, time grows with the length alone.
    for word in _WORD.finditer(value, 0, value.rfind(b"?=") + 2):
        between = value[done : word.start()]
        if between and not (done and between.isspace()):
            pieces.append(_Piece("", b"", between))
        pieces.append(_Piece(word[1].decode("latin-1").lower(), word[2].lower(), word[3]))
        done = word.end()
    return [*pieces, _Piece("", b"", value[done:])]


def _text(run: list[_Piece], charset: str) -> str:
    if not run[0].charset:
        return "".join(decode_eight_bit(piece.content, charset) for piece in run)
    content = b"".join(
        (_base64 if encoding == b"b" else _quoted)([piece.content for piece in words])
        for encoding, words in groupby(run, key=lambda piece: piece.encoding)
    )
    return decode(content, run[0].charset)[0]


def _quoted(words: list[bytes]) -> bytes:
    return b"".join(a2b_qp(word, header=True) for word in words)


def _base64(words: list[bytes]) -> bytes:
    """Decode words each for itself, or as one where the mailer cut the base64 anywhere."""
    if any(len(word) % 4 and not word.endswith(b"=") for word in words[:-1]):
        return decode_base64(b"".join(words))[0]
    return b"".join(decode_base64(word)[0] for word in words)
