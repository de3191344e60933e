"""What HTML of strangers may keep: elements, attributes, and properties of inline styles, chosen for mail."""

import re
from functools import lru_cache


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split())


TAGS = _names(
    """a abbr acronym address area article aside b bdi bdo big blockquote br caption center cite code col colgroup dd
    del details dfn dir div dl dt em figcaption figure font footer h1 h2 h3 h4 h5 h6 header hr i img ins kbd li main
    map mark menu nav ol p pre q rp rt ruby s samp section small span strike strong sub summary sup table tbody td
    tfoot th thead time tr tt u ul var wbr"""
)
# Elements whose content is not text for a reader either.
GONE_WITH_CONTENT = _names(
    "applet embed iframe math noembed noframes object script select style svg template textarea title xml"
)
_BOX = _names("align valign bgcolor width height background")
ATTRIBUTES = {
    "*": _names("style dir lang title align"),
    "a": _names("href name"),
    "area": _names("href alt coords shape"),
    "col": _names("span width"),
    "colgroup": _names("span width"),
    "font": _names("color face size"),
    "hr": _names("size width noshade color"),
    "img": _names("alt border height hspace src usemap vspace width"),
    "li": _names("type value"),
    "map": _names("name"),
    "ol": _names("start type"),
    "table": _BOX | _names("border bordercolor cellpadding cellspacing rules summary"),
    "tbody": _BOX,
    "td": _BOX | _names("colspan rowspan nowrap"),
    "tfoot": _BOX,
    "th": _BOX | _names("colspan rowspan nowrap scope"),
    "thead": _BOX,
    "tr": _BOX,
    "ul": _names("type"),
}
_LONGEST_STYLE = 4_000
SCHEMES = _names("http https mailto tel cid data")
# Nothing that moves a box out of the mail's own place: no position, no z-index.
_PROPERTIES = re.compile(
    r"background(?:-[a-z]+)?|border(?:-[a-z]+)*|box-sizing|clear|color|direction|display|float|font(?:-[a-z]+)?"
    r"|height|letter-spacing|line-height|list-style(?:-[a-z]+)?|(?:max|min)-(?:height|width)|margin(?:-[a-z]+)?"
    r"|opacity|overflow-wrap|padding(?:-[a-z]+)?|table-layout|text-(?:align|decoration|indent|transform)(?:-[a-z]+)?"
    r"|unicode-bidi|vertical-align|visibility|white-space|width|word-(?:break|spacing|wrap)"
)
# One that ends in neither is none; it is read all the same, so that nothing is read twice.
_DECLARATION = re.compile(
    r"""(?<![a-zA-Z-])([a-zA-Z-]++)\s*+:\s*+((?:[^;"'()]|"[^"]*"|'[^']*'|\((?:[^()"']|"[^"]*"|'[^']*')*+\))++)(;|\Z)?"""
)
# Text and boxes are not moved over others, nor out of sight.
_MOVED = re.compile(r"margin.*|text-indent|(?:letter|word)-spacing")
_NEGATIVE = re.compile(r"(?<![\w.#-])-\s*[\d.]|calc\s*\(", re.IGNORECASE)
_URL = re.compile(r"""url\(\s*["']?\s*(?:cid:|https?://)[^"'()\\]*["']?\s*\)""", re.IGNORECASE)
_UNSAFE = re.compile(
    r"[\\<>{}@]|(?:url|expression|image|image-set|element|attr)\s*\(|javascript:|behaviou?r", re.IGNORECASE
)
_REMOTE_URL = re.compile(r"url\(\s*[\"']?\s*https?:", re.IGNORECASE)
_BACKGROUND = re.compile(r"\s*(?:cid:|https?://)", re.IGNORECASE)
_PICTURE = re.compile(r"\s*data:image/(?:png|jpe?g|gif|webp|bmp)\s*[;,]", re.IGNORECASE)


def attribute(tag: str, name: str, value: str) -> str | None:
    """Return the value that an allowed attribute may keep, None for none. `data:` is for pictures alone."""
    if name == "style":
        return style(value)
    if name == "background" and not _BACKGROUND.match(value):
        return None
    if value.lstrip()[:5].lower() == "data:" and not (tag == "img" and name == "src" and _PICTURE.match(value)):
        return None
    return value


def attribute_without_remote(tag: str, name: str, value: str) -> str | None:
    """Return what `attribute` does, without backgrounds that are fetched; `<img>` stays for its alternative text."""
    kept = attribute(tag, name, value)
    if kept is None or (name == "background" and not kept.lstrip().lower().startswith("cid:")):
        return None
    if name == "style":
        return "; ".join(said for said in kept.split("; ") if not _REMOTE_URL.search(said)) or None
    return kept


@lru_cache(maxsize=1024)
def style(value: str) -> str | None:
    """Keep the declarations whose property is allowed and whose value loads nothing but pictures by cid or http."""
    if len(value) > _LONGEST_STYLE:
        return None
    kept = [
        f"{match[1].lower()}: {match[2].strip()}"
        for match in _DECLARATION.finditer(value)
        if match[3] is not None and _PROPERTIES.fullmatch(match[1].lower()) and _is_safe(match[1].lower(), match[2])
    ]
    return "; ".join(kept) or None


def _is_safe(name: str, value: str) -> bool:
    if _MOVED.fullmatch(name) and _NEGATIVE.search(value):
        return False
    return not _UNSAFE.search(_URL.sub("", value))


def relative(url: str) -> str | None:
    """Return a link to a place within the mail; anything else has nothing that it could be relative to."""
    return url if url.startswith("#") else None
