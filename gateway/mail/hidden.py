"""What a page holds and does not show: previews for lists of mails, and second versions for other screens.

What comes in is what `nh3` wrote, with no style but those of `telling`.
"""

import re

_NOT_SHOWN = re.compile(r"(?<![\w-])display\s*:\s*none\b", re.IGNORECASE)
# Word and web mailers write a line as a paragraph without space around it.
_TIGHT = re.compile(r"(?<![\w-])margin(?:-top)?\s*:\s*0", re.IGNORECASE)
_HIDDEN = re.compile(r'<([a-z0-9]+)(?: [a-z]+="[^"]*+")*? style="display: none"[^>]*+>')
_EMPTY = frozenset({"area", "br", "col", "hr", "img", "wbr"})
_MARK = ' style="display: none"'
TIGHT = "margin: 0"
"""The style of a paragraph that is a line."""


def telling(tag: str, name: str, value: str) -> str | None:
    """Return of an attribute what matters to plain text, None for nothing: of a style two things, else all of it."""
    if name != "style":
        return value
    if _NOT_SHOWN.search(value):
        return "display: none"
    return TIGHT if tag == "p" and _TIGHT.search(value) else None


def without_hidden(html: str) -> str:
    """Return `html` without the elements that are not shown; all of it where nothing else would be left to read."""
    if _MARK not in html:
        return html
    pieces, at = [], 0
    while found := _HIDDEN.search(html, at):
        pieces.append(html[at : found.start()])
        at = _end(html, found)
    shown = "".join([*pieces, html[at:]])
    return shown if re.search(r">[^<]*[^<\s]", f">{shown}") else html.replace(_MARK, "")


def _end(html: str, opening: re.Match[str]) -> int:
    """Return where an element ends; each element of its name within it is passed."""
    if opening[1] in _EMPTY:
        return opening.end()
    depth = 1
    for tag in re.compile(rf"<(/?){opening[1]}(?: [^>]*+)?>").finditer(html, opening.end()):
        depth += -1 if tag[1] else 1
        if not depth:
            return tag.end()
    return len(html)
