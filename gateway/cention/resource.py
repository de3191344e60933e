"""Attachments and archives that an answer names: where each is fetched, and what the fetched document says."""

import re
from urllib.parse import SplitResult, urlsplit

import pybase64

from gateway.cention import jsontext
from gateway.cention.node import Malformed, Node
from gateway.errors import Permanent, Reason, Temporary, TooLarge
from gateway.model import Attachment, Resource

ATTACHMENTS = "c3_response_attachments"
ARCHIVES = "c3_area_archives"
# The second of each is what older servers write [sdk].
ATTACHMENT_TYPES = (ATTACHMENTS, "c3_responseattachment")
ARCHIVE_TYPES = (ARCHIVES, "c3_areaarchive")
RESOURCE_TYPES = (*ATTACHMENT_TYPES, *ARCHIVE_TYPES)

_ID = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]{0,99}", re.ASCII)
# No percent sign, backslash or white space: such a link is not needed, and two programs may read it as two addresses.
_PLAIN = re.compile(r"[A-Za-z0-9/:._~!$&'()*+,;=@?\[\]-]{1,2000}", re.ASCII)
_MEDIA_TYPE = re.compile(r"[a-z0-9!#$&^_.+-]+/[a-z0-9!#$&^_.+-]+", re.ASCII)
_UNTYPED = "application/octet-stream"
_IMAGES = {
    "image/png": re.compile(rb"\x89PNG\r\n\x1a\n"),
    "image/jpeg": re.compile(rb"\xff\xd8\xff"),
    "image/gif": re.compile(rb"GIF8[79]a"),
    "image/webp": re.compile(rb"RIFF....WEBP", re.DOTALL),
}
_PORTS = {"http": 80, "https": 443}


def address(base: str, resource: Resource) -> str:
    """Return the URL to fetch a resource at, always under the configured base `https://<api domain>/s/<workspace>`.

    Its link is used as it is where it lies under the base. Any other one is asked for at `<base>/capi/json/<type>/<id>`
    (contract.md, Callback): all that such a link may tell us is the type and id, and those the resource has itself.
    Permanent where type or id cannot be asked for.
    """
    if resource.type not in RESOURCE_TYPES:
        raise Permanent(
            f"the answer names a resource of the unknown type {resource.type[:100]!r}", reason=Reason.ANSWER_UNREADABLE
        )
    if not _ID.fullmatch(resource.id):
        raise Permanent(
            f"the answer names a resource of type {resource.type} by the unusable id {resource.id[:100]!r}",
            reason=Reason.ANSWER_UNREADABLE,
        )
    base = base.rstrip("/")
    return _under(base, resource.link or "") or f"{base}/capi/json/{resource.type}/{resource.id}"


def _under(base: str, link: str) -> str | None:
    """Return the link where it lies under the base, with the base's own origin, so that no other host can be named."""
    if not _PLAIN.fullmatch(link):
        return None
    root = urlsplit(base)
    own = f"{root.scheme}://{root.netloc}"
    try:
        target = urlsplit(f"{own}{link}" if re.match(r"/(?!/)", link) else link)
        same = "@" not in target.netloc and _origin(target) == _origin(root)
    except ValueError:
        return None
    segments = target.path.split("/")
    if not same or not target.path.startswith(f"{root.path}/") or "." in segments or ".." in segments:
        return None
    query = f"?{target.query}" if target.query else ""
    return f"{own}{target.path}{query}"


def _origin(url: SplitResult) -> tuple[str, str | None, int | None]:
    return url.scheme, url.hostname, url.port or _PORTS.get(url.scheme)


def attachment(body: bytes, limit: int) -> Attachment:
    """Read a fetched document (contract.md, Fetch) of at most `limit` bytes of content.

    Temporary where it is not JSON, has no attachment in it or its base64 is broken: a server that is ill answers so.
    """
    try:
        node = Node(jsontext.load(body)).get("data").get("attributes").get("attachment")
        encoded = node.get("content")
        if not isinstance(encoded.value, str):
            raise encoded.wrong("base64 text")
        content = _decode(encoded.value)
        found = Attachment(
            _file_name(node), _media_type(node, content), content, node.get("content_id").line().strip("<> ")
        )
    except Malformed as error:
        raise Temporary(f"Cention's answer to the fetch of an attachment cannot be read: {error}") from error
    if len(content) > limit:
        raise TooLarge(
            f"the attachment {found.name!r} has {len(content)} bytes, more than the {limit} that are fetched"
        )
    return found


def _decode(text: str) -> bytes:
    lines = "".join(text.split()) if "\n" in text else text
    try:
        return pybase64.b64decode(lines, validate=True)
    except ValueError as error:
        raise Malformed("/data/attributes/attachment/content", f"expected base64: {error}") from error


def _file_name(node: Node) -> str:
    name = re.sub(r"[/\\\u202a-\u202e\u2066-\u2069]+", "_", node.get("name").line()).strip(". ")
    return name or "attachment"


def _media_type(node: Node, content: bytes) -> str:
    """Return the type as it is said; where that is none, an image's, by how it begins, that a reader may show it."""
    kind = node.get("content_type").line().partition(";")[0].strip().lower()
    if _MEDIA_TYPE.fullmatch(kind) and kind != _UNTYPED:
        return kind
    return next((image for image, begin in _IMAGES.items() if begin.match(content)), _UNTYPED)
