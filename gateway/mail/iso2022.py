r"""Text with escape sequences (ISO 2022), as East Asian mail has it and as Python's codecs do not read it.

Those of Python know what the RFCs have (1468, 1554, 1557, 1922); mailers also write Windows' and NEC's signs such as a
one in a circle, katakana of half width with an escape sequence, a shift or as 8-bit, forget the way back to ASCII at
the end of a line, and cut a character. Here all of it is read, whatever the country.
"""

import re
from functools import lru_cache

_MARK = re.compile(rb"(\x1b(?:\$\(?[@ABCDOPQ]|\$\)[ACG]|\([BJHI]|\.[AF]|&@)|[\x0e\x0f]|\r?\n)")
_PAIR = re.compile(rb"[\x21-\x7e\xa1-\xfe]{2}")
_PIECES = re.compile(_PAIR.pattern + rb"|[^\x21-\x7e\xa1-\xfe]{1,4}|.", re.DOTALL)
_SHIFT_OUT = b"\x0e"
_SHIFTS = frozenset({_SHIFT_OUT, b"\x0f"})
_TO_OTHER, _NOT_MAIN = b"\x1b$)", (b"\x1b.", b"\x1b&")
_HALF_WIDTH = b"\x1b(I"
_WESTERN = b"\x1b(B"
# Shift JIS has its rows in two blocks, around the bytes of half-width katakana, and no character that ends in 0x7F.
_SECOND_HALF = 0x5F
_PAST_DELETE = 0x60
_HIGH = bytes(byte | 0x80 for byte in range(256))
# What is designated to what: a codec, and the byte that in it stands before a character of that plane.
_SETS = {b"D": ("euc_jp", b"\x8f"), b"O": ("euc_jis_2004", b""), b"Q": ("euc_jis_2004", b""), b"A": ("gb18030", b"")}
_SETS |= {b"P": ("euc_jis_2004", b"\x8f"), b"C": ("cp949", b""), b"@": ("japanese", b""), b"B": ("japanese", b"")}


def decode(content: bytes) -> str:
    """Return `content` as text; what no set has is U+FFFD."""
    text: list[str] = []
    # What is read as `main`, what a shift out changes to, and if one is in force.
    main, other, out = _WESTERN, _HALF_WIDTH, False
    for number, piece in enumerate(_MARK.split(content)):
        if not number % 2:
            text.append(_segment(piece, other if out else main) if piece else "")
        elif piece.endswith(b"\n"):
            main, out = _WESTERN, False
            text.append(piece.decode())
        elif piece in _SHIFTS:
            out = piece == _SHIFT_OUT
        elif piece.startswith(_TO_OTHER):
            other = piece
        elif not piece.startswith(_NOT_MAIN):
            main = piece
    return "".join(text)


def _segment(content: bytes, designation: bytes) -> str:
    if designation == _HALF_WIDTH:
        return content.translate(_HIGH).decode("cp932", "replace")
    if not designation.startswith(b"\x1b$"):
        return content.decode("cp932", "replace")
    return "".join(_character(piece, designation[-1:]) for piece in _PIECES.findall(content))


@lru_cache(maxsize=16_384)
def _character(piece: bytes, name: bytes) -> str:
    """Decode two bytes of a set, or what stands between such pairs."""
    if not _PAIR.fullmatch(piece):
        return piece.decode("ascii", "replace")
    codec, plane = _SETS.get(name, ("ascii", b""))
    if codec != "japanese":
        return (plane + piece.translate(_HIGH)).decode(codec, "replace")
    try:
        return _shifted(piece).decode("cp932")
    except UnicodeDecodeError:
        return piece.translate(_HIGH).decode("euc_jis_2004", "replace")


def _shifted(pair: bytes) -> bytes:
    """Return a character of JIS X 0208 as Shift JIS writes it, whose Windows form knows more of them."""
    row, cell = pair[0] & 0x7F, pair[1] & 0x7F
    lead = (row + 1) // 2 + (0x70 if row < _SECOND_HALF else 0xB0)
    if row % 2 == 0:
        return bytes((lead, cell + 0x7E))
    return bytes((lead, cell + (0x1F if cell < _PAST_DELETE else 0x20)))
