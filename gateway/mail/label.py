"""Names of character sets, as mails have them, to the codecs that read them."""

import codecs
import re
from functools import lru_cache

# Only text: Python also knows codecs that unpack archives or run escapes.
_TEXT_CODEC = re.compile(
    r"(?:ascii|utf|iso|cp\d|mac-|koi8|gb|big5|euc|shift|johab|hz$|ptcp154|kz1048|tis-620|hp-roman8)"
)
_UNKNOWN = frozenset(
    {
        "unknown-8bit",
        "x-unknown",
        "unknown",
        "default",
        "none",
        "8bit",
        "7bit",
        "binary",
        "x-user-defined",
        "user-defined",
    }
)
# By label without punctuation. Several codecs are tried in turn; the first that reads everything is taken.
_CODECS = {
    "usascii": "ascii",
    "ascii": "ascii",
    "ansix341968": "ascii",
    "iso646us": "ascii",
    "ansi": "cp1252",
    "latin1": "cp1252 latin-1",
    "iso88591": "cp1252 latin-1",
    "iso88592": "iso8859-2",
    "iso88596": "iso8859-6 cp1256",
    "iso88597": "iso8859-7 cp1253",
    "iso88598": "iso8859-8 cp1255",
    "iso88598i": "iso8859-8 cp1255",
    "iso88598e": "iso8859-8 cp1255",
    "iso885911": "cp874",
    "iso885915": "iso8859-15",
    "tis620": "cp874",
    "windows874": "cp874",
    "windows1252": "cp1252 latin-1",
    "windows31j": "cp932 shift_jis_2004",
    "shiftjis": "cp932 shift_jis_2004",
    "sjis": "cp932 shift_jis_2004",
    "mskanji": "cp932 shift_jis_2004",
    "eucjp": "euc_jp euc_jis_2004",
    "iso2022jp": "iso2022_jp_ext iso2022_jp_2004",
    "iso2022jp1": "iso2022_jp_ext iso2022_jp_2004",
    "iso2022jp2": "iso2022_jp_2 iso2022_jp_ext",
    "gb2312": "gb18030",
    "gb231280": "gb18030",
    "gbk": "gb18030",
    "gb18030": "gb18030",
    "cp936": "gb18030",
    "windows936": "gb18030",
    "euccn": "gb18030",
    "chinese": "gb18030",
    "hzgb2312": "hz",
    "big5": "cp950 big5hkscs",
    "big5hkscs": "big5hkscs cp950",
    "cnbig5": "cp950 big5hkscs",
    "ksc5601": "cp949",
    "ksc56011987": "cp949",
    "ksc56011989": "cp949",
    "euckr": "cp949",
    "windows949": "cp949",
    "korean": "cp949",
    "utf7": "utf-7",
    "unicode11utf7": "utf-7",
    "unicode11utf8": "utf-8",
    "utf8mb4": "utf-8",
    "utf8": "utf-8",
    "utf16": "utf-16",
    "unicode": "utf-16",
    "ucs2": "utf-16",
    "koi8": "koi8-r",
    "koi8u": "koi8-u",
    "koi8ru": "koi8-u",
    "macintosh": "mac-roman",
    "mac": "mac-roman",
    "macroman": "mac-roman",
    "maccyrillic": "mac-cyrillic",
    "macukrainian": "mac-cyrillic",
    "macce": "mac-latin2",
    "maccentraleurroman": "mac-latin2",
    "macgreek": "mac-greek",
    "macturkish": "mac-turkish",
    "macicelandic": "mac-iceland",
    "macjapanese": "cp932",
    "macchinesesimp": "gb18030",
    "macchinesetrad": "cp950",
    "mackorean": "cp949",
}
# With bytes that are controls in the ISO sets, the sender meant the Windows one (the WHATWG reads them all so).
_WINDOWS = {
    "iso8859-2": "cp1250",
    "iso8859-4": "cp1257",
    "iso8859-5": "cp1251",
    "iso8859-6": "cp1256",
    "iso8859-7": "cp1253",
    "iso8859-8": "cp1255",
    "iso8859-9": "cp1254",
    "iso8859-13": "cp1257",
    "iso8859-15": "cp1252",
}


def windows_for(codec: str) -> str | None:
    """Return the Windows codec that writes letters where this ISO one has controls (0x80 to 0x9F)."""
    return _WINDOWS.get(codec)


@lru_cache(maxsize=512)
def codecs_for(label: str) -> tuple[str, ...]:
    """Return the codecs that `label` may mean, the best first; none if it says nothing that is known.

    Quotes, a `charset=` within the value and other junk around the name are looked through.
    """
    name = re.sub(r"^[\s\"'=]*(?:charset\s*=)?[\s\"']*", "", label[:200].lower())
    name = re.split(r"[\s\"';,>]", name, maxsplit=1)[0]
    if not name or name in _UNKNOWN:
        return ()
    return _known(name) or _known(_beginning(name))


def _known(name: str) -> tuple[str, ...]:
    bare = re.sub(r"[^a-z0-9]", "", name.removeprefix("x-").removeprefix("cs"))
    bare = re.sub(r"^(?:win|windows|cp)(?=125\d)", "windows", bare)
    bare = re.sub(r"^(?:iso)?8859(?=\d)", "iso8859", bare)
    bare = re.sub(r"^(iso8859\d+?)(?:19\d\d)$", r"\1", bare)
    if bare in _CODECS:
        return tuple(_CODECS[bare].split())
    for spelling in (name, bare, re.sub(r"^iso8859(\d+)$", r"iso8859-\1", bare), re.sub(r"^windows", "cp", bare)):
        codec = _text_codec(spelling)
        if codec:
            return (codec,)
    return ()


def _text_codec(name: str) -> str:
    try:
        codec = codecs.lookup(name).name
    except (LookupError, ValueError, UnicodeError):
        return ""
    return codec if _TEXT_CODEC.match(codec) else ""


def _beginning(name: str) -> str:
    """Return the well-known label that `name` begins with, as where the closing quote is missing."""
    match = re.match(r"utf-?8|us-ascii|iso-8859-1[0-6]?|iso-8859-[2-9]|windows-125\d|koi8-r|gb2312|big5", name)
    return match[0] if match and match[0] != name else ""
