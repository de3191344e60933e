"""HTML at arm's length, for what the libraries had better not see: what they are slow on, and its text without tags.

Both take time in proportion to the length, whatever is in it.
"""

import re
from html import unescape

_DEPTH = 400
_ENTITIES = 50_000
# Elements that HTML never closes by itself; the others cannot be nested deeply.
_CONTAINER = re.compile(
    r"<(/?)(address|article|aside|blockquote|center|details|dir|div|dl|fieldset|figure|footer|form|header|main|menu|nav"
    r"|object|ol|pre|section|summary|table|ul)\b",
    re.IGNORECASE,
)
_INVISIBLE = re.compile(
    r"<!--.*?(?:-->|\Z)|<(?P<tag>script|style|title|svg|template)\b.*?(?:</(?P=tag)\s*>|\Z)", re.IGNORECASE | re.DOTALL
)
_LINE = re.compile(r"<(?:br|/?(?:p|div|tr|li|h[1-6]|table|blockquote|pre))\b[^<>]*>", re.IGNORECASE)
_TAG = re.compile(r"<[/!?a-zA-Z][^<>]*>")
_BLANK_LINES = re.compile(r"\n[ \t\n]*\n")


def is_forbidding(html: str) -> bool:
    """Say if `html` is built to cost time: `nh3` is quadratic in nesting, and in entities with no tag between."""
    if html.count("&") > _ENTITIES and max(run.count("&") for run in html.split("<")) > _ENTITIES:
        return True
    return _is_too_deep(html)


def _is_too_deep(html: str) -> bool:
    """Say if containers are nested more deeply than people write; a closing tag counts if it fits the last opened."""
    if html.count("<") <= _DEPTH:
        return False
    opened: list[str] = []
    for match in _CONTAINER.finditer(html):
        tag = match[2].lower()
        if not match[1]:
            opened.append(tag)
            if len(opened) > _DEPTH:
                return True
        elif opened and opened[-1] == tag:
            opened.pop()
    return False


def strip_tags(html: str) -> str:
    """Return the text of `html`: tags gone, blocks in lines of their own, entities as characters."""
    text = _LINE.sub("\n", _INVISIBLE.sub(" ", html))
    text = unescape(_TAG.sub(" ", text)).replace("\xa0", " ")
    return _BLANK_LINES.sub("\n\n", re.sub(r"[ \t]{2,}", " ", text)).strip()
