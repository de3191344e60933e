"""Bytes to text: what a mail says about its character set is tried first, and what it got wrong is repaired and told.

The order is: declared, strict UTF-8, detection, windows-1252. Labels are read as the world writes them: the Windows
sets for the ISO ones that they extend, as browsers do, and the larger East Asian sets for the smaller ones.
"""

import codecs
import re

from gateway.mail import iso2022
from gateway.mail.guess import LONGEST, guess
from gateway.mail.label import ISO_2022, SHIFTING, WIDE, codecs_for, windows_for

_SAMPLE = 16_000
_OTHERS = 10  # for one slip so many right characters are asked of a declared set; UTF-8 is seldom met by chance, so 1
_BY_CHANCE = 3  # so many characters of UTF-8 are no accident in a text that its label reads as well
_SIX_LETTERS = 6
_C1 = re.compile("[\x80-\x9f]")
_ESCAPE = re.compile(rb"\x1b\$(?:[@B]|\([DOQ])")
_NOT_ENDED = re.compile(rb"\x1b\$[@AB][^\x1b\n]*\n")
_EIGHT_BIT_WORD = re.compile(rb"(?<![^\s\x80-\xff])[^\s\x80-\xff]*+[\x80-\xff]\S*")
_HIGH_LETTERS = re.compile("[\u00c0-\u00ff]")
_ASCII_LETTERS = re.compile("[A-Za-z]")
# What koi8-r has in place of the four letters that koi8-u adds; beside a letter it is one.
_UKRAINIAN_AS_KOI8_R = "\u2553\u2555\u2556\u255c"
_UKRAINIAN = re.compile(f"[\u0400-\u04ff][{_UKRAINIAN_AS_KOI8_R}]|[{_UKRAINIAN_AS_KOI8_R}][\u0400-\u04ff]")
_WESTERN = frozenset({"cp1252", "iso8859-15"})
_LATIN = frozenset({"cp1250", "cp1252", "cp1254", "iso8859_2"})
_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
# Detection among all that exist is slower, and picks sets that nobody writes in.
_FOUND_IN_MAILS = (
    "cp1252 cp1250 iso8859_2 cp1251 koi8_r cp1253 cp1254 cp1255 cp1256 cp874 big5 gb18030 cp932 euc_jp cp949"
)


def decode(content: bytes, declared: str) -> tuple[str, str]:
    """Return `content` as text, and in words what had to be repaired ("" if nothing).

    `declared` is the label as the mail has it, "" for none. The text has no NUL, no lone surrogates, no byte order
    mark; line ends are as they were. Never raises.
    """
    text, note = _decode(content, declared)
    text = text.removeprefix("\ufeff")
    if "\0" in text:
        text, note = text.replace("\0", ""), note or "NUL characters were left out"
    return text, note


def _decode(content: bytes, declared: str) -> tuple[str, str]:
    candidates = codecs_for(declared)
    if content.isascii() and SHIFTING.isdisjoint(candidates):
        if b"\x1b$" in content and _ESCAPE.search(content):
            return iso2022.decode(content), _unknown(declared, "ISO-2022-JP")
        return content.decode("ascii"), "" if candidates or not declared else _unknown(declared, "ASCII")
    for bom, codec in _BOMS:
        if content.startswith(bom):
            return _told(_read(content[len(bom) :], codec), codec)
    if b"\0" in content and WIDE.isdisjoint(candidates) and (wide := _wide(content)):
        return _read(content, wide), _unknown(declared, wide)
    for codec in candidates:
        text = _strictly(content, _byte_order(content) if codec == "utf-16" else codec)
        if text is not None:
            return _mended(content, text, codec, declared)
    return _undeclared(content, candidates, declared)


def _undeclared(content: bytes, candidates: tuple[str, ...], declared: str) -> tuple[str, str]:
    """Decode what has no label, or one that is wrong."""
    text = _strictly(content, "utf-8")
    if text is not None:
        return text, _unknown(declared, "UTF-8")
    for codec in candidates:
        text = _read(content, codec)
        lost = text.count("\ufffd")
        right = (len(text) if codec in WIDE else _beyond_ascii(text)) - lost
        if lost * (1 if codec == "utf-8" else _OTHERS) <= right:
            return _told(text, declared)
    codec = "utf-8" if _nearly_utf8(content) else _detected(content)
    return content.decode(codec, "replace"), _unknown(declared, codec)


