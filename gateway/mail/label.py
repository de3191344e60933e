"""Names of character sets, as mails have them, to the codecs that read them.

The names are those of the WHATWG's Encoding standard, of IANA, of Windows' numbers, of Java, PHP and old mail programs.
As that standard has it, a smaller set is read as the larger one that everybody writes under its name.
"""

import codecs
import re
from functools import lru_cache

ISO_2022 = "iso2022"
"""Not a codec of Python's: what `gateway.mail.iso2022` reads, the escape sequences of every country together."""

# Only text: Python also knows codecs that unpack archives or run escapes.
_TEXT_CODEC = re.compile(
    r"(?:ascii|utf|iso|cp\d|mac-|koi8|gb|big5|euc|shift|johab|hz$|ptcp154|kz1048|tis-620|hp-roman8)"
)
# The codecs to try, the first that reads everything is taken; and the labels, in lower case without punctuation.
_LABELS = {
    "ascii": "usascii ascii ansix341968 ansix341986 iso646us isoir6 us iso646irv1991 646",
    "cp1252": "ansi iso88591 latin1 l1 cp819 ibm819 isolatin1 isoir100 8bitascii extendedascii winlatin1 western",
    "iso8859-2": "iso88592 latin2 l2 isolatin2 isoir101",
    "iso8859-3": "iso88593 latin3 l3 isolatin3 isoir109",
    "iso8859-4": "iso88594 latin4 l4 isolatin4 isoir110",
    "iso8859-5 cp1251": "iso88595 cyrillic isolatincyrillic isoir144",
    "iso8859-6 cp1256": "iso88596 iso88596e iso88596i arabic ecma114 asmo708 isolatinarabic isoir127",
    "iso8859-7 cp1253": "iso88597 greek greek8 ecma118 elot928 suneugreek isolatingreek isoir126",
    "iso8859-8 cp1255": "iso88598 iso88598e iso88598i hebrew logical visual isolatinhebrew isoir138 machebrew",
    "cp1254": "iso88599 latin5 l5 isolatin5 isoir148 turkish",
    "iso8859-10": "iso885910 latin6 l6 isolatin6 isoir157 nordic",
    "cp874": "iso885911 tis620 windows874 dos874 thai isoir166 macthai",
    "iso8859-13 cp1257": "iso885913 latin7 l7 baltic",
    "iso8859-14": "iso885914 latin8 l8 isoceltic isoir199",
    "iso8859-15": "iso885915 latin9 l9 isolatin9 latin0 isoir203",
    "iso8859-16": "iso885916 latin10 l10 isoir226",
    "koi8-r": "koi8r koi8 koi",
    "koi8-u": "koi8u koi8ru",
    "cp932 shift_jis_2004": "shiftjis sjis mskanji windows31j ms932 sjiswin shiftjiswin sjisms macjapanese",
    "shift_jis_2004 cp932": "shiftjis2004 shiftjisx0213 sjis2004",
    "euc_jp euc_jis_2004": "eucjp euc ujis eucpkdfmtjapanese eucjpms eucjpwin japaneseeuc",
    "euc_jis_2004": "eucjis2004 eucjisx0213",
    f"iso2022_jp_ext {ISO_2022}": (
        "iso2022jp iso2022jp1 iso2022jpms iso2022jpext iso2022jpmobile iso2022jpkddi jis jis7 jisencoding jisx0208"
    ),
    f"iso2022_jp_2 iso2022_jp_ext {ISO_2022}": "iso2022jp2",
    f"iso2022_jp_2004 {ISO_2022}": "iso2022jp3 iso2022jp2004",
    f"iso2022_kr {ISO_2022}": "iso2022kr",
    ISO_2022: "iso2022cn iso2022cnext iso2022cngb iso2022",
    "gb18030": (
        "gb2312 gb23121980 gb231280 iso58gb231280 isoir58 gbk gb18030 gb180302000 gb180302005 gb180302022 euccn cngb"
        " chinese ms936 gb gbk2312 macchinesesimp"
    ),
    "hz": "hzgb2312 hzgb hz",
    "cp950 big5hkscs": "big5 cnbig5 xbig5 big5eten big52003 ms950 bg5 eten macchinesetrad",
    "big5hkscs cp950": "big5hkscs big5hkscs2004",
    "cp949": "euckr ksc5601 ksc56011987 ksc56011989 ksx1001 korean isoir149 uhc ms949 mackorean",
    "johab": "johab ms1361 ksc56011992",
    "utf-7": "utf7 unicode11utf7 unicode20utf7",
    "utf-8": (
        "utf8 unicode11utf8 unicode20utf8 utf8mb4 utf8mb3 utf8sig utf8bom utf8n utf8mac utf8strict uft8 utf08 utf cesu8"
        " utf8unicode utf8utf8"
    ),
    "utf-16": "utf16 unicode ucs2 iso10646ucs2 iso10646 iso106461",
    "utf-16-le": "utf16le unicodefeff unicodelittle ucs2le",
    "utf-16-be": "utf16be unicodefffe unicodebig ucs2be",
    "utf-32": "utf32 ucs4 iso10646ucs4",
    "utf-32-le": "utf32le ucs4le",
    "utf-32-be": "utf32be ucs4be",
    "mac-roman": "macintosh mac macroman applemacintosh",
    "mac-cyrillic": "maccyrillic macukrainian macukraine",
    "mac-latin2": "macce maccentraleurroman maccentraleurope maccentraleuroperoman",
    "mac-greek": "macgreek",
    "mac-turkish": "macturkish",
    "mac-iceland": "macicelandic maciceland",
    "mac-croatian": "maccroatian",
    "mac-romanian": "macromanian macromania",
    "mac-arabic": "macarabic",
    "mac-farsi": "macfarsi",
}
_CODECS = {label: tuple(names.split()) for names, labels in _LABELS.items() for label in labels.split()}
# Windows' numbers for what has another name elsewhere; the others are Python's `cp` and the number.
_CODE_PAGES = {
    "367": "ascii",
    "866u": "cp866",
    "878": "koi8r",
    "912": "iso88592",
    "915": "iso88595",
    "923": "iso885915",
    "932": "shiftjis",
    "936": "gbk",
    "943": "shiftjis",
    "949": "euckr",
    "950": "big5",
    "951": "big5hkscs",
    "954": "eucjp",
    "970": "euckr",
    "1168": "koi8u",
    "1200": "utf16le",
    "1201": "utf16be",
    "1361": "johab",
    "1386": "gbk",
    "10000": "macroman",
    "10006": "macgreek",
    "10007": "maccyrillic",
    "10029": "macce",
    "10079": "macicelandic",
    "10081": "macturkish",
    "12000": "utf32le",
    "12001": "utf32be",
    "20127": "ascii",
    "20866": "koi8r",
    "20932": "eucjp",
    "20936": "gbk",
    "20949": "euckr",
    "21866": "koi8u",
    "38598": "iso88598",
    "50220": "iso2022jp",
    "50221": "iso2022jp",
    "50222": "iso2022jp",
    "50225": "iso2022kr",
    "50227": "iso2022cn",
    "51932": "eucjp",
    "51936": "gbk",
    "51949": "euckr",
    "52936": "hz",
    "54936": "gb18030",
    "65000": "utf7",
    "65001": "utf8",
} | {str(28590 + part): f"iso8859{part}" for part in range(1, 17)}
# With bytes that are controls in the ISO sets, the sender meant the Windows one (the WHATWG reads them all so).
_WINDOWS = {
    "iso8859-2": "cp1250",
    "iso8859-4": "cp1257",
    "iso8859-5": "cp1251",
    "iso8859-6": "cp1256",
    "iso8859-7": "cp1253",
    "iso8859-8": "cp1255",
    "iso8859-13": "cp1257",
    "iso8859-15": "cp1252",
}
WIDE = frozenset({"utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le", "utf-32-be"})
"""Codecs of sets in which each character is two bytes or four."""
SHIFTING = WIDE | {"utf-7", "hz", "iso2022_jp_ext", "iso2022_jp_2", "iso2022_jp_2004", "iso2022_kr", ISO_2022}
"""Codecs in which bytes of ASCII may stand for something else."""

