"""Body parts on their way out: text, files and multiparts as bytes (RFC 2045, RFC 2046).

A part is a list of chunks that are joined once, at the very end, so that a file of many megabytes is not copied at
each level. A boundary begins with `=_`, which neither base64 nor quoted-printable can contain (RFC 2045 6.7), and text
that is sent as it is may not: so no content can end its part.
"""

import re
from binascii import b2a_qp
from collections.abc import Iterable
from hashlib import sha256

import pybase64

from gateway.mail.contenttype import detect, is_any
from gateway.mail.field import ascii_fallback, clean, fold, parameters
from gateway.model import Attachment

_LINE_END = re.compile(r"\r\n|\r|\n")
_AS_IT_IS = re.compile(r"(?:[\t -~]{0,76}\r\n)*[\t -~]{0,76}")
_TRAILING_SPACE = re.compile(r"[\t ](?:\r\n|\Z)")
_MEDIA_TYPE = re.compile(r"[a-z0-9][a-z0-9!#$&^_.+-]{0,63}/[a-z0-9][a-z0-9!#$&^_.+-]{0,63}")
_COMPOSITE = ("multipart/", "message/")


def text(subtype: str, content: str) -> list[bytes]:
    """Write a text part, its line ends made CRLF: as it is where that is safe, else in the shorter encoding."""
    encoding, body = _encoded(_LINE_END.sub("\r\n", content))
    return [
        fold("Content-Type", [f"text/{subtype};", 'charset="utf-8"']),
        fold("Content-Transfer-Encoding", [encoding]),
        b"\r\n",
        body,
    ]


def file(attachment: Attachment, *, content_id: str = "") -> list[bytes]:
    """Write a file in base64; a picture shown in the text if it is given a `content_id` (without angle brackets).

    One whose type says nothing is looked at. A composite type may not be base64 (RFC 2046 5.2.1): sent as
    application/octet-stream it arrives byte for byte, and a mail's name ends in `.eml`, by which mail programs open it.
    """
    name = clean(attachment.name, 200) or "attachment"
    media_type = attachment.content_type.lower()
    if is_any(media_type):
        media_type = detect(attachment.content, name) or media_type
    if media_type == "message/rfc822" and not name.lower().endswith(".eml"):
        name += ".eml"
    if not _MEDIA_TYPE.fullmatch(media_type) or media_type.startswith(_COMPOSITE):
        media_type = "application/octet-stream"
    return [
        fold("Content-Type", parameters(media_type, name=ascii_fallback(name))),
        fold("Content-Transfer-Encoding", ["base64"]),
        fold("Content-Disposition", parameters("inline" if content_id else "attachment", filename=name)),
        *([fold("Content-ID", [f"<{content_id}>"])] if content_id else []),
        b"\r\n",
        _base64(attachment.content),
    ]


def multipart(subtype: str, key: str, parts: Iterable[list[bytes]], **given: str) -> list[bytes]:
    """Put parts in a multipart. `key` is unique to the mail: the boundary comes from it, the same for the same key."""
    boundary = f"=_{subtype}_{sha256(key.encode()).hexdigest()[:24]}"
    chunks = [fold("Content-Type", parameters(f"multipart/{subtype}", **given, boundary=boundary)), b"\r\n"]
    for part in parts:
        chunks += [f"--{boundary}\r\n".encode(), *part, b"\r\n"]
    return [*chunks, f"--{boundary}--\r\n".encode()]


def _encoded(content: str) -> tuple[str, bytes]:
    if _AS_IT_IS.fullmatch(content) and not _TRAILING_SPACE.search(content) and "--=_" not in content:
        return "7bit", content.encode()
    raw = content.encode("utf-8", "replace")
    # Its soft line ends are like the first line end that it finds, so it is shown one.
    quoted, base64 = b2a_qp(raw + b"\r\n", istext=True)[:-2], _base64(raw)
    return ("quoted-printable", quoted) if len(quoted) <= len(base64) else ("base64", base64)


def _base64(content: bytes) -> bytes:
    return pybase64.encodebytes(content).replace(b"\n", b"\r\n").removesuffix(b"\r\n")
