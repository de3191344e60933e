"""Encoded words (RFC 2047), as they are really written: anywhere, cut inside a character, with spaces, broken."""

import re
from binascii import a2b_qp
from itertools import groupby
from typing import NamedTuple

from gateway.mail.charset import decode
from gateway.mail.label import codecs_for, shifts
from gateway.mail.transfer import decode_base64

# Charset, a language (RFC 2231 5), encoding.
_START = rb"=\?\s?\"?([^?\s*\"]{0,60})\"?(?:\*[^?]{0,20})?\s?\?\s?([bBqQ])\s?\?"
# A word ends at the first `?=` and does not run over the beginning of another one. What has no end is read all the
# same, so that nothing is read twice.
_WORD = re.compile(_START + rb"((?:(?!=\?[^?\s]{1,60}\?[bBqQ]\?|\?=).)*+)(\?=)?", re.DOTALL)
# One that nothing ends: where a header was cut, or the next one begins.
_OPEN_WORD = re.compile(_START + rb"((?:(?!=\?[^?\s]{1,60}\?[bBqQ]\?).)*+)", re.DOTALL)
_OPEN_WORDS = 100
# The way back to ASCII before any way out of it.
_GOES_ON = re.compile(rb"[^\x1b]+\x1b\([BJ]")
_JUNK_AT_THE_END = b"?= \t\r\n"


class _Piece(NamedTuple):
    """A word, or with no `encoding` the text between words."""

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
    runs = groupby(_pieces(value), key=lambda piece: (piece.charset, bool(piece.encoding)))
    return "".join(_text(list(run), charset) for _, run in runs)


def decode_eight_bit(value: bytes, charset: str) -> str:
    """Decode bytes that stand in a header without a word about their character set."""
    if b"\x1b" in value:
        return decode(value, charset)[0]
    try:
        return value.decode("utf-8")
    except UnicodeDecodeError:
        return decode(value, charset)[0]


def unmasked(value: bytes, charset: str) -> bytes:
    r"""Return `value` in UTF-8 if it is raw in another set, in which a `\`, `"` or `@` may be half of a letter."""
    if b"\x1b" not in value and (value.isascii() or not charset):
        return value
    return decode_eight_bit(value, charset).encode()


def _pieces(value: bytes) -> list[_Piece]:
    pieces: list[_Piece] = []
    done = 0
    # Past the last `?=` no word can end: without looking there, time grows with the length alone.
    for word in _WORD.finditer(value, 0, value.rfind(b"?=") + 2):
        if not word[4]:
            continue
        between = value[done : word.start()]
        if between and not (done and between.isspace()):
            pieces += _open_pieces(between)
        pieces.append(_Piece(word[1].decode("latin-1").lower(), word[2].lower(), word[3]))
        done = word.end()
    return [*pieces, *_open_pieces(value[done:])]


def _open_pieces(text: bytes) -> list[_Piece]:
    """Divide what stands between words: plain text, and words without an end, if their character set is known."""
    if b"=?" not in text or text.count(b"=?") > _OPEN_WORDS:
        return [_Piece("", b"", text)]
    pieces: list[_Piece] = []
    done = 0
    for word in _OPEN_WORD.finditer(text):
        label = word[1].decode("latin-1").lower()
        if not codecs_for(label):
            continue
        if before := text[done : word.start()]:
            pieces.append(_Piece("", b"", before))
        content = word[3].rstrip(_JUNK_AT_THE_END)
        pieces.append(_Piece(label, word[2].lower(), content))
        done = word.end()
    return [*pieces, _Piece("", b"", text[done:])]


def _text(run: list[_Piece], charset: str) -> str:
    label = run[0].charset
    if not run[0].encoding:
        return "".join(decode_eight_bit(piece.content, charset) for piece in run)
    if shifts(label):
        # Each word begins anew (RFC 2047 3), unless the mailer cut them where it liked.
        words = [_content([piece]) for piece in run]
        texts = [decode(word, label) for word in words]
        if not any(note for _, note in texts) and not any(_GOES_ON.match(word) for word in words[1:]):
            return "".join(text for text, _ in texts)
    return decode(_content(run), label)[0]


def _content(run: list[_Piece]) -> bytes:
    return b"".join(
        (_base64 if encoding == b"b" else _quoted)([piece.content for piece in words])
        for encoding, words in groupby(run, key=lambda piece: piece.encoding)
    )


def _quoted(words: list[bytes]) -> bytes:
    return b"".join(a2b_qp(word, header=True) for word in words)


def _base64(words: list[bytes]) -> bytes:
    """Decode words each for itself, or as one where the mailer cut the base64 anywhere."""
    if any(len(word) % 4 and not word.endswith(b"=") for word in words[:-1]):
        return decode_base64(b"".join(words))[0]
    return b"".join(decode_base64(word)[0] for word in words)
