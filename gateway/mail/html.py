"""HTML of strangers: made safe to show beside an agent's own page, and made readable as text.

`nh3` keeps what is on a list and nothing else. It takes quadratic time on deep nesting, so depth is counted first.
"""

import re
from functools import lru_cache

import html2text
import nh3

from gateway.mail.markup import is_too_deep, strip_tags

_LARGEST = 5_000_000
_LARGEST_CONVERTED = 1_500_000
_TAGS = frozenset(
    [
        "a",
        "abbr",
        "acronym",
        "address",
        "area",
        "article",
        "aside",
        "b",
        "bdi",
        "bdo",
        "big",
        "blockquote",
        "br",
        "caption",
        "center",
        "cite",
        "code",
        "col",
        "colgroup",
        "dd",
        "del",
        "details",
        "dfn",
        "dir",
        "div",
        "dl",
        "dt",
        "em",
        "figcaption",
        "figure",
        "font",
        "footer",
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "header",
        "hr",
        "i",
        "img",
        "ins",
        "kbd",
        "li",
        "main",
        "map",
        "mark",
        "menu",
        "nav",
        "ol",
        "p",
        "pre",
        "q",
        "rp",
        "rt",
        "ruby",
        "s",
        "samp",
        "section",
        "small",
        "span",
        "strike",
        "strong",
        "sub",
        "summary",
        "sup",
        "table",
        "tbody",
        "td",
        "tfoot",
        "th",
        "thead",
        "time",
        "tr",
        "tt",
        "u",
        "ul",
        "var",
        "wbr",
    ]
)
_GONE_WITH_CONTENT = frozenset(
    [
        "applet",
        "embed",
        "iframe",
        "math",
        "noembed",
        "noframes",
        "object",
        "script",
        "select",
        "style",
        "svg",
        "template",
        "textarea",
        "title",
        "xml",
    ]
)
_BOX = frozenset(["align", "valign", "bgcolor", "width", "height", "background"])
_ATTRIBUTES = {
    "*": frozenset({"style", "dir", "lang", "title", "align"}),
    "a": frozenset({"href", "name"}),
    "area": frozenset({"href", "alt", "coords", "shape"}),
    "col": frozenset({"span", "width"}),
    "colgroup": frozenset({"span", "width"}),
    "font": frozenset({"color", "face", "size"}),
    "hr": frozenset({"size", "width", "noshade", "color"}),
    "img": frozenset(["alt", "border", "height", "hspace", "src", "usemap", "vspace", "width"]),
    "li": frozenset({"type", "value"}),
    "map": frozenset({"name"}),
    "ol": frozenset({"start", "type"}),
    "table": _BOX | frozenset(["border", "bordercolor", "cellpadding", "cellspacing", "rules", "summary"]),
    "tbody": _BOX,
    "td": _BOX | frozenset({"colspan", "rowspan", "nowrap"}),
    "tfoot": _BOX,
    "th": _BOX | frozenset({"colspan", "rowspan", "nowrap", "scope"}),
    "thead": _BOX,
    "tr": _BOX,
    "ul": frozenset({"type"}),
}
# Nothing that moves a box out of the mail's own place: no position, no z-index.
_PROPERTIES = re.compile(
    r"background(?:-[a-z]+)?|border(?:-[a-z]+)*|box-sizing|clear|color|direction|display|float|font(?:-[a-z]+)?"
    r"|height|letter-spacing|line-height|list-style(?:-[a-z]+)?|(?:max|min)-(?:height|width)|margin(?:-[a-z]+)?"
    r"|opacity|overflow-wrap|padding(?:-[a-z]+)?|table-layout|text-(?:align|decoration|indent|transform)(?:-[a-z]+)?"
    r"|unicode-bidi|vertical-align|visibility|white-space|width|word-(?:break|spacing|wrap)"
)
_DECLARATION = re.compile(
    r"""\s*([a-zA-Z-]+)\s*:\s*((?:[^;"'()]|"[^"]*"|'[^']*'|\((?:[^()"']|"[^"]*"|'[^']*')*\))+)(?=;|\Z)"""
)
_URL = re.compile(r"""url\(\s*["']?\s*(?:cid:|https?://)[^"'()\\]*["']?\s*\)""", re.IGNORECASE)
_UNSAFE = re.compile(
    r"[\\<>{}@]|(?:url|expression|image|image-set|element|attr)\s*\(|javascript:|behaviou?r", re.IGNORECASE
)
_DATA_PICTURE = re.compile(r"\s*data:image/(?:png|jpe?g|gif|webp|bmp)\s*[;,]", re.IGNORECASE)
_BETWEEN_CELLS = re.compile(r"</t[dh]>(?=\s*<t[dh]\b)")
_ESCAPED = re.compile(r"^(\s*\d*)\\(?=[.+-])", re.MULTILINE)
_HEADING = re.compile(r"<(/?)h[1-6]>")
_EMPTY_LINK = re.compile(r"\[\s*\]\([^()\s]*\)")
_LINK_TARGET = re.compile(r"(?<=\]\()(?:[^\s()\\]|\\.)+(?=\))")
_BLANK_LINES = re.compile(r"\n{3,}")


