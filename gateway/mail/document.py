"""An HTML body as a document of its own: what Cention gives is a fragment, or a page with its own character set."""

import re

from gateway.mail.page import in_its_colours

_WHOLE = re.compile(r"<(?:!doctype|html|head|body)\b", re.IGNORECASE)
_HEAD = re.compile(r"<head\b[^<>]*>", re.IGNORECASE)
_DECLARED_CHARSET = re.compile(r"""(<meta\b[^<>]*?\bcharset\s*=\s*["']?)[\w.:-]+""", re.IGNORECASE)
_BODY = re.compile(r"<body\b[^<>]*>(.*?)(?:</body\s*>|</html\s*>|\Z)", re.IGNORECASE | re.DOTALL)
# One that nobody closed goes to the end, as browsers have it; else each would be looked for to the end.
_SHEET = re.compile(r"(<style\b[^<>]*>.*?)(?:</style\s*>|\Z)", re.IGNORECASE | re.DOTALL)
_CHARSET = '<meta http-equiv="Content-Type" content="text/html; charset=utf-8">'
# A telephone shows a page without this as wide as a desk's screen, and small; a picture is no wider than the screen.
_SCREEN = (
    '<meta name="viewport" content="width=device-width, initial-scale=1">\r\n'
    "<style>@media (max-width:600px){img{max-width:100%;height:auto}}</style>"
)


def is_whole(html: str) -> bool:
    """Whether it is a page already."""
    return bool(_WHOLE.search(html))


def whole(html: str, language: str = "") -> str:
    """Complete a fragment to a page; of a page only the character set is put right, to UTF-8."""
    if not is_whole(html):
        lang = f' lang="{language}"' if language else ""
        head = f"<head>\r\n{_CHARSET}\r\n{_SCREEN}\r\n</head>"
        return f"<!DOCTYPE html>\r\n<html{lang}>{head}<body>\r\n{html}\r\n</body></html>\r\n"
    if _DECLARED_CHARSET.search(html):
        return _DECLARED_CHARSET.sub(r"\1utf-8", html)
    return _HEAD.sub(lambda head: head[0] + _CHARSET, html, count=1)


def fragment(html: str) -> str:
    """Return what a page shows, to be put into another: its style sheets, and its body in a box with its colours."""
    if not (body := _BODY.search(html)):
        return html
    sheets = "".join(f"{sheet}</style>" for sheet in _SHEET.findall(html, 0, body.start()))
    return sheets + in_its_colours(body[1], html)