def _mended(content: bytes, text: str, codec: str, declared: str) -> tuple[str, str]:
    """Look at a text that its own label let pass: most sets let nearly everything pass.

    UTF-8 is so seldom met by chance that what is valid UTF-8 and was called Latin 1 is UTF-8; of other sets more of it
    is asked. Where an ISO set has controls (0x80 to 0x9F), the sender wrote letters of the Windows set that extends it.
    """
    if codec == "utf-8":
        return text, ""
    if _meant_utf8(content, text, codec):
        return content.decode("utf-8", "replace"), f"declared as {declared[:40]}, but it is UTF-8"
    better = windows_for(codec) if _C1.search(text) else None
    if codec == "koi8-r" and any(sign in text for sign in _UKRAINIAN_AS_KOI8_R) and _UKRAINIAN.search(text):
        better = "koi8-u"
    if codec in _WESTERN and _is_not_western(text):
        detected = _detected(content)
        better = better if detected in _LATIN else detected
    if better:
        return content.decode(better, "replace"), f"declared as {declared[:40]}, read as {better}"
    return _without_surrogates(text) if codec in SHIFTING else text, ""


def _meant_utf8(content: bytes, text: str, codec: str) -> bool:
    """Say if a text that its label could read was written as UTF-8 nevertheless."""
    repaired = _strictly(content, "utf-8")
    if repaired is None:
        return codec in _WESTERN and _nearly_utf8(content)
    if codec in SHIFTING or _C1.search(repaired):
        return False
    found = _beyond_ascii(repaired)
    if codec in _WESTERN:
        return found > 0
    # A set of two bytes meets UTF-8 of two bytes by chance, but not often that of three.
    one_byte = len(text) == len(content)
    return found >= _BY_CHANCE and (one_byte or 2 * (len(content) - len(repaired)) >= 3 * found)


def _nearly_utf8(content: bytes) -> bool:
    """Say if most of what is beyond ASCII is UTF-8: it was cut, or something was put into it."""
    text = content[:_SAMPLE].decode("utf-8", "replace")
    lost = text.count("\ufffd")
    return _beyond_ascii(text) >= _BY_CHANCE * lost


def _is_not_western(text: str) -> bool:
    """Say if most letters have accents, as in no language of the West."""
    sample = text[:_SAMPLE]
    accented = len(_HIGH_LETTERS.findall(sample))
    return accented > _SIX_LETTERS and accented > len(_ASCII_LETTERS.findall(sample))


def _beyond_ascii(text: str) -> int:
    return len(text) - len(text.encode("ascii", "ignore"))


def _read(content: bytes, codec: str) -> str:
    """Decode with U+FFFD for what cannot be."""
    if codec == ISO_2022:
        return iso2022.decode(content)
    if codec == "utf-16":
        codec = _byte_order(content)
    return _without_surrogates(content.decode(codec, "replace"))


def _strictly(content: bytes, codec: str) -> str | None:
    if codec in WIDE and b"\0" not in content and _strictly(content, "utf-8") is not None:
        return None
    if codec.startswith("iso2022_jp") and _NOT_ENDED.search(content):
        return None
    if codec == ISO_2022:
        text = iso2022.decode(content)
        return None if "\ufffd" in text or (b"\x1b" not in content and not content.isascii()) else text
    try:
        return content.decode(codec)
    except ValueError:
        return None


def _byte_order(content: bytes) -> str:
    """Tell the order of UTF-16 without a byte order mark by where the zeros of its Latin letters are."""
    sample = content[:_SAMPLE]
    return "utf-16-be" if sample[::2].count(0) > sample[1::2].count(0) else "utf-16-le"


def _wide(content: bytes) -> str:
    """Return the kind of UTF-16 that text full of zeros is, "" if it is none."""
    sample = content[:_SAMPLE]
    if sample.count(0) * 5 < len(sample) * 2:
        return ""
    codec = _byte_order(content)
    zeros = sample[codec == "utf-16-le" :: 2]
    return codec if zeros.count(0) * 5 >= len(zeros) * 4 else ""


def _detected(content: bytes) -> str:
    """Guess a codec from the words that are not ASCII; sets of one script are told apart by their letters."""
    words = b" ".join(_EIGHT_BIT_WORD.findall(content[: _SAMPLE * 4]))[:_SAMPLE]
    if len(words) <= LONGEST:
        return guess(words)
    import charset_normalizer  # slow to load, and few mails need it

    match = charset_normalizer.from_bytes(words, cp_isolation=_FOUND_IN_MAILS.split()).best()
    return guess(words[:LONGEST]) if match is None or match.encoding in _LATIN else match.encoding


def _without_surrogates(text: str) -> str:
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text


def _told(text: str, declared: str) -> tuple[str, str]:
    lost = text.count("\ufffd")
    return text, f"{lost} characters could not be read as {declared[:40]}" if lost else ""


def _unknown(declared: str, used: str) -> str:
    if not declared:
        return f"no character set declared, read as {used}"
    return f"declared as {declared[:40]}, which cannot be; read as {used}"