def sanitise(html: str) -> str:
    """Return what of `html` is safe to show: text, tables, inline styles, pictures and links, as a fragment.

    Links go to http, https, mailto and tel; pictures come from http, https, `cid:` and, where they are the picture
    itself, `data:`. "" where it is too large or too deep to be looked through. Never raises.
    """
    if len(html) > _LARGEST or is_too_deep(html):
        return ""
    return _CLEANER.clean(html).strip()


def to_text(html: str) -> str:
    """Return `html` as plain text: links behind their words, rows of tables in lines, pictures by their alternative.

    Lines are not wrapped. What is too large or too deep for that only loses its tags. Never raises.
    """
    if len(html) > _LARGEST or is_too_deep(html):
        return strip_tags(html)
    bare = _BARE.clean(html)
    if len(bare) > _LARGEST_CONVERTED:
        return strip_tags(bare)
    bare = _BETWEEN_CELLS.sub(" | </td>", _HEADING.sub(r"<\1p>", bare))
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


def _attribute(tag: str, name: str, value: str) -> str | None:
    if name == "style":
        return _style(value)
    if value.lstrip()[:5].lower() == "data:" and not (tag == "img" and name == "src" and _DATA_PICTURE.match(value)):
        return None
    return value


@lru_cache(maxsize=1024)
def _style(value: str) -> str | None:
    """Keep the declarations whose property is on the list and whose value loads nothing from elsewhere."""
    kept = [
        f"{match[1].lower()}: {match[2].strip()}"
        for match in _DECLARATION.finditer(value)
        if _PROPERTIES.fullmatch(match[1].lower()) and not _UNSAFE.search(_URL.sub("", match[2]))
    ]
    return "; ".join(kept) or None


def _relative(url: str) -> str | None:
    """Keep a place within the mail; anything else has nothing that it could be relative to."""
    return url if url.startswith("#") else None


_CLEANER = nh3.Cleaner(
    tags=_TAGS,
    clean_content_tags=_GONE_WITH_CONTENT,
    attributes=_ATTRIBUTES,
    attribute_filter=_attribute,
    url_schemes={"http", "https", "mailto", "tel", "cid", "data"},
    url_relative=_relative,
)
_BARE = nh3.Cleaner(
    tags=_TAGS - {"font", "span", "b", "i", "u", "em", "strong", "small", "big", "area", "map"},
    clean_content_tags=_GONE_WITH_CONTENT,
    attributes={"a": {"href"}, "img": {"alt", "src"}, "ol": {"start"}},
    url_schemes={"http", "https", "mailto", "tel", "cid"},
    url_relative="deny",
    link_rel=None,
)
