"""A message's HTML, as it goes into a frame where nothing of it runs."""

import re
from collections.abc import Iterable
from urllib.parse import unquote

LEAST_HEIGHT, MOST_HEIGHT, MARGIN = 60, 640, 34
LINE_HEIGHT, PICTURE_HEIGHT, LINE_LENGTH = 21, 120, 110
MOST_MEASURED = 50_000
QUOTE, GAP = "--------- Cention Contact Center", "<br /><br /><div>\u00a0</div>"
# How it looks unless the message says otherwise. A link would open a window, which a sandbox does not.
HEAD = (
    '<!doctype html><meta charset="utf-8"><base target="_blank">'
    "<style>body{margin:8px;font:14px/1.5 system-ui,sans-serif;overflow-wrap:anywhere}img{max-width:100%}</style>"
)
CID = re.compile(r"cid:([^\"'\s<>)]{1,998})", re.IGNORECASE)


def document(html: str, files: Iterable[tuple[str, str]]) -> str:
    """The HTML with each `cid:` that names a file, by (content id, address), leading to that address."""
    addresses = dict(files)

    def real(found: re.Match[str]) -> str:
        return addresses.get(unquote(found[1])) or addresses.get(found[1]) or found[0]

    return f"{HEAD}{CID.sub(real, html)}"


def height(html: str) -> int:
    """A guess at how high a frame has to be for this HTML, in pixels; what Cention quotes below it may be scrolled to.

    The frame's own script would know, but none may run there.
    """
    measured = html[:MOST_MEASURED].partition(QUOTE)[0].partition(GAP)[0]
    measured = re.sub(r"(?i)<style\b[^<]*</style>", "", measured)
    breaks = len(re.findall(r"(?i)<(?:br|/?p|/?div|/?tr|/?li|/?ul|/?ol|/?h[1-6]|/?blockquote)\b", measured))
    text = re.sub(r"<[^<>]*>", "", measured).split()
    lines = sum(len(word) + 1 for word in text) // LINE_LENGTH + breaks
    pictures = len(re.findall(r"(?i)<img\b", measured))
    return min(max(lines * LINE_HEIGHT + pictures * PICTURE_HEIGHT + MARGIN, LEAST_HEIGHT), MOST_HEIGHT)
