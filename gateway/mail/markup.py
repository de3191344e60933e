"""HTML at arm's length, for what the libraries had better not see: what they are slow on, and its text without tags.

Both take time in proportion to the length, whatever is in it.
"""

import re
from collections import Counter
from html import unescape

_DEPTH = 400
_UNCLOSED = 1_000
_ENTITIES = 50_000
_OPEN = 200
_REPEATED = 3
_REOPENED = 10_000_000
_LONG_TAG = 20_000
_ATTRIBUTES = 1_000
# Elements that HTML never closes by itself, and which people nest on purpose.
_CONTAINERS = frozenset(
    re.findall(
        r"\w+",
        """address article aside blockquote center details dir div dl fieldset figure footer form header main menu nav
        object ol pre section summary table ul""",
    )
)
# What HTML opens anew in each paragraph until it is closed.
_FORMATTING = frozenset(re.findall(r"\w+", "a b big code em font i nobr s small strike strong tt u"))
# Elements that need no closing tag, or have none; and those of which this is not so within a drawing.
_CLOSED = frozenset(re.findall(r"\w+", "body br dd dt embed head hr img li meta p"))
_CLOSED_OUTSIDE = frozenset(
    re.findall(
        r"\w+",
        """area base col colgroup html input link option param rp rt source tbody td tfoot th thead tr track wbr""",
    )
)
_DRAWINGS = frozenset({"svg", "math"})
# An item closes the one before it, unless that is of the other kind of list.
_ITEMS = {"li": "list", "dd": "definitions", "dt": "definitions"}
# A quote opens only after `=`, as in browsers, and nothing is tried twice.
_TAG = re.compile(r"""<(/?)([a-z][^\s/<>]*+)((?:[^<>=]++|=\s*+(?:"[^"]*+"|'[^']*+')?+|<)*+)""", re.IGNORECASE)
_VALUE = re.compile(r"""=\s*+(?:"[^"]*+"|'[^']*+'|[^\s"'>]*+)""")
_BETWEEN_ATTRIBUTES = re.compile(r"[\s/=]+")
_INVISIBLE = re.compile(
    r"<!--.*?(?:-->|\Z)|<(?P<tag>script|style|title|svg|template)\b.*?(?:</(?P=tag)\s*>|\Z)", re.IGNORECASE | re.DOTALL
)
_LINE = re.compile(r"<(?:br|/?(?:p|div|tr|li|h[1-6]|table|blockquote|pre))\b[^<>]*>", re.IGNORECASE)
_ANY_TAG = re.compile(r"<[/!?a-zA-Z][^<>]*>")
_BLANK_LINES = re.compile(r"\n[ \t\n]*\n")


def is_forbidding(html: str) -> bool:
    """Say if `html` is built to cost time or memory.

    `nh3` is quadratic in nesting, in entities with no tag between, in the attributes of a tag, and in what is opened
    and not closed in many paragraphs: of 62 kB it makes 114 MB.
    """
    if html.count("&") > _ENTITIES and max(run.count("&") for run in html.split("<")) > _ENTITIES:
        return True
    tags = html.count("<")
    if tags <= _DEPTH and len(html) <= _LONG_TAG:
        return False
    found = [(not match[1], match[2].lower(), match[3]) for match in _TAG.finditer(html)]
    return _has_many_attributes(found) or (
        tags > _DEPTH and (_is_too_deep(found) or _is_unclosed(found) or _is_reopened(found))
    )


def _has_many_attributes(tags: list[tuple[bool, str, str]]) -> bool:
    return any(
        len(rest) > _LONG_TAG and len(_BETWEEN_ATTRIBUTES.findall(_VALUE.sub("=", rest))) > _ATTRIBUTES
        for _, _, rest in tags
    )


def _is_too_deep(tags: list[tuple[bool, str, str]]) -> bool:
    """Say if containers are nested more deeply than people write; a closing tag counts if it fits the last opened."""
    opened: list[str] = []
    for opens, name, _ in tags:
        if name not in _CONTAINERS:
            continue
        if opens:
            opened.append(name)
            if len(opened) > _DEPTH:
                return True
        elif opened and opened[-1] == name:
            opened.pop()
    return False


def _is_unclosed(tags: list[tuple[bool, str, str]]) -> bool:
    """Say if too much else is opened and not closed, such as `<span>`: each of it is within the one before."""
    drawn = any(name in _DRAWINGS for _, name, _ in tags)
    closed = _CONTAINERS | _CLOSED if drawn else _CONTAINERS | _CLOSED | _CLOSED_OUTSIDE
    opened: Counter[str] = Counter()
    unclosed, item = 0, ""
    for opens, name, _ in tags:
        if opens and name in _CONTAINERS:
            item = ""
        elif opens and name in _ITEMS:
            unclosed += bool(item) and item != _ITEMS[name]
            item = _ITEMS[name]
        elif name not in closed and (opens or opened[name]):
            step = 1 if opens else -1
            opened[name] += step
            unclosed += step
        if unclosed > _UNCLOSED:
            return True
    return False


def _is_reopened(tags: list[tuple[bool, str, str]]) -> bool:
    """Say if formatting that is not closed is opened anew too often; the same tag is, three times at most."""
    opened: list[tuple[str, str]] = []
    length = reopened = 0
    for opens, name, rest in tags:
        tag = (name, rest)
        if name not in _FORMATTING:
            reopened += length
        elif opens and opened.count(tag) < _REPEATED:
            opened.append(tag)
            length += len(rest) + len(name)
        elif not opens:
            last = next((place for place in reversed(range(len(opened))) if opened[place][0] == name), None)
            length -= sum(map(len, opened.pop(last))) if last is not None else 0
        if len(opened) > _OPEN or reopened > _REOPENED:
            return True
    return False


def strip_tags(html: str) -> str:
    """Return the text of `html`: tags gone, blocks in lines of their own, entities as characters."""
    text = _LINE.sub("\n", _INVISIBLE.sub(" ", html))
    text = unescape(_ANY_TAG.sub(" ", text)).replace("\xa0", " ")
    return _BLANK_LINES.sub("\n\n", re.sub(r"[ \t]{2,}", " ", text)).strip()
