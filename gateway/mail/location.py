"""Pictures that a page calls by their place in the mail (Content-Location, RFC 2557), called by Content-ID instead."""

import re
from collections.abc import Mapping
from html import unescape
from urllib.parse import quote, urljoin

_CALL = re.compile(
    r"""(?P<before>\b(?:src|background|href)\s*=\s*)(?:"(?P<double>[^"<>]*)"|'(?P<single>[^'<>]*)'|(?P<bare>[^\s"'<>]+))""",
    re.IGNORECASE,
)


def rewritten(html: str, content_ids: Mapping[str, str], base: str) -> str:
    """Return `html` saying `cid:` to what it calls by its place.

    `content_ids` has the Content-ID of each place; `base` is the place of the page itself, "" if it has none.
    """
    places = {_whole(base, place): content_id for place, content_id in content_ids.items()} | dict(content_ids)

    def called(match: re.Match[str]) -> str:
        place = unescape(match[match.lastgroup or 0]).strip()
        content_id = places.get(place) or places.get(_whole(base, place))
        return f'{match["before"]}"cid:{quote(content_id, safe="@")}"' if content_id else match[0]

    return _CALL.sub(called, html)


def _whole(base: str, place: str) -> str:
    try:
        return urljoin(base, place)
    except ValueError:
        return place
