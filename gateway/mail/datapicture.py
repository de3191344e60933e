"""Pictures that an HTML body carries in itself, `data:image/...;base64,` (RFC 2397), taken out to be parts of the mail.

Outlook and Gmail, among others, show nothing for such an address.
"""

import re
from hashlib import sha256
from urllib.parse import unquote

import pybase64

from gateway.mail.filename import extension
from gateway.model import Attachment

_MOST = 200
_DATA = re.compile(
    r"""(?<=[\s"'(=;])data:(?P<type>image/(?:png|jpeg|jpg|gif|webp|bmp));base64,(?P<content>[A-Za-z0-9+/=%\s]++)""",
    re.IGNORECASE,
)
_TAG = re.compile(r"""<[a-z](?:[^<>=]++|=\s*+(?:"[^"]*+"|'[^']*+')?+)*+>""", re.IGNORECASE)


def taken_out(html: str) -> tuple[str, tuple[Attachment, ...]]:
    """Return the HTML with `cid:` in place of each picture, and the pictures, each once, with their `content_id`.

    One whose base64 is broken stays where it is. At most 200 are taken out.
    """
    found: dict[str, Attachment] = {}

    def put(match: re.Match[str]) -> str:
        picture = _picture(match["type"].lower(), match["content"])
        if picture is None or (picture.content_id not in found and len(found) >= _MOST):
            return match[0]
        found.setdefault(picture.content_id, picture)
        return f"cid:{picture.content_id}"

    if "base64," not in html:
        return html, ()
    changed = _TAG.sub(lambda tag: _DATA.sub(put, tag[0]) if "base64," in tag[0] else tag[0], html)
    return changed, tuple(found.values())


def _picture(media_type: str, encoded: str) -> Attachment | None:
    try:
        content = pybase64.b64decode("".join(unquote(encoded).split()), validate=True)
    except ValueError:
        return None
    media_type = media_type.replace("/jpg", "/jpeg")
    name = f"data-{sha256(content).hexdigest()[:16]}"
    return Attachment(f"picture{extension(media_type)}", media_type, content, name) if content else None
