"""Text to the words that it is found by: the same on every store, for what is stored and for what is asked.

A word is a run of letters and digits, without case and accents; each sign of a script that puts no spaces between words
is a word of its own.
"""

import re
import unicodedata

_LONGEST = 60
# Thai to Khmer, Hiragana to the end of the unified ideographs, Hangul, and the planes of rarer ideographs.
_UNSPACED = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u9fff\uac00-\ud7af\uf900-\ufaff\U00020000-\U0003ffff"
_WORD = re.compile(rf"[{_UNSPACED}]|[^\W_{_UNSPACED}]+")


def tokens(text: str, most: int = 1000) -> list[str]:
    """Return up to `most` words of a text, in order, each of up to 60 characters."""
    if not text.isascii():
        text = "".join(
            sign for sign in unicodedata.normalize("NFKD", text.casefold()) if not unicodedata.combining(sign)
        )
        text = unicodedata.normalize("NFC", text)
    return [word[:_LONGEST] for word in _WORD.findall(text.lower())[:most]]
