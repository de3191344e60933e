"""What a page says around its text, brought over to a fragment: its base, its colours, and how Word spaces paragraphs.

A fragment is shown within somebody else's page, so it can have neither `<base>`, nor `<body>`, nor a style sheet.
"""

import re
from html import escape, unescape
from urllib.parse import urljoin

from gateway.mail.allowlist import style

_HEAD = 64 * 1024
_ATTRIBUTE = re.compile(r"""(?<![a-zA-Z-])([a-zA-Z-]++)\s*+=\s*+(?:"([^"]*+)"|'([^']*+)'|([^\s"'<>]++))""")
_BASE = re.compile(r"<base\b([^<>]*+)>", re.IGNORECASE)
_BODY = re.compile(r"<body\b([^<>]*+)>", re.IGNORECASE)
_COLOURS = {"bgcolor": "background-color", "text": "color"}
_COLOUR = re.compile(r"#?[a-zA-Z0-9]{1,30}")
_DIRECTIONS = frozenset({"ltr", "rtl", "auto"})
# Word writes each line as a paragraph, and takes the space between them away in its style sheet.
_WORD_PARAGRAPH = re.compile(
    r"""<p(\s++)class=(?:"Mso(?:Normal|PlainText|NoSpacing)"|Mso(?:Normal|PlainText|NoSpacing)\b)"""
    r"""(?:(\s++)style=(["']))?""",
    re.IGNORECASE,
)


def base(html: str) -> str:
    """Return where relative links of a page lead from: what its `<base>` says if that is http or https, else ""."""
    found = _BASE.search(html, 0, _HEAD) if "<base" in html or "<BASE" in html else None
    address = _attributes(found[1]).get("href", "").strip() if found else ""
    return address if address.lower().startswith(("http://", "https://")) else ""


def absolute(address: str, start: str) -> str | None:
    """Return a relative link as it leads from `start`; None for one that leads nowhere."""
    if address.startswith("#"):
        return address
    try:
        joined = urljoin(start, address)
    except ValueError:
        return None
    return joined if joined.lower().startswith(("http://", "https://")) else None


def tight_paragraphs(html: str) -> str:
    """Return a page whose paragraphs of Word's classes say themselves that there is no space between them."""
    return _WORD_PARAGRAPH.sub(_tight, html) if "Mso" in html else html


def _tight(match: re.Match[str]) -> str:
    quote = match[3] or '"'
    return f"<p{match[1]}style={quote}margin: 0" + (";" if match[3] else quote)


def in_its_colours(fragment: str, html: str) -> str:
    """Return the fragment of a page within a box that has the colours and the direction of its `<body>`, if any."""
    found = _BODY.search(html) if "<body" in html or "<BODY" in html else None
    given = _attributes(found[1]) if found and fragment else {}
    colours = [f"{name}: {given[key]}" for key, name in _COLOURS.items() if _COLOUR.fullmatch(given.get(key, ""))]
    look = style("; ".join([*colours, *filter(None, [given.get("style")])])) or ""
    direction = given.get("dir", "").lower()
    said = [f' style="{escape(look)}"'] * bool(look) + [f' dir="{direction}"'] * (direction in _DIRECTIONS)
    return f"<div{''.join(said)}>{fragment}</div>" if said else fragment


def _attributes(text: str) -> dict[str, str]:
    return {match[1].lower(): unescape(match[2] or match[3] or match[4] or "") for match in _ATTRIBUTE.finditer(text)}
