"""Pictures that are fetched from elsewhere, of a page that is safe already: which only tell that the mail was read.

What is taken here was written by `nh3`: lower case, values in double quotes, `<` and `>` in them escaped.
"""

import re

_PICTURE = re.compile(r'<img((?: [a-z]+="[^"]*+")*+)>')
_ATTRIBUTE = re.compile(r' ([a-z]+)="([^"]*+)"')
_REMOTE = ("http://", "https://")
_DOT = re.compile(r"\s*+0*+[01]?(?:px)?\s*+", re.IGNORECASE)
_HIDDEN = re.compile(r"(?:display: ?none|visibility: ?hidden)")
_DOT_STYLE = re.compile(r"(?<![\w-])(?:max-)?(width|height): ?0*[01]?(?:px|pt)?(?: ?!important)?(?=;|$)")


def without_tracking_pixels(html: str) -> str:
    """Return `html` without remote pictures that cannot be seen: of one point, of none, or hidden."""
    return _PICTURE.sub(lambda match: "" if _is_unseen(_attributes(match[1])) else match[0], html)


def without_remote(html: str) -> str:
    """Return `html` with the alternative text in place of each remote picture."""
    return _PICTURE.sub(lambda match: _alternative(match[0], _attributes(match[1])), html)


def _alternative(tag: str, attributes: dict[str, str]) -> str:
    return attributes.get("alt", "") if _is_remote(attributes) else tag


def _is_unseen(attributes: dict[str, str]) -> bool:
    if not _is_remote(attributes):
        return False
    look = attributes.get("style", "").lower()
    if _HIDDEN.search(look):
        return True
    small = {name for name in ("width", "height") if name in attributes and _DOT.fullmatch(attributes[name])}
    return small | {match[1] for match in _DOT_STYLE.finditer(look)} >= {"width", "height"}


def _is_remote(attributes: dict[str, str]) -> bool:
    return attributes.get("src", "").lower().startswith(_REMOTE)


def _attributes(text: str) -> dict[str, str]:
    return {match[1]: match[2] for match in _ATTRIBUTE.finditer(text)}