_SURROUNDINGS = re.compile(r"^(?:3d|[^a-z0-9])*(?:charset\W*)?|[^a-z0-9]+$")
_PUNCTUATION = re.compile(r"[^a-z0-9]")
_PREFIX = re.compile(r"^(?:x-?x?-|x_|cs(?=[a-z]))")
_LOCALE = re.compile(r"^[a-z]{1,3}(?:_[a-z]{2})?\.")
_CODE_PAGE = re.compile(r"^(?:win|windows?|wincp|windowscp|cp|ms|mscp|ibm|dos|oem|ccsid|codepage|pc)0*(\d{3,5}u?)$")
_ISO_8859 = re.compile(r"^(?:iso)?8(?:859|559|895|589|858)0?(\d{1,2}?)(?:19\d\d|200\d)?([ei]?)$")
_BEGINNING = re.compile(
    r"utf-?8|us-ascii|iso-8859-1[0-6]?|iso-8859-[2-9]|iso-2022-jp|windows-125\d|koi8-[ru]|gb2312|gb18030|gbk|big5"
    r"|shift_jis|euc-(?:jp|kr)"
)


def windows_for(codec: str) -> str | None:
    """Return the Windows codec that writes letters where this ISO one has controls (0x80 to 0x9F)."""
    return _WINDOWS.get(codec)


@lru_cache(maxsize=512)
def codecs_for(label: str) -> tuple[str, ...]:
    """Return the codecs that `label` may mean, the best first; none if it says nothing that is known.

    Quotes, a `charset=` within the value and other junk around the name are looked through. `ISO_2022` may be among
    them.
    """
    name = _SURROUNDINGS.sub("", label[:200].lower())
    first = re.split(r"[\"';,<>()]", name, maxsplit=1)[0].strip()
    beginning = _BEGINNING.match(first)
    return _known(first) or _known(first.split(" ")[0]) or (_known(beginning[0]) if beginning else ())


def shifts(label: str) -> bool:
    """Say if `label` is of a set in which bytes of ASCII may stand for something else."""
    return not SHIFTING.isdisjoint(codecs_for(label))


def _known(name: str) -> tuple[str, ...]:
    bare = _PUNCTUATION.sub("", _LOCALE.sub("", _PREFIX.sub("", name)))
    bare = _ISO_8859.sub(r"iso8859\1\2", bare)
    page = _CODE_PAGE.match(bare)
    if page:
        bare = _CODE_PAGES.get(page[1], f"cp{page[1]}")
    if bare in _CODECS:
        return _CODECS[bare]
    return _text_codec(name) or _text_codec(bare)


def _text_codec(name: str) -> tuple[str, ...]:
    try:
        codec = codecs.lookup(name).name
    except (LookupError, ValueError):
        return ()
    return (codec,) if _TEXT_CODEC.match(codec) else ()
