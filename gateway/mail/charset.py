"""Bytes to text: what a mail says about its character set is tried first, and what it got wrong is repaired and told.

The order is the issue's: declared, strict UTF-8, detection, windows-1252. Labels are read as the world writes them: the
Windows sets for the ISO ones that they extend, as browsers do, and the larger East Asian sets for the smaller ones.
"""

import codecs
import re

from gateway.mail.label import codecs_for, windows_for

_SAMPLE = 16_000
_DETECTABLE = 32
_OTHERS = 10  # for one slip so many right characters are asked of a declared set; UTF-8 is seldom met by chance, so 1
_C1 = re.compile("[\x80-\x9f]")
_WESTERN = frozenset({"latin-1", "cp1252", "iso8859-15"})
_LATIN = frozenset({"cp1250", "cp1252", "cp1254"})
_SHIFTING = frozenset({"utf-7", "hz", "iso2022_jp_ext", "iso2022_kr", "utf-16", "utf-16-le", "utf-16-be", "utf-32"})
_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
# Detection among all that exist is slower, and picks sets that nobody writes in.
_FOUND_IN_MAILS = (
    "cp1252 cp1250 iso8859_2 cp1251 koi8_r cp1253 cp1254 cp1255 cp1256 cp874 big5 gb18030 cp932 euc_jp cp949"
)


def decode(content: bytes, declared: str) -> tuple[str, str]:
    """Return `content` as text, and in words what had to be repaired ("" if nothing).

    `declared` is the label as the mail has it, "" for none. The text has no NUL, no lone surrogates; line ends are as
    they were. Never raises.
    """
    text, note = _decode(content, declared)
    if "\0" in text:
        text = text.replace("\0", "")
    return _without_surrogates(text), note


def _decode(content: bytes, declared: str) -> tuple[str, str]:
    candidates = codecs_for(declared)
    if content.isascii() and not _SHIFTING.intersection(candidates):
        return content.decode("ascii"), "" if candidates or not declared else _unknown(declared, "ASCII")
    for bom, codec in _BOMS:
        if content.startswith(bom):
            return content[len(bom) :].decode(codec, "replace"), ""
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
        text = content.decode(codec, "replace")
        lost = text.count("\ufffd")
        if lost * (1 if codec == "utf-8" else _OTHERS) <= len(text) - len(text.encode("ascii", "ignore")) - lost:
            return text, f"{lost} characters could not be read as {declared}"
    codec = _detected(content)
    return content.decode(codec, "replace"), _unknown(declared, codec)


def _mended(content: bytes, text: str, codec: str, declared: str) -> tuple[str, str]:
    """Look at a text that its own label let pass: the one-byte sets let everything pass.

    UTF-8 is so seldom met by chance that what is valid UTF-8 and was called Latin 1 is UTF-8. Where an ISO set has
    controls (0x80 to 0x9F), the sender wrote letters of the Windows set that extends it.
    """
    if codec in _WESTERN:
        repaired = _strictly(content, "utf-8")
        if repaired is not None and not _C1.search(repaired):
            return repaired, f"declared as {declared[:40]}, but it is UTF-8"
    windows = windows_for(codec)
    if windows and _C1.search(text):
        return content.decode(windows, "replace"), f"declared as {declared[:40]}, read as {windows}"
    return text, ""


def _strictly(content: bytes, codec: str) -> str | None:
    try:
        return content.decode(codec)
    except (UnicodeDecodeError, UnicodeError):
        return None


def _byte_order(content: bytes) -> str:
    """Tell the order of UTF-16 without a byte order mark by where the zeros of its Latin letters are."""
    sample = content[:_SAMPLE]
    return "utf-16-be" if sample[::2].count(0) > sample[1::2].count(0) else "utf-16-le"


def _detected(content: bytes) -> str:
    """Guess a codec. The Western set is preferred to its neighbours, which look alike in short texts."""
    if len(content) < _DETECTABLE:
        return "cp1252"
    import charset_normalizer  # slow to load, and few mails need it

    matches = charset_normalizer.from_bytes(content[:_SAMPLE], cp_isolation=_FOUND_IN_MAILS.split())
    found = [match.encoding for match in matches]
    if not found or (found[0] in _LATIN and "cp1252" in found):
        return "cp1252"
    return found[0]


def _without_surrogates(text: str) -> str:
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text


def _unknown(declared: str, used: str) -> str:
    if not declared:
        return f"no character set declared, read as {used}"
    return f"declared as {declared[:40]}, which cannot be; read as {used}"
