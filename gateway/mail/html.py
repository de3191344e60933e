"""HTML of strangers: made safe to show beside an agent's own page, and made readable as text.

`nh3` keeps what is on a list and nothing else.
"""

import re

import html2text
import nh3

from gateway.mail.allowlist import ATTRIBUTES, GONE_WITH_CONTENT, SCHEMES, TAGS, attribute, relative
from gateway.mail.markup import is_forbidding, strip_tags

_LARGEST = 5_000_000
_LARGEST_CONVERTED = 1_500_000
_BETWEEN_CELLS = re.compile(r"</t[dh]>(?=\s*<t[dh]\b)")
_ESCAPED = re.compile(r"^([ \t>]*\d{0,9})\\(?=[.+-])", re.MULTILINE)
# The library searches for the beginnings of lists in a way that takes quadratic time on these.
_WHITE_SPACE = re.compile(r"\s{100}\s+")
_HEADING = re.compile(r"<(/?)h[1-6]>")
_EMPTY_LINK = re.compile(r"\[\s*\]\([^()\s]*\)")
_LINK_TARGET = re.compile(r"(?<=\]\()(?:[^\s()\\]|\\.)+(?=\))")
_BLANK_LINES = re.compile(r"\n{3,}")


def sanitise(html: str) -> str:
    """Return what of `html` is safe to show: text, tables, inline styles, pictures and links, as a fragment.

    Links go to http, https, mailto and tel; pictures come from http, https, `cid:` and, where they are the picture
    itself, `data:`. "" where it is too large, or built to cost time. Never raises.
    """
    if len(html) > _LARGEST or is_forbidding(html):
        return ""
    return _CLEANER.clean(html).strip()


def to_text(html: str) -> str:
    """Return `html` as plain text: links behind their words, rows of tables in lines, pictures by their alternative.

    Lines are not wrapped. What is too large or built to cost time only loses its tags. Never raises.
    """
    if len(html) > _LARGEST or is_forbidding(html):
        return strip_tags(html)
    bare = _BARE.clean(html)
    if len(bare) > _LARGEST_CONVERTED:
        return strip_tags(bare)
    bare = _BETWEEN_CELLS.sub(" | </td>", _HEADING.sub(r"<\1p>", _WHITE_SPACE.sub("\n\n", bare)))
    try:
        text = _converter().handle(bare)
    except Exception:  # noqa: BLE001 - whatever the library stumbles over, the mail is still to be read
        return strip_tags(bare)
    return _tidied(text, tables="</td>" in bare)


def _tidied(text: str, *, tables: bool) -> str:
    """Take back what Markdown asks for and a reader of plain text does not."""
    text = _ESCAPED.sub(r"\1", text.replace("\xa0", " "))
    text = _LINK_TARGET.sub(lambda match: re.sub(r"\\(.)", r"\1", match[0]), _EMPTY_LINK.sub("", text))
    lines = [line.rstrip(" \t|" if tables else None) for line in text.split("\n")]
    if tables:
        lines = [line.lstrip(" \t|") if line.lstrip().startswith("|") else line for line in lines]
    return _BLANK_LINES.sub("\n\n", "\n".join(lines)).strip()


def _converter() -> html2text.HTML2Text:
    converter = html2text.HTML2Text(bodywidth=0)
    converter.images_to_alt = True
    converter.ignore_emphasis = True
    converter.ignore_mailto_links = True
    converter.ignore_tables = True
    converter.unicode_snob = True
    return converter


_CLEANER = nh3.Cleaner(
    tags=TAGS,
    clean_content_tags=GONE_WITH_CONTENT,
    attributes=ATTRIBUTES,
    attribute_filter=attribute,
    url_schemes=SCHEMES,
    url_relative=relative,
)
_BARE = nh3.Cleaner(
    tags=TAGS - {"font", "span", "b", "i", "u", "em", "strong", "small", "big", "area", "map"},
    clean_content_tags=GONE_WITH_CONTENT,
    attributes={"a": {"href"}, "img": {"alt", "src"}, "ol": {"start"}},
    url_schemes={"http", "https", "mailto", "tel", "cid"},
    url_relative="deny",
    link_rel=None,
)
