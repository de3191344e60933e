"""HTML as plain text by `html2text`, without the marks that Markdown needs and a reader of plain text does not.

What comes in is what `nh3` wrote: each element closed, lower case, values in double quotes.
"""

import re
from urllib.parse import unquote

import html2text

from gateway.mail.hidden import TIGHT
from gateway.mail.table import as_lines

_LONGEST = 1_500_000
# Stands for a blank that counts, as those in preformatted text do; no text holds it (a noncharacter of Unicode).
_BLANK = "\ufdd0"
# What begins and ends a line, with no space around it.
_BLOCKS = frozenset(
    re.findall(
        r"\w+",
        "address article aside center details dir div figcaption figure footer header main menu nav section summary",
    )
)
_PREFORMATTED = re.compile(r"<pre>\n?([^<]*+(?:<(?!/?pre>)[^<]*+)*+)</pre>")
_BLANKS = re.compile(r"^ +|  +", re.MULTILINE)
_HEADING = re.compile(r"<(/?)h[1-6]>")
# The library searches for the beginnings of lists in a way that takes quadratic time on these.
_WHITE_SPACE = re.compile(r"\s{100}\s+")
_EMPTY_LINE = re.compile(r"<(div|p)>\s*+<br>\s*+</\1>")
# The last line break of a block ends no line that the block does not end.
_BREAK = re.compile(r"<br>[ \t\n]*+(</(?:div|p|li|td|th|blockquote|h[1-6])>)?")
_LINK = re.compile(r"\[([^\[\]]*+)\]\(((?:[^\s()\\]|\\.)*+)\)")
_ESCAPE = re.compile(r"\\(.)")
_SCHEME = re.compile(r"https?://(?:www\.)?", re.IGNORECASE)
# Filling after a preview line, and places where a word may be broken.
_UNSEEN = re.compile("[\u00ad\u034f\u200b\u2060\ufeff]|(?<=\\s)[\u200c\u200d]|[\u200c\u200d](?=\\s)")
_LIST_INDENT = re.compile(r"^((?:>+ )?)  (?! [^ ])(?= *+(?:\* |\d+\. ))", re.MULTILINE)
_EMPTY_QUOTED = re.compile(r"^(>+)\n(?:\1\n)+", re.MULTILINE)
_EMPTY_QUOTES = re.compile(r"(?:\n>++)++")
_BLANK_LINES = re.compile(r"\n{3,}")
_FILE_NAME = re.compile(r"\S+\.(?:png|jpe?g|gif|bmp|svg|webp|tiff?|emz|wmz)", re.IGNORECASE)
# What programs write where nobody has described a picture.
_NO_DESCRIPTION = re.compile(
    r"(?:inline |embedded )?(?:image|picture|photo|logo|bild|icon|spacer|banner|graphic)s?[ #:]*\d*"
    r"|.*(?:automatically generated|AI-generated|automatiskt genererad|automatisch generiert).*"
    r"|(?:data|cid|https?):.*",
    re.IGNORECASE | re.DOTALL,
)


def as_text(html: str) -> str | None:
    """Return `html` as text, its lines not wrapped; None for what is too large for the library, or breaks it."""
    prepared = as_lines(_HEADING.sub(r"<\1p>", _PREFORMATTED.sub(_preformatted, html)))
    prepared = _WHITE_SPACE.sub("\n\n", _BREAK.sub(_break, _EMPTY_LINE.sub("<p></p>", prepared)))
    if len(prepared) > _LONGEST:
        return None
    try:
        return _tidied(_Writer().handle(prepared))
    except Exception:  # noqa: BLE001 - whatever the library stumbles over, the mail is still to be read
        return None


def _preformatted(match: re.Match[str]) -> str:
    text = _BLANKS.sub(lambda blanks: _BLANK * len(blanks[0]), match[1].expandtabs())
    return f"<p>{'<br>'.join(text.split(chr(10)))}</p>"


def _break(match: re.Match[str]) -> str:
    return match[1] or "<br>"


def _tidied(text: str) -> str:
    """Take back what Markdown asks for and a reader of plain text does not."""
    text = _UNSEEN.sub("", _LINK.sub(_link, text).replace("\xa0", " ").replace(_BLANK, " "))
    text = "\n".join(line.rstrip() for line in text.split("\n"))
    text = _BLANK_LINES.sub("\n\n", _EMPTY_QUOTED.sub(r"\1\n", _LIST_INDENT.sub(r"\1", text)))
    text = text.strip("\n")
    return _EMPTY_QUOTES.sub(lambda empty: "" if empty.end() == len(text) else empty[0], text)


def _link(match: re.Match[str]) -> str:
    """Write a link: its words, and where it leads unless they say so; nothing for one without words."""
    words, target = " ".join(match[1].split()), _ESCAPE.sub(r"\1", match[2])
    if words == target:
        return f"<{target}>"
    if not words or _bare(words) == _bare(target):
        return words
    scheme, _, rest = target.partition(":")
    if scheme.lower() in {"mailto", "tel"}:
        address = unquote(rest.partition("?")[0])
        return words if _letters(address) in _letters(words) else f"{words} <{address}>"
    return f"[{words}]({target})"


def _bare(address: str) -> str:
    return _SCHEME.sub("", address, count=1).rstrip("/").lower()


def _letters(text: str) -> str:
    return "".join(filter(str.isalnum, text)).lower()


class _Writer(html2text.HTML2Text):
    """The library's converter, with our own word on some tags, and without Markdown's escapes in the text."""

    def __init__(self) -> None:
        super().__init__(bodywidth=0)
        self.ignore_emphasis = self.ignore_tables = True
        self.images_to_alt = self.unicode_snob = True
        self.is_line = False

    def handle_data(self, data: str, *_: object) -> None:
        super().handle_data(data, entity_char=True)

    def handle_tag(self, tag: str, attrs: dict[str, str | None], start: object) -> None:
        if tag == "p" and start:
            self.is_line = attrs.get("style") == TIGHT
        if tag == "br":
            self.o("  \n" + ">" * self.blockquote + " " * bool(self.blockquote))
        elif (tag in _BLOCKS or (tag == "p" and self.is_line)) and not self.astack:
            self.pbr()
        elif tag != "img" or _is_described((attrs.get("alt") or "").strip()):
            super().handle_tag(tag, attrs, start=bool(start))


def _is_described(alternative: str) -> bool:
    return not (_FILE_NAME.fullmatch(alternative) or _NO_DESCRIPTION.fullmatch(alternative))
